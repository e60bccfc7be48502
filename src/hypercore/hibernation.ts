/** When what hibernates is next brought up to date, unasked. */

import type { DomainId } from '../protocol/domain.ts'
import type { Domain } from './domain.ts'

/** A guest that is busy is interrupted less often than one that idles. Milliseconds between automatic snapshots. */
const IDLE_INTERVAL_MS = 15_000
const BUSY_INTERVAL_MS = 60_000
const BUSY_PERCENT = 50

type Timed = Pick<Domain, 'id' | 'stats' | 'demandPercent'>

export class HibernationSchedule {
  /** By domain: when it was last taken, its disk's writes then, and at the last look. */
  readonly #last = new Map<DomainId, { at: number; kept: number; seen: number }>()

  taken(domain: Timed, now: number): void {
    const writes = domain.stats?.disk.writes ?? 0
    this.#last.set(domain.id, { at: now, kept: writes, seen: writes })
  }

  forget(id: DomainId): void {
    this.#last.delete(id)
  }

  /**
   * Soon after the guest has written to its disk and come to rest: what was kept before does not fit that disk any more.
   * Otherwise now and then, for what is in memory alone. To be asked once a second or so.
   */
  isDue(domain: Timed, now: number): boolean {
    const writes = domain.stats?.disk.writes ?? 0
    const { at, kept, seen } = this.#last.get(domain.id) ?? { at: -Infinity, kept: writes, seen: writes }
    this.#last.set(domain.id, { at, kept, seen: writes })
    if (writes !== kept) return writes === seen
    const busy = domain.demandPercent >= BUSY_PERCENT
    return now - at >= (busy ? BUSY_INTERVAL_MS : IDLE_INTERVAL_MS)
  }
}
