/**
 * Finds a domain worker that no longer answers. Silence is counted in the supervisor's own ticks, not in clock time: a
 * sleeping laptop or a throttled tab stops both sides, and then nobody has been silent.
 */

/** A ping goes out with every tick. */
export const HEARTBEAT_MS = 1000

/**
 * A worker answers between two slices of its vCPU (4 ms at most), but not while the browser flushes a disk's file to storage
 * that others are writing to, nor on a computer with ten times as much to do as it has processors: there guests were silent
 * for more than twenty seconds, and nothing was wrong with them. Ending a guest for that loses its work; a worker that hangs only
 * keeps a person waiting, who can end it.
 */
const LOST_AFTER_MS = 60_000

/** A person is told before: whoever types to a guest wonders sooner than that. */
const TOLD_AFTER_MS = 10_000

export type Silence = {
  readonly silentMs: number
  /** It lasts long enough to be told. */
  readonly isLong: boolean
  /** Nobody answers any more. */
  readonly isLost: boolean
}

/** What one tick can add at most: a later tick says that the supervisor itself did not run. */
const MAX_TICK_MS = 1.5 * HEARTBEAT_MS

export class Heartbeat {
  #lastTick: number | undefined
  #silentMs = 0

  /** Any message of the worker counts. */
  heard(): void {
    this.#silentMs = 0
  }

  /** Counts a tick at `now`. */
  tick(now: number): Silence {
    if (this.#lastTick !== undefined) this.#silentMs += Math.min(now - this.#lastTick, MAX_TICK_MS)
    this.#lastTick = now
    const silentMs = this.#silentMs
    return { silentMs, isLong: silentMs >= TOLD_AFTER_MS, isLost: silentMs >= LOST_AFTER_MS }
  }
}
