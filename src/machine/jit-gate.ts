/**
 * Decides when a guest's code is compiled: not while its userland comes up, and then with its first real work. To compile a page of
 * guest code takes the browser 100–350 ms of a processor, in threads beside the guest's: what a guest does once, or a
 * handful of times a second for its whole life, costs less interpreted.
 */

/**
 * Instructions after which a guest gets its JIT although its agent has not said that userland is up. Our
 * appliances are up after 15–60 million; interpreted, this many take about two seconds.
 */
const SILENT_BOUND = 150_000_000

/** Real work: so many instructions, a fifth of a second interpreted. `uname` takes two million. */
const WORK_INSTRUCTIONS = 10_000_000
/** Of which so many a millisecond are forgotten: guests that are idle execute a tenth of that. */
const IDLE_PER_MS = 2000

export class JitGate {
  #isUp = false
  #isOpen: boolean
  /** Instructions: all of them until userland is up, work from then on. */
  #counted = 0
  #lastSample: number | undefined

  /** `open`: code is compiled from the first instruction. */
  constructor(open: boolean) {
    this.#isOpen = open
  }

  /** What ran before ran once; from now on work counts. */
  userlandIsUp(): void {
    if (this.#isUp) return
    this.#isUp = true
    this.#counted = 0
  }

  /**
   * Takes what one slice executed that ended at `now`, milliseconds on a monotonic clock.
   * @returns whether this opens it
   */
  sample(executed: number, now: number): boolean {
    if (this.#isOpen) return false
    const forgotten = this.#isUp ? (now - (this.#lastSample ?? now)) * IDLE_PER_MS : 0
    this.#counted = Math.max(this.#counted - forgotten, 0) + executed
    this.#lastSample = now
    this.#isOpen = this.#counted >= (this.#isUp ? WORK_INSTRUCTIONS : SILENT_BOUND)
    return this.#isOpen
  }
}
