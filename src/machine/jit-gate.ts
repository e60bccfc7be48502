/**
 * Decides when a guest's code is compiled: not while its userland comes up, then with its first real work, and from then on
 * within a budget. To compile a page of guest code takes the browser 100–350 ms of a processor, in threads beside the guest's: what
 * a guest does once, or a handful of times a second for its whole life, costs less interpreted.
 */

import { TokenBucket } from './token-bucket.ts'

/**
 * Instructions after which a guest gets its JIT although its agent has not said that userland is up. Our
 * appliances are up after 15–60 million; interpreted, this many take about two seconds.
 */
const SILENT_BOUND = 150_000_000

/** Real work: so many instructions, a fifth of a second interpreted. `uname` takes two million. */
const WORK_INSTRUCTIONS = 10_000_000
/** Of which so many a millisecond are forgotten: guests that are idle execute a tenth of that. */
const IDLE_PER_MS = 2000

/**
 * Of a processor, for a byte of a module, all tiers together: those of one page are 27 kB (median) and took Chromium 156
 * about 150 ms on one of two hardware threads of a core.
 */
const COMPILE_MS_PER_BYTE = 1 / 200

/** Percent of a processor for the compilation of its code, until the supervisor says otherwise. */
export const DEFAULT_COMPILE_PERCENT = 40

export class JitGate {
  /** Of processor time to compile. In debt, the guest goes on with what is compiled, and interpreted. */
  readonly #budget: TokenBucket
  #isUp = false
  #hasWork: boolean
  #isOpen: boolean
  /** Instructions: all of them until userland is up, work from then on. */
  #counted = 0
  #lastSample: number | undefined
  /** Compiled since the last slice, milliseconds of a processor. */
  #compiledMs = 0

  /**
   * @param open code is compiled from the first instruction
   * @param now milliseconds on a monotonic clock, as for every call here
   */
  constructor(open: boolean, now: number) {
    this.#hasWork = this.#isOpen = open
    this.#budget = new TokenBucket(now)
    this.#budget.setRate(DEFAULT_COMPILE_PERCENT, now)
  }

  /** Code may be compiled now. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** What ran before ran once; from now on work counts. */
  userlandIsUp(): void {
    if (this.#isUp) return
    this.#isUp = true
    this.#counted = 0
  }

  /** @param percent of a processor that may be spent on compiling its code, 1–100 */
  setRate(percent: number, now: number): void {
    this.#budget.setRate(percent, now)
  }

  /** A module of so many bytes is being compiled. */
  compiled(bytes: number): void {
    this.#compiledMs += bytes * COMPILE_MS_PER_BYTE
  }

  /**
   * Takes what one slice executed that ended at `now`.
   * @returns whether `isOpen` is another than before
   */
  sample(executed: number, now: number): boolean {
    this.#hasWork ||= this.#works(executed, now)
    if (this.#compiledMs > 0) this.#budget.take(this.#compiledMs, now)
    this.#compiledMs = 0
    const before = this.#isOpen
    this.#isOpen = this.#hasWork && this.#budget.waitMs(now) === 0
    return this.#isOpen !== before
  }

  #works(executed: number, now: number): boolean {
    const forgotten = this.#isUp ? (now - (this.#lastSample ?? now)) * IDLE_PER_MS : 0
    this.#counted = Math.max(this.#counted - forgotten, 0) + executed
    this.#lastSample = now
    return this.#counted >= (this.#isUp ? WORK_INSTRUCTIONS : SILENT_BOUND)
  }
}
