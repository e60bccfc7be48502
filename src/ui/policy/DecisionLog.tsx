/** What the policy decided, the latest first: who, what, and which line. The same decision again counts up its row. */

import { useStore } from 'zustand'
import type { PolicyDecision } from '../../protocol/policy.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './policy.module.css'

export function DecisionLog() {
  const { policy } = useSeat()
  const decisions = useStore(policy.store, (state) => state.decisions)
  if (decisions.length === 0) return <p className={styles['lead']}>Nothing has been decided yet.</p>
  return (
    <table className={styles['log']}>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Source</th>
          <th scope="col">Destination</th>
          <th scope="col">Service</th>
          <th scope="col">Verdict</th>
          <th scope="col">Line</th>
          <th scope="col">Times</th>
        </tr>
      </thead>
      <tbody>
        {decisions.toReversed().map((row) => (
          <Row key={[row.line, row.answered, row.source, row.destination, row.service].join(' ')} row={row} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ row }: { readonly row: PolicyDecision }) {
  const { at, source, destination, service, verdict, answered, line, count } = row
  const denied = verdict === 'deny' || answered === 'deny' || answered === 'block'
  return (
    <tr data-denied={denied || undefined}>
      <td>
        <time dateTime={new Date(at).toISOString()}>{new Date(at).toLocaleTimeString()}</time>
      </td>
      <Name id={source} />
      <Name id={destination} />
      <td>{service}</td>
      <td>{answered === undefined ? verdict : `asked: ${ANSWER_WORDS[answered]}`}</td>
      <td>{line}</td>
      <td>{count}</td>
    </tr>
  )
}

const ANSWER_WORDS = { once: 'once', session: 'this session', deny: 'no', block: 'never' } as const

function Name({ id }: { readonly id: string }) {
  const colour = useMachine(({ domains }) => domains.find((domain) => domain.id === id)?.colour)
  return (
    <td>
      <span className={styles['name']} data-colour={colour}>
        {id}
      </span>
    </td>
  )
}
