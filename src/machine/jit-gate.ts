/**
 * Decides when a guest's code is compiled: not while its userland comes up, and then with its first real work. To compile a page of
 * kernel code takes the browser 100–350 ms of a processor, in threads beside the guest's: what a guest does once, or a
 * handful of times a second for its whole life, costs less interpreted.
 */

/**
 * Instructions after which a guest gets its JIT although its agent has not said that userland is up. Our
 * appliances are up after 15–60 million; interpreted, this many take about two seconds.
 */
const SILENT_BOUND = 150_000_000

/** Real work: so many instructions, a fifth of a second interpreted. `uname` takes two million. */
const WORK_INSTRUCTIONS = 10_000_000
/** Of which so many a millisecond are forgotten: a guest that is idle executes fewer. */
const IDLE_PER_MS = 2000

export class JitGate {
  #isUp = false
  #isOpen: boolean
  #work = 0
  #lastSample: number | undefined

  /** `open`: code is compiled from the first instruction. */
  constructor(open: boolean) {
    this.#isOpen = open
  }

  /** Code may be compiled. */
  get open(): boolean {
    return this.#isOpen
  }

  /** What ran before ran once; from now on work counts. */
  userlandIsUp(): void {
    this.#isUp = true
  }

  /**
   * Takes what one slice executed, and what the machine has executed in all, at `now`, milliseconds on a monotonic clock.
   * @returns whether this opens it
   */
  sample(executed: number, total: number, now: number): boolean {
    if (this.#isOpen) return false
    if (this.#isUp) {
      const forgotten = (now - (this.#lastSample ?? now)) * IDLE_PER_MS
      this.#work = Math.max(this.#work - forgotten, 0) + executed
    }
    this.#lastSample = now
    this.#isOpen = total >= SILENT_BOUND || this.#work >= WORK_INSTRUCTIONS
    return this.#isOpen
  }
}
