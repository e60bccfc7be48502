/**
 * The scheduler's cap on one vCPU: a token bucket over wall time. A core's worth of time flows in at the granted rate,
 * slices take out what they used, and a vCPU in debt waits until the debt is paid.
 *
 * @see Turner, “New directions in communications”, 1986, for the bucket; the tokens here are milliseconds of a core.
 */

/**
 * What an idle vCPU may save up, ms of wall time at its rate. Long enough to make good a timer that fires late or a host
 * that lets the thread wait (some tens of ms on a busy machine), too short to be felt as a burst.
 */
const SAVED_MS = 100

/** Debt beyond this is forgiven: one slice that the host's scheduler stretched shall not starve the guest. ms of a core. */
const LARGEST_DEBT_MS = 250

export class TokenBucket {
  #rate = 1
  #tokens = 0
  #filledAt: number

  /** @param now milliseconds on a monotonic clock, as for every call here */
  constructor(now: number) {
    this.#filledAt = now
  }

  /** @param percent of a core, 1–100; 100 means never hold back */
  setRate(percent: number, now: number): void {
    this.#fill(now)
    this.#rate = percent / 100
    this.#tokens = Math.min(this.#tokens, SAVED_MS * this.#rate)
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#tokens + (now - this.#filledAt) * this.#rate, SAVED_MS * this.#rate)
    this.#filledAt = now
  }

  /** Milliseconds until the vCPU may run again; 0: now. */
  waitMs(now: number): number {
    if (this.#rate >= 1) return 0
    this.#fill(now)
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#rate
  }

  /** Takes the `usedMs` of a slice that ended at `now`. */
  take(usedMs: number, now: number): void {
    if (this.#rate >= 1) {
      this.#tokens = 0
      this.#filledAt = now
      return
    }
    this.#fill(now)
    this.#tokens = Math.max(this.#tokens - usedMs, -LARGEST_DEBT_MS)
  }
}
