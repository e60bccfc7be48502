/** Captures of one life's state that are under way; each is settled once, by the worker or by the life's end. */

import { err, ok, type Result } from '../base/result.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { DomainEvent, DomainRequest } from '../protocol/guest.ts'

export type CapturePurpose = Extract<DomainRequest, { kind: 'capture' }>['purpose']

export type Captured = { readonly pauseMs: number; readonly changedPages: number }

type Answer = Result<Captured, Fault>

export class Captures {
  readonly #pending = new Map<number, (answer: Answer) => void>()
  #nextId = 1

  /** `post` sends the request. */
  begin(post: (captureId: number) => void): Promise<Answer> {
    const captureId = this.#nextId++
    return new Promise((resolve) => {
      this.#pending.set(captureId, resolve)
      post(captureId)
    })
  }

  heard(event: Extract<DomainEvent, { kind: 'captured' | 'capture-refused' }>): void {
    const settle = this.#pending.get(event.captureId)
    this.#pending.delete(event.captureId)
    if (event.kind === 'capture-refused') settle?.(err(fault('failed', event.message)))
    else settle?.(ok({ pauseMs: event.pauseMs, changedPages: event.changedPages }))
  }

  over(name: string): void {
    for (const settle of this.#pending.values())
      settle(err(fault('illegal-state', `${name} was ended while its state was being taken.`)))
    this.#pending.clear()
  }
}
