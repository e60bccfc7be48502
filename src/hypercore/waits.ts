/** Callers that wait for a domain's state. Each is settled exactly once: by the state, by the domain's end, or by time. */

import { Disposables, type Dispose } from '../base/disposables.ts'
import { err, type Result } from '../base/result.ts'
import type { Fault } from '../protocol/fault.ts'

export type Outcome = Result<void, Fault>

/** Answers once what was waited for has come, or cannot come any more. */
export type Condition = () => Outcome | undefined

export type Patience = {
  readonly ms: number
  /** What the wait ends with when they have passed. */
  readonly late: Fault
  after(ms: number, action: () => void): Dispose
}

type Wait = { readonly condition: Condition; settle(outcome: Outcome): void }

export class Waits {
  #waits: Wait[] = []

  /** Settles with the first answer of `condition`, asked now and at every `check()`. */
  until(condition: Condition, patience?: Patience): Promise<Outcome> {
    const already = condition()
    if (already !== undefined) return Promise.resolve(already)
    return new Promise((resolve) => {
      const timer = new Disposables()
      const wait: Wait = {
        condition,
        settle: (outcome) => {
          timer.dispose()
          resolve(outcome)
        },
      }
      this.#waits.push(wait)
      if (patience === undefined) return
      timer.add(
        patience.after(patience.ms, () => {
          this.#waits = this.#waits.filter((other) => other !== wait)
          wait.settle(err(patience.late))
        }),
      )
    })
  }

  /** The state has changed: asks every condition. */
  check(): void {
    const waits = this.#waits
    this.#waits = []
    for (const wait of waits) {
      const outcome = wait.condition()
      if (outcome === undefined) this.#waits.push(wait)
      else wait.settle(outcome)
    }
  }
}
