/** The policy's lines as a table: each cell takes effect on the draft as soon as it says something that is one. */

import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import {
  formatPolicy,
  isService,
  parsePolicy,
  PLACES,
  SERVICES,
  VERDICTS,
  type Policy,
  type PolicyEntry,
  type Verdict,
} from '../../protocol/policy.ts'
import { Button, IconButton } from '../parts/Button.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import styles from './policy.module.css'

type Props = { readonly policy: Policy; readonly onChange: (text: string) => void }

type Rule = Extract<PolicyEntry, { kind: 'rule' }>
type Zone = Extract<PolicyEntry, { kind: 'zone' }>

const NEW_RULE: Rule = {
  kind: 'rule',
  source: 'primary',
  destination: 'portal',
  service: 'http',
  verdict: 'deny',
  comment: '',
}

const isName = (text: string): boolean => /^(?:\*|[a-z][a-z0-9-]{0,31})$/.test(text)
const isMembers = (text: string): boolean => parsePolicy(`zone x = ${text}`).ok

export function PolicyTable({ policy, onChange }: Props) {
  const { entries } = policy
  const put = (next: readonly PolicyEntry[]) => onChange(formatPolicy({ entries: next }))
  const replace = (index: number, entry: PolicyEntry) => put(entries.with(index, entry))
  const remove = (index: number) => put(entries.toSpliced(index, 1))
  /** Past comments and zones, which decide nothing: to the next rule in that direction. */
  const move = (index: number, by: 1 | -1) => {
    let to = index + by
    while (entries[to] !== undefined && entries[to]?.kind !== 'rule') to += by
    const entry = entries[index]
    if (entry !== undefined && entries[to] !== undefined)
      put(entries.toSpliced(index, 1).toSpliced(to, 0, entry))
  }
  const rules = entries.flatMap((entry, index) => (entry.kind === 'rule' ? [{ entry, index }] : []))
  const zones = entries.flatMap((entry, index) => (entry.kind === 'zone' ? [{ entry, index }] : []))

  return (
    <>
      <Suggestions policy={policy} />
      {zones.map(({ entry, index }) => (
        <ZoneLine key={index} zone={entry} onChange={(zone) => replace(index, zone)} />
      ))}
      <table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Source</th>
            <th scope="col">Destination</th>
            <th scope="col">Service</th>
            <th scope="col">Verdict</th>
            <th scope="col">
              <span className="visually-hidden">Order</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map(({ entry, index }, place) => (
            <RuleRow
              key={index}
              rule={entry}
              line={index + 1}
              onChange={(rule) => replace(index, rule)}
              onRemove={() => remove(index)}
              {...(place > 0 ? { onUp: () => move(index, -1) } : {})}
              {...(place < rules.length - 1 ? { onDown: () => move(index, 1) } : {})}
            />
          ))}
        </tbody>
      </table>
      <Button
        onClick={() => {
          // Before the line that denies everything, or it would never be read.
          const last = rules.at(-1)
          const isEnd =
            last?.entry.source === '*' && last.entry.destination === '*' && last.entry.service === '*'
          put(entries.toSpliced(isEnd ? last.index : entries.length, 0, NEW_RULE))
        }}
      >
        <Plus size={15} aria-hidden="true" /> Add a line
      </Button>
    </>
  )
}

function Suggestions({ policy }: { readonly policy: Policy }) {
  const domains = useMachine((state) => state.domains)
  const zones = policy.entries.flatMap((entry) => (entry.kind === 'zone' ? [entry.name] : []))
  const names = new Set([
    '*',
    ...zones,
    ...domains.flatMap(({ id, appliance }) => [appliance, id]),
    ...PLACES,
  ])
  return (
    <>
      <datalist id="policy-names">
        {[...names].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </datalist>
      <datalist id="policy-services">
        {['*', ...SERVICES, 'tcp/6667', 'tcp/22'].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </datalist>
    </>
  )
}

function ZoneLine({ zone, onChange }: { readonly zone: Zone; readonly onChange: (zone: Zone) => void }) {
  return (
    <div className={styles['zone']}>
      <span>
        Zone <strong>{zone.name}</strong>
      </span>
      <Cell
        label={`Members of zone ${zone.name}`}
        value={zone.members.join(', ')}
        isSound={isMembers}
        onChange={(text) => onChange({ ...zone, members: text.split(',').map((member) => member.trim()) })}
      />
    </div>
  )
}

type RuleRowProps = {
  readonly rule: Rule
  readonly line: number
  readonly onChange: (rule: Rule) => void
  readonly onRemove: () => void
  readonly onUp?: () => void
  readonly onDown?: () => void
}

function RuleRow({ rule, line, onChange, onRemove, onUp, onDown }: RuleRowProps) {
  return (
    <tr data-verdict={rule.verdict}>
      <th scope="row">{line}</th>
      <td>
        <Cell
          label={`Source, line ${line}`}
          value={rule.source}
          list="policy-names"
          isSound={isName}
          onChange={(source) => onChange({ ...rule, source })}
        />
      </td>
      <td>
        <Cell
          label={`Destination, line ${line}`}
          value={rule.destination}
          list="policy-names"
          isSound={isName}
          onChange={(destination) => onChange({ ...rule, destination })}
        />
      </td>
      <td>
        <Cell
          label={`Service, line ${line}`}
          value={rule.service}
          list="policy-services"
          isSound={isService}
          onChange={(service) => onChange({ ...rule, service })}
        />
      </td>
      <td>
        <select
          aria-label={`Verdict, line ${line}`}
          value={rule.verdict}
          onChange={(event) => onChange({ ...rule, verdict: verdictOf(event.target.value) })}
        >
          {VERDICTS.map((verdict) => (
            <option key={verdict}>{verdict}</option>
          ))}
        </select>
        {rule.comment !== '' && <small>{rule.comment}</small>}
      </td>
      <td className={styles['order']}>
        <IconButton label={`Move line ${line} up`} disabled={onUp === undefined} onClick={onUp}>
          <ArrowUp size={14} />
        </IconButton>
        <IconButton label={`Move line ${line} down`} disabled={onDown === undefined} onClick={onDown}>
          <ArrowDown size={14} />
        </IconButton>
        <IconButton label={`Delete line ${line}`} onClick={onRemove}>
          <Trash2 size={14} />
        </IconButton>
      </td>
    </tr>
  )
}

function verdictOf(text: string): Verdict {
  return VERDICTS.find((verdict) => verdict === text) ?? 'deny'
}

type CellProps = {
  readonly label: string
  readonly value: string
  readonly list?: string
  readonly isSound: (text: string) => boolean
  readonly onChange: (text: string) => void
}

/** Keeps what is typed until it is something; leaving it before that puts the old word back. */
function Cell({ label, value, list, isSound, onChange }: CellProps) {
  const [typed, setTyped] = useState<string>()
  return (
    <input
      aria-label={label}
      aria-invalid={typed !== undefined && !isSound(typed)}
      list={list}
      spellCheck={false}
      autoCapitalize="off"
      value={typed ?? value}
      onBlur={() => setTyped(undefined)}
      onChange={(event) => {
        const text = event.target.value
        setTyped(text)
        if (isSound(text)) onChange(text)
      }}
    />
  )
}
