/**
 * The virtual CPU: runs slices of v86's main loop, each a millisecond or a little more, and decides when the next one
 * comes: at once, at the guest's next timer while it is halted, when the token bucket has been refilled, or not before
 * whoever holds it lets go.
 */

import { TokenBucket } from './token-bucket.ts'
import type { CpuWords, Engine } from './v86-internals.ts'

/** Why the vCPU stands still although the guest may want to run. */
export type HoldReason = 'paused' | 'console' | 'agent'

export type VcpuHooks = {
  /** After every slice, before the next is arranged; `executed` instructions ran in it. May throw: a fault then. */
  readonly sliceEnded: (executed: number, now: number) => void
  /** A slice threw, or a hook: the engine cannot go on. Called once, the vCPU is stopped already. */
  readonly faulted: (error: unknown) => void
}

/**
 * setTimeout's unit. A wait is rounded up to it: rounded down, as setTimeout does, or asked for at once, the rest of each wait
 * was a few hundred empty slices, 6,000 a second and 3 % of a core for each guest that did nothing.
 */
const TIMER_UNIT_MS = 1

/**
 * Slices run in one task for so long before the thread's other tasks (messages, finished JIT modules) are let in. A task
 * switch costs a few per cent of a slice; nobody notices four milliseconds.
 */
const TURN_MS = 4

export class Vcpu {
  readonly #engine: Engine
  readonly #words: Pick<CpuWords, 'instructionCounter'>
  readonly #hooks: VcpuHooks
  readonly #holds = new Set<HoldReason>()
  readonly #bucket: TokenBucket
  readonly #post: () => void
  readonly #close: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  /** A wake-up is on its way through the message channel. */
  #posted = false
  /** When the guest wants its next slice; undefined before the start. */
  #due: number | undefined
  /** What a slice under way has asked for: milliseconds from its end on. */
  #wants = 0
  #throttledSince: number | undefined
  /** No slice begins before. */
  #asideUntil = 0
  #stopped = false
  #inSlice = false
  #instructions = 0
  #lastCounter: number
  #busyMs = 0
  #throttledMs = 0

  constructor(engine: Engine, words: Pick<CpuWords, 'instructionCounter'>, hooks: VcpuHooks) {
    this.#engine = engine
    this.#words = words
    this.#hooks = hooks
    this.#bucket = new TokenBucket(performance.now())
    this.#lastCounter = words.instructionCounter
    const wake = immediate(() => {
      this.#posted = false
      this.#wake()
    })
    this.#post = wake.post
    this.#close = wake.close
    // v86 would spawn a worker of its own only to be called back; done before the first tick, none is lost.
    engine.unregister_yield()
    engine.yield = (milliseconds) => {
      if (this.#inSlice) this.#wants = milliseconds
      else {
        this.#due = performance.now() + milliseconds
        this.#arrange(performance.now())
      }
    }
  }

  /** Guest instructions executed. */
  get instructions(): number {
    return this.#instructions
  }

  /** Milliseconds inside the guest. */
  get busyMs(): number {
    return this.#busyMs
  }

  /** Milliseconds the token bucket held it back, the present wait included. */
  get throttledMs(): number {
    const now = this.#throttledSince === undefined ? 0 : performance.now() - this.#throttledSince
    return this.#throttledMs + now
  }

  get stopped(): boolean {
    return this.#stopped
  }

  start(): void {
    this.#engine.run()
  }

  /** For good: the state stays readable, nothing executes any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#endThrottle()
    this.#close()
  }

  /** Takes effect at once: no slice is under way while this is called from outside one. */
  hold(reason: HoldReason): void {
    this.#holds.add(reason)
    this.#endThrottle()
  }

  release(reason: HoldReason): void {
    if (this.#holds.delete(reason)) this.#arrange(performance.now())
  }

  held(reason: HoldReason): boolean {
    return this.#holds.has(reason)
  }

  /** Lets others have the processor for `milliseconds` from now on; 0 ends an earlier wait. */
  standAside(milliseconds: number): void {
    const now = performance.now()
    this.#asideUntil = now + milliseconds
    this.#arrange(now)
  }

  /** @param percent of a core, 1–100 */
  setRate(percent: number): void {
    const now = performance.now()
    this.#bucket.setRate(percent, now)
    this.#arrange(now)
  }

  #arrange(now: number): void {
    if (this.#stopped || this.#due === undefined || this.#holds.size > 0) return
    const throttle = this.#bucket.waitMs(now)
    // Only a vCPU that wants to run is held back; a halted one merely sleeps.
    if (throttle > 0 && this.#due <= now) this.#throttledSince ??= now
    const wait = Math.max(this.#due - now, throttle, this.#asideUntil - now)
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    if (wait <= 0) {
      if (!this.#posted) {
        this.#posted = true
        this.#post()
      }
    } else {
      // By way of the channel: a slice started in the timer's own task would count as nested in it, and browsers
      // stretch timers nested five deep to 4 ms.
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        if (!this.#posted) {
          this.#posted = true
          this.#post()
        }
      }, Math.ceil(wait))
    }
  }

  #endThrottle(): void {
    if (this.#throttledSince === undefined) return
    this.#throttledMs += performance.now() - this.#throttledSince
    this.#throttledSince = undefined
  }

  #wake(): void {
    if (this.#stopped || this.#due === undefined || this.#holds.size > 0) return
    const now = performance.now()
    const wait = Math.max(this.#due, this.#asideUntil) - now
    if (wait >= TIMER_UNIT_MS || this.#bucket.waitMs(now) >= TIMER_UNIT_MS) {
      this.#arrange(now)
      return
    }
    this.#endThrottle()
    this.#turn(now)
  }

  /** Slices until the guest wants to sleep, something holds it, or the other tasks of this thread shall have a turn. */
  #turn(start: number): void {
    let end = start
    do {
      end = this.#slice(end)
    } while (this.#mayGoOn(end) && end - start < TURN_MS)
    this.#arrange(end)
  }

  #mayGoOn(now: number): boolean {
    if (this.#stopped || this.#holds.size > 0 || this.#wants > 0) return false
    return this.#bucket.waitMs(now) === 0
  }

  /** Answers when it ended. */
  #slice(start: number): number {
    this.#inSlice = true
    let end = start
    try {
      const before = this.#instructions
      try {
        this.#engine.do_tick()
      } finally {
        end = this.#account(start)
      }
      this.#hooks.sliceEnded(this.#instructions - before, end)
      // Only now: a hook may have given a device something to wake the guest with.
      this.#due = end + this.#wants
    } catch (error) {
      if (!this.#stopped) {
        this.stop()
        this.#hooks.faulted(error)
      }
    } finally {
      this.#inSlice = false
    }
    return end
  }

  /** The counter is 32 bits wide and wraps; a slice executes far fewer than 2³² instructions. Answers its end. */
  #account(start: number): number {
    const counter = this.#words.instructionCounter
    this.#instructions += (counter - this.#lastCounter) >>> 0
    this.#lastCounter = counter
    const end = performance.now()
    this.#busyMs += end - start
    this.#bucket.take(end - start, end)
    return end
  }
}

/** A task of its own as soon as the others that wait have had their turn. */
function immediate(task: () => void): { post: () => void; close: () => void } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's global, unknown to the worker's library
  const { setImmediate } = globalThis as { setImmediate?: (task: () => void) => void }
  // Node handles up to a thousand messages of a port before anything else gets a turn; its immediates alternate.
  if (setImmediate !== undefined) return { post: () => setImmediate(task), close: () => undefined }
  const channel = new MessageChannel()
  channel.port1.onmessage = task
  return {
    post: () => channel.port2.postMessage(undefined),
    close: () => {
      channel.port1.close()
      channel.port2.close()
    },
  }
}
