/** The retransmission timeout, from measured round trips (RFC 6298). Milliseconds. */

import { after } from './sequence.ts'

const INITIAL_MS = 1000
const LEAST_MS = 200
const MOST_MS = 10_000

export class RoundTrip {
  #timeout = INITIAL_MS
  #smoothed: number | undefined
  #variation = 0
  #timed: { readonly sequence: number; readonly at: number } | undefined

  get timeoutMs(): number {
    return this.#timeout
  }

  /** Bytes up to `sequence` leave now; one sample at a time. */
  begin(sequence: number, now: number): void {
    this.#timed ??= { sequence, at: now }
  }

  /** What is under way is sent again: its acknowledgement says nothing about time (Karn). */
  discard(): void {
    this.#timed = undefined
  }

  backOff(): void {
    this.discard()
    this.#timeout = Math.min(MOST_MS, this.#timeout * 2)
  }

  acknowledged(acknowledgement: number, now: number): void {
    if (this.#timed === undefined || after(acknowledgement, this.#timed.sequence) < 0) return
    const sample = now - this.#timed.at
    this.#timed = undefined
    if (this.#smoothed === undefined) {
      this.#smoothed = sample
      this.#variation = sample / 2
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - sample)
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * sample
    }
    this.#timeout = Math.min(MOST_MS, Math.max(LEAST_MS, this.#smoothed + 4 * this.#variation))
  }
}
