/**
 * A table of text. Where it is wide it scrolls in its own box, reachable by keyboard, and the page never does; on a phone
 * each row is a block of its own, with the columns' names before what stands in them.
 */

import type { Key, ReactNode } from 'react'
import styles from './Table.module.css'

export type TableColumn = {
  readonly title: string
  /** Short figures and times stay on one line, what is long takes the rest. One line by default. */
  readonly kind?: 'long' | 'figure'
}

export type TableRow = {
  readonly key: Key
  /** One a column. */
  readonly cells: readonly ReactNode[]
  /** Hatched: something was refused. */
  readonly refused?: boolean
}

type Props = {
  readonly label: string
  readonly columns: readonly TableColumn[]
  readonly rows: readonly TableRow[]
  /** The column whose cell names the row. The first one by default. */
  readonly head?: number
}

export function Table({ label, columns, rows, head = 0 }: Props) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls is reached by keyboard
    <section className={styles['scroll']} tabIndex={0} aria-label={label}>
      <table className={styles['table']}>
        <thead>
          <tr>
            {columns.map(({ title }) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells, refused }) => (
            <tr key={key} data-refused={refused || undefined}>
              {columns.map(({ title, kind }, index) =>
                index === head ? (
                  <th key={title} scope="row" data-kind={kind}>
                    {cells[index]}
                  </th>
                ) : (
                  <td key={title} data-kind={kind} data-title={title}>
                    {cells[index]}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** A domain's or place's name behind a stroke of its colour, where it has one. */
export function ColouredName({
  colour,
  children,
}: {
  readonly colour: string | undefined
  readonly children: ReactNode
}) {
  return (
    <span className={styles['name']} data-colour={colour}>
      {children}
    </span>
  )
}
