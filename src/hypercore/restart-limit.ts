/** Guests that do nothing but restart themselves are left off. */

/** More often than this within RESTART_WINDOW_MS. */
export const RESTART_LIMIT = 5
const RESTART_WINDOW_MS = 30_000

export class RestartLimit<Id> {
  readonly #restarts = new Map<Id, readonly number[]>()

  /** Counts a restart at `now`, in milliseconds on a monotonic clock. False once they are too many. */
  allows(id: Id, now: number): boolean {
    const recent = (this.#restarts.get(id) ?? []).filter((at) => now - at < RESTART_WINDOW_MS)
    this.#restarts.set(id, [...recent, now])
    return recent.length < RESTART_LIMIT
  }

  /** Of one that exists no more. */
  forget(id: Id): void {
    this.#restarts.delete(id)
  }
}
