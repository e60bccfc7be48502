/** The log of decisions: the same one again counts up its row, so that a flood is one line. */

import type { ConsentAnswer, Flow, PolicyDecision, Verdict } from '../../protocol/policy.ts'
import type { Ruling } from './table.ts'

const ROWS = 512

/** Rows that go to the page at a time, four times a second: all rows of the log are there after two seconds. */
const ROWS_A_BATCH = 64

export class Decisions {
  readonly #wallClock: () => number
  /** By flow, line and answer; the latest last. */
  readonly #rows = new Map<string, PolicyDecision>()
  /** Of rows in the log, so no more than those; the one that waits longest first, whatever it counts meanwhile. */
  readonly #changed = new Set<string>()
  #denied = 0

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock
  }

  record(flow: Flow, { verdict, line }: Ruling, answered?: ConsentAnswer): void {
    const { source, destination, service } = flow
    const key = `${line}\n${answered}\n${source}\n${destination}\n${service}`
    const count = (this.#rows.get(key)?.count ?? 0) + 1
    this.#rows.delete(key)
    this.#rows.set(key, {
      at: this.#wallClock(),
      line,
      source,
      destination,
      service,
      verdict,
      answered,
      count,
    })
    this.#changed.add(key)
    if (isDenied(verdict, answered)) this.#denied += 1
    if (this.#rows.size <= ROWS) return
    for (const oldest of this.#rows.keys()) {
      this.#rows.delete(oldest)
      this.#changed.delete(oldest)
      break
    }
  }

  get denied(): number {
    return this.#denied
  }

  /** The latest last. */
  rows(): PolicyDecision[] {
    return [...this.#rows.values()]
  }

  /** Rows that the page does not have as they are, in batches; undefined where there are none. The rest stays for the next. */
  takeChanged(): PolicyDecision[] | undefined {
    if (this.#changed.size === 0) return undefined
    const rows: PolicyDecision[] = []
    for (const key of this.#changed) {
      if (rows.length === ROWS_A_BATCH) break
      this.#changed.delete(key)
      const row = this.#rows.get(key)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }
}

function isDenied(verdict: Verdict, answered: ConsentAnswer | undefined): boolean {
  return verdict === 'deny' || answered === 'deny' || answered === 'block'
}
