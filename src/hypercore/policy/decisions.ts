/** The log of decisions: the same one again counts up its row, so that a flood is one line. */

import type { ConsentAnswer, Flow, PolicyDecision, Verdict } from '../../protocol/policy.ts'
import type { Ruling } from './table.ts'

const ROWS = 512

/** Rows that go to the page at a time; a scan of all ports is 65,535 decisions in a second or two. */
const ROWS_A_BATCH = 64

export class Decisions {
  readonly #wallClock: () => number
  /** By flow, line and answer; the latest last. */
  readonly #rows = new Map<string, PolicyDecision>()
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

  /** Rows changed since the last call, the latest ones where there are too many; undefined where there are none. */
  takeChanged(): PolicyDecision[] | undefined {
    if (this.#changed.size === 0) return undefined
    const rows = [...this.#rows].filter(([key]) => this.#changed.has(key)).map(([, row]) => row)
    this.#changed.clear()
    return rows.slice(-ROWS_A_BATCH)
  }
}

function isDenied(verdict: Verdict, answered: ConsentAnswer | undefined): boolean {
  return verdict === 'deny' || answered === 'deny' || answered === 'block'
}
