/** Waiting for a pattern in a text that grows. */

import type { Dispose } from '../base/disposables.ts'
import { fault, FaultError, type FaultKind } from '../protocol/fault.ts'
import type { PageEnvironment } from './page-environment.ts'
import type { TextRing } from './text-ring.ts'

export const DEFAULT_WAIT_MS = 30_000

type Waiter = {
  readonly pattern: RegExp
  readonly resolve: (match: string) => void
  readonly reject: (error: Error) => void
  readonly stopTimer: Dispose
}

export class TextWatch {
  readonly #ring: TextRing
  readonly #environment: PageEnvironment
  readonly #waiters = new Set<Waiter>()
  #checkAgainAt = 0
  #timer: Dispose | undefined

  constructor(ring: TextRing, environment: PageEnvironment) {
    this.#ring = ring
    this.#environment = environment
  }

  /** Resolves with the first match, at once where the text has one. */
  wait(pattern: RegExp | string, timeoutMs: number): Promise<string> {
    const expression = compile(pattern)
    return new Promise((resolve, reject) => {
      const match = expression.exec(this.#ring.text())
      if (match !== null) return resolve(match[0])
      const waiter: Waiter = {
        pattern: expression,
        resolve,
        reject,
        stopTimer: this.#environment.setTimer(() => {
          // What came since the last check counts.
          this.#check()
          this.#fail(waiter, 'timeout', `${String(pattern)} did not appear on the console in ${timeoutMs} ms`)
        }, timeoutMs),
      }
      this.#waiters.add(waiter)
    })
  }

  /** The text has grown. Checks are spaced so that they take at most a tenth of the time, whatever a guest prints. */
  grown(): void {
    if (this.#waiters.size === 0 || this.#timer !== undefined) return
    const wait = this.#checkAgainAt - this.#environment.now()
    if (wait <= 0) return this.#check()
    this.#timer = this.#environment.setTimer(() => {
      this.#timer = undefined
      this.#check()
    }, wait)
  }

  #check(): void {
    const began = this.#environment.now()
    const text = this.#ring.text()
    for (const waiter of this.#waiters) {
      const match = waiter.pattern.exec(text)
      if (match === null) continue
      this.#waiters.delete(waiter)
      waiter.stopTimer()
      waiter.resolve(match[0])
    }
    const ended = this.#environment.now()
    this.#checkAgainAt = ended + 10 * (ended - began)
  }

  /** Nothing more will come: what waits and does not match rejects with illegal-state. */
  end(message: string): void {
    this.#timer?.()
    this.#timer = undefined
    this.#check()
    for (const waiter of this.#waiters) this.#fail(waiter, 'illegal-state', message)
  }

  #fail(waiter: Waiter, kind: FaultKind, message: string): void {
    if (!this.#waiters.delete(waiter)) return
    waiter.stopTimer()
    waiter.reject(new FaultError(fault(kind, message)))
  }
}

/** Global and sticky expressions remember where they stopped: every check here begins at the start. */
function compile(pattern: RegExp | string): RegExp {
  if (typeof pattern === 'string')
    return new RegExp(pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
}
