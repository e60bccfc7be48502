/** What a person sees of a console: its output on a real terminal, of the size that a guest has until it is told another. */

import { Terminal } from '@xterm/headless'

const COLUMNS = 80
const ROWS = 25

/** Its rows, without the blanks at their ends. */
export async function screenText(output: string): Promise<string[]> {
  const terminal = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(output, resolve))
  const { active } = terminal.buffer
  const rows = Array.from(
    { length: ROWS },
    (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '',
  )
  terminal.dispose()
  return rows
}
