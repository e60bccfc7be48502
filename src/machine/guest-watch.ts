/** Watches a vCPU from outside, slice by slice, for states from which a guest cannot come back by itself. */

/** An hour-long interrupt handler does not exist; two seconds with interrupts off is a guest that hangs. */
const SPINNING_AFTER_MS = 2000
/**
 * Nor does one of so many instructions. On a host that hardly gives it any time a guest that is well can be in its handlers for
 * seconds, each of its slices begun by a timer's interrupt that is due again (seen with ten times as much to do as there were
 * processors); a loop has executed that many within half a second, interpreted.
 */
const SPINNING_INSTRUCTIONS = 20_000_000
/** How often a spinning guest is reported again. */
const REPEAT_MS = 1000
/** A pause between two slices counts no further: a vCPU that is held back cannot enable its interrupts. */
const LONGEST_STEP_MS = 250

export type GuestSample = {
  /** The guest waits in HLT. */
  readonly halted: boolean
  readonly interruptsEnabled: boolean
  /** Instructions, in the slice that has ended. */
  readonly executed: number
  /** Milliseconds on a monotonic clock. */
  readonly now: number
}

export type Observation =
  | { readonly kind: 'nothing' }
  /** HLT with interrupts off: no event can ever wake it. */
  | { readonly kind: 'dead-halt' }
  /** It has executed with interrupts off for so long; 0: it no longer does. */
  | { readonly kind: 'spinning'; readonly forMs: number }

const NOTHING: Observation = { kind: 'nothing' }

export class GuestWatch {
  #lastSample: number | undefined
  #spunMs: number | undefined
  #spunInstructions = 0
  #reportedMs: number | undefined

  /** Takes the state after one slice. */
  sample({ halted, interruptsEnabled, executed, now }: GuestSample): Observation {
    const elapsed = Math.min(now - (this.#lastSample ?? now), LONGEST_STEP_MS)
    this.#lastSample = now
    if (halted && !interruptsEnabled) return { kind: 'dead-halt' }
    if (halted || interruptsEnabled) return this.#end()
    this.#spunMs = this.#spunMs === undefined ? 0 : this.#spunMs + elapsed
    const due = this.#reportedMs === undefined ? SPINNING_AFTER_MS : this.#reportedMs + REPEAT_MS
    this.#spunInstructions += executed
    if (this.#spunMs < due || this.#spunInstructions < SPINNING_INSTRUCTIONS) return NOTHING
    this.#reportedMs = this.#spunMs
    return { kind: 'spinning', forMs: Math.round(this.#spunMs) }
  }

  #end(): Observation {
    this.#spunMs = undefined
    this.#spunInstructions = 0
    if (this.#reportedMs === undefined) return NOTHING
    this.#reportedMs = undefined
    return { kind: 'spinning', forMs: 0 }
  }
}

/**
 * After its panic a guest prints the rest of its report: until it has executed so much without output, or so many slices
 * passed. In instructions, since a slice on a busy computer may execute next to none.
 */
const PANIC_QUIET_INSTRUCTIONS = 10_000_000
const PANIC_SLICES = 400

/** Follows a guest from its panic to the end of its report. */
export class PanicWatch {
  #slices = 0
  #quietSince: number

  /** @param instructions executed when it told of its panic */
  constructor(instructions: number) {
    this.#quietSince = instructions
  }

  /** After each slice, in which so many bytes were written. @returns whether the report is over */
  sample(written: number, instructions: number): boolean {
    this.#slices++
    if (written > 0) this.#quietSince = instructions
    return instructions - this.#quietSince >= PANIC_QUIET_INSTRUCTIONS || this.#slices >= PANIC_SLICES
  }
}
