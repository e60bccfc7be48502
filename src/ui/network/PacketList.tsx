/** The list: of thousands of lines, those in sight are drawn. At its end it follows; scrolled up, it holds still. */

import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { PacketSummary } from '../../protocol/packets.ts'
import { useMachine } from '../stage/seat-context.tsx'
import { timeWords } from './packet-words.ts'
import styles from './network.module.css'

/** Of a line, in pixels; on a narrow panel it has two rows. The style sheet has the same figures. */
const LINE = 24
const NARROW_LINE = 44
const NARROW = 720

/** Lines drawn beyond either edge, so that a scroll shows no gap. */
const MARGIN = 8

const COLUMNS = ['No.', 'Time', 'Port', 'From', 'To', 'Protocol', 'What it says']

type Props = {
  readonly rows: readonly PacketSummary[]
  readonly following: boolean
  readonly onFollow: (follow: boolean) => void
}

export function PacketList({ rows, following, onFollow }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const [{ width, height }, setSize] = useState({ width: NARROW, height: 0 })
  const [top, setTop] = useState(0)
  const line = width < NARROW ? NARROW_LINE : LINE

  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useLayoutEffect(() => {
    const element = box.current
    if (!following || element === null) return
    // Beyond the end is the end.
    element.scrollTop = (rows.length + 2) * line - height
    // Drawn where it is now, before it is painted where it was.
    setTop(element.scrollTop)
  }, [following, rows, line, height])

  const onScroll = (element: HTMLElement) => {
    setTop(element.scrollTop)
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < line
    if (atEnd !== following) onFollow(atEnd)
  }

  const first = Math.max(0, Math.floor(top / line) - MARGIN)
  const last = Math.min(rows.length, Math.ceil((top + height) / line) + MARGIN)

  return (
    <section
      ref={box}
      className={styles['list']}
      data-narrow={line === NARROW_LINE || undefined}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls is reached by keyboard
      tabIndex={0}
      aria-label="Recorded packets"
      onScroll={(event) => onScroll(event.currentTarget)}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead className={styles['head']}>
          <tr aria-rowindex={1} className={styles['row']}>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className={styles['rows']} style={{ height: rows.length * line }}>
          {rows.slice(first, last).map((row, index) => (
            <Line key={row.number} row={row} index={first + index} top={(first + index) * line} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

type LineProps = { readonly row: PacketSummary; readonly index: number; readonly top: number }

function Line({ row, index, top }: LineProps) {
  const domain = useMachine(({ domains }) => domains.find(({ id }) => id === row.port))
  const outward = row.direction === 'from-guest'
  return (
    <tr
      aria-rowindex={index + 2}
      className={styles['row']}
      data-dropped={row.dropped !== undefined || undefined}
      style={{ top }}
    >
      <td>{row.number}</td>
      <td>{timeWords(row.at)}</td>
      <td className={styles['port']} data-colour={domain?.colour}>
        {domain?.name ?? row.port}
        <span aria-hidden="true">{outward ? ' →' : ' ←'}</span>
        <span className="visually-hidden">{outward ? ' sends' : ' receives'}</span>
      </td>
      <td>{row.source}</td>
      <td>{row.destination}</td>
      <td>{row.protocol}</td>
      <td className={styles['info']} title={row.info}>
        {row.dropped !== undefined && <strong>not carried: {row.dropped}</strong>} {row.info}
      </td>
    </tr>
  )
}
