/** What the policy decided, the latest first: who, what, and which line. The same decision again counts up its row. */

import { useStore } from 'zustand'
import { ColouredName, Table, type TableColumn } from '../parts/Table.tsx'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './policy.module.css'

export function DecisionLog() {
  const { policy } = useSeat()
  const decisions = useStore(policy.store, (state) => state.decisions)
  if (decisions.length === 0) return <p className={styles['lead']}>Nothing has been decided yet.</p>
  return (
    <Table
      label="Decisions"
      columns={COLUMNS}
      head={1}
      rows={decisions.toReversed().map((row) => ({
        key: [row.line, row.answered, row.source, row.destination, row.service].join(' '),
        refused: row.verdict === 'deny' || row.answered === 'deny' || row.answered === 'block',
        cells: [
          <time key="at" dateTime={new Date(row.at).toISOString()}>
            {new Date(row.at).toLocaleTimeString()}
          </time>,
          <Name key="source" id={row.source} />,
          <Name key="destination" id={row.destination} />,
          row.service,
          row.answered === undefined ? row.verdict : `asked: ${ANSWER_WORDS[row.answered]}`,
          row.line,
          row.count,
        ],
      }))}
    />
  )
}

const COLUMNS: readonly TableColumn[] = [
  { title: 'When', kind: 'figure' },
  { title: 'Source' },
  { title: 'Destination' },
  { title: 'Service' },
  { title: 'Verdict' },
  { title: 'Line', kind: 'figure' },
  { title: 'Times', kind: 'figure' },
]

const ANSWER_WORDS = { once: 'once', session: 'this session', deny: 'no', block: 'never' } as const

function Name({ id }: { readonly id: string }) {
  const colour = useMachine(({ domains }) => domains.find((domain) => domain.id === id)?.colour)
  return <ColouredName colour={colour}>{id}</ColouredName>
}
