/** The policy, as a table and as the text that it is, and the log of what it decided. */

import { useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { DEFAULT_POLICY, parsePolicy, unknownNames, type PolicyProblem } from '../../protocol/policy.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { DecisionLog } from './DecisionLog.tsx'
import { PolicyTable } from './PolicyTable.tsx'
import styles from './policy.module.css'

type Tab = 'table' | 'text' | 'log'

export function PolicyDialog() {
  const seat = useSeat()
  const shell = useShell()
  const inForce = useStore(seat.policy.store, ({ text }) => text)
  const denied = useStore(seat.policy.store, (state) => state.denied)
  const [tab, setTab] = useState<Tab>('table')
  const [draft, setDraft] = useState(inForce)
  const parsed = useMemo(() => parsePolicy(draft), [draft])
  const problems = parsed.ok ? [] : parsed.error
  const changed = draft !== inForce

  const apply = () => shell.attempt(seat.policy.setText(draft))

  return (
    <Dialog
      title="Policy"
      size="full"
      onClose={() => shell.close()}
      actions={
        <>
          <output className={styles['standing']}>{standingWords(problems.length, changed)}</output>
          <Button kind="plain" disabled={draft === DEFAULT_POLICY} onClick={() => setDraft(DEFAULT_POLICY)}>
            Default policy
          </Button>
          <Button disabled={!changed} onClick={() => setDraft(inForce)}>
            Discard changes
          </Button>
          <Button kind="primary" disabled={!changed || problems.length > 0} onClick={apply}>
            Apply
          </Button>
        </>
      }
    >
      <p className={styles['lead']}>
        The first line that fits decides; what no line allows is denied. A name stands for a domain, for every
        domain of an appliance, or for a zone; <code>*</code> is everything but the trunk.
      </p>
      <fieldset className={styles['tabs']} aria-label="View">
        <TabButton shown={tab === 'table'} onSelect={() => setTab('table')}>
          Table
        </TabButton>
        <TabButton shown={tab === 'text'} onSelect={() => setTab('text')}>
          Text
        </TabButton>
        <TabButton shown={tab === 'log'} onSelect={() => setTab('log')}>
          Decisions{denied > 0 && <small>{denied} denied</small>}
        </TabButton>
      </fieldset>
      {tab === 'log' && <DecisionLog />}
      {tab === 'text' && <PolicyText text={draft} problems={problems} onChange={setDraft} />}
      {tab === 'table' &&
        (parsed.ok ? (
          <PolicyTable policy={parsed.value} onChange={setDraft} />
        ) : (
          <Problems problems={problems} />
        ))}
      {tab !== 'log' && parsed.ok && <Unknown text={draft} />}
    </Dialog>
  )
}

function standingWords(problems: number, changed: boolean): string {
  if (problems > 0)
    return `${problems === 1 ? 'One line has' : `${problems} lines have`} a problem; the policy in force stays.`
  return changed ? 'Changed, and not in force yet.' : 'In force.'
}

type TabButtonProps = {
  readonly shown: boolean
  readonly onSelect: () => void
  readonly children: React.ReactNode
}

function TabButton({ shown, onSelect, children }: TabButtonProps) {
  return (
    <button type="button" className={styles['tab']} aria-pressed={shown} onClick={onSelect}>
      {children}
    </button>
  )
}

type PolicyTextProps = {
  readonly text: string
  readonly problems: readonly PolicyProblem[]
  readonly onChange: (text: string) => void
}

function PolicyText({ text, problems, onChange }: PolicyTextProps) {
  const lines = text.split('\n').length
  const numbers = Array.from({ length: lines }, (_, index) => String(index + 1)).join('\n')
  return (
    <>
      <div className={styles['editor']}>
        <pre aria-hidden="true">{numbers}</pre>
        <textarea
          aria-label="Policy"
          aria-invalid={problems.length > 0}
          aria-describedby="policy-problems"
          spellCheck={false}
          autoCapitalize="off"
          autoCorrect="off"
          wrap="off"
          rows={lines + 1}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <Problems problems={problems} />
    </>
  )
}

function Problems({ problems }: { readonly problems: readonly PolicyProblem[] }) {
  return (
    <ul id="policy-problems" className={styles['problems']}>
      {problems.map(({ line, column, message }) => (
        <li key={`${line}:${column}`}>
          <strong>
            Line {line}, column {column}
          </strong>{' '}
          {message}
        </li>
      ))}
    </ul>
  )
}

/** A slip of the finger makes a line that never fits. */
function Unknown({ text }: { readonly text: string }) {
  const domains = useMachine((state) => state.domains)
  const parsed = parsePolicy(text)
  if (!parsed.ok) return undefined
  // An image of the person's own may be started at any time.
  const names = new Set(['own', ...domains.flatMap(({ id, appliance }) => [id, appliance])])
  const unknown = unknownNames(parsed.value, names)
  if (unknown.length === 0) return undefined
  return (
    <ul className={styles['unknown']}>
      {unknown.map(([index, name]) => (
        <li key={`${index} ${name}`}>
          Line {index + 1}: there is no “{name}” at present.
        </li>
      ))}
    </ul>
  )
}
