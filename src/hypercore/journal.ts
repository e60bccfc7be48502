/** What a person can read up. What concerns a domain is limited, since a guest may cause it at will. */

import type { DomainId } from '../protocol/domain.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'
import type { LogLevel } from './life.ts'

/** Lines about one domain between two heartbeats; a person reads no more, and a guest cannot flood the page. */
const LINES_PER_TICK = 20

export class Journal {
  readonly #emit: (event: SupervisorEvent) => void
  readonly #wallClock: () => number
  readonly #lines = new Map<DomainId, number>()

  constructor(emit: (event: SupervisorEvent) => void, wallClock: () => number) {
    this.#emit = emit
    this.#wallClock = wallClock
  }

  log(level: LogLevel, text: string, id: DomainId | undefined): void {
    if (id !== undefined) {
      const lines = (this.#lines.get(id) ?? 0) + 1
      this.#lines.set(id, lines)
      if (lines > LINES_PER_TICK) return
    }
    this.#emit({ type: 'log', at: this.#wallClock(), level, text, id })
  }

  /** Once every heartbeat. */
  tick(): void {
    this.#lines.clear()
  }
}
