/** Questions to the person: what a line of the policy left to them, asked once at a time for each flow and never forced. */

import type { Dispose } from '../../base/disposables.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { ConsentAnswer, ConsentRequest, Flow } from '../../protocol/policy.ts'
import { fault, type Fault } from '../../protocol/fault.ts'

/** A person who looks elsewhere finds out what was denied in the log. */
const PATIENCE_MS = 60_000

/** After a no, and after silence, the same question is denied for so long without being put. */
const QUIET_MS = 10_000

/** How long a “once” waits for the frame or the call that it was given to. */
const ONCE_MS = 60_000

/** Questions of one source, and of all together. Beyond, the answer is no. */
const OPEN_A_SOURCE = 2
const OPEN_LIMIT = 8

/** Flows with an answer that lasts; more than a person gives. */
const STANDING_LIMIT = 256

export type ConsentHost = {
  now(): number
  wallClock(): number
  after(ms: number, action: () => void): Dispose
  /** The open questions have changed. */
  changed(open: readonly ConsentRequest[]): void
  answered(flow: Flow, line: number, answer: ConsentAnswer): void
}

type Open = { readonly request: ConsentRequest; settle(answer: ConsentAnswer): void }

type Standing = { readonly answer: ConsentAnswer; readonly until: number }

function keyOf({ source, destination, service }: Flow): string {
  return `${source}\n${destination}\n${service}`
}

export class Consents {
  readonly #host: ConsentHost
  readonly #open = new Map<string, Open>()
  readonly #standing = new Map<string, Standing>()
  #nextId = 1

  constructor(host: ConsentHost) {
    this.#host = host
  }

  open(): readonly ConsentRequest[] {
    return [...this.#open.values()].map(({ request }) => request)
  }

  /** What the person said before, where it still holds. A “once” is used up by `take`. */
  standing(flow: Flow, take: boolean): boolean | undefined {
    const key = keyOf(flow)
    const found = this.#standing.get(key)
    if (found === undefined) return undefined
    if (found.until <= this.#host.now()) {
      this.#standing.delete(key)
      return undefined
    }
    if (found.answer === 'once' && take) this.#standing.delete(key)
    return found.answer === 'once' || found.answer === 'session'
  }

  /** Puts the question, or finds it answered. A call that waits for a question under way shares its answer. */
  async ask(flow: Flow, line: number, words: string): Promise<boolean> {
    const standing = this.standing(flow, true)
    if (standing !== undefined) return standing
    const answer = await this.#put(flow, line, words)
    if (answer === 'once') this.standing(flow, true)
    return answer === 'once' || answer === 'session'
  }

  /** Puts the question without waiting: a frame is dropped, and its sender tries again. */
  request(flow: Flow, line: number, words: string): void {
    if (this.standing(flow, false) === undefined) void this.#put(flow, line, words)
  }

  #put(flow: Flow, line: number, words: string): Promise<ConsentAnswer> {
    const key = keyOf(flow)
    const { source, destination, service } = flow
    const under = this.#open.get(key)
    const ofSource = this.open().filter((request) => request.source === source).length
    if (under === undefined && (ofSource >= OPEN_A_SOURCE || this.#open.size >= OPEN_LIMIT))
      return Promise.resolve('deny')
    return new Promise((resolve) => {
      if (under !== undefined) {
        this.#open.set(key, {
          request: under.request,
          settle: (answer) => {
            under.settle(answer)
            resolve(answer)
          },
        })
        return
      }
      const askedAt = this.#host.wallClock()
      const cancel = this.#host.after(PATIENCE_MS, () => this.#settle(key, 'deny'))
      const id = this.#nextId++
      this.#open.set(key, {
        request: {
          id,
          source,
          destination,
          service,
          words,
          line,
          askedAt,
          expiresAt: askedAt + PATIENCE_MS,
        },
        settle: (answer) => {
          cancel()
          this.#remember(key, answer)
          this.#host.answered(flow, line, answer)
          resolve(answer)
        },
      })
      this.#host.changed(this.open())
    })
  }

  #remember(key: string, answer: ConsentAnswer): void {
    const lasts = { once: ONCE_MS, deny: QUIET_MS, session: Infinity, block: Infinity }[answer]
    if (this.#standing.size >= STANDING_LIMIT) {
      const now = this.#host.now()
      for (const [other, { until }] of this.#standing) if (until <= now) this.#standing.delete(other)
    }
    if (this.#standing.size < STANDING_LIMIT)
      this.#standing.set(key, { answer, until: this.#host.now() + lasts })
  }

  answer(id: number, answer: ConsentAnswer): Result<void, Fault> {
    for (const [key, { request }] of this.#open) {
      if (request.id !== id) continue
      this.#settle(key, answer)
      return ok(undefined)
    }
    return err(fault('failed', 'That question is not open any more.'))
  }

  /** A domain has ended: what it asked is denied, and what it was granted is over. */
  ended(source: string): void {
    for (const [key, { request }] of this.#open) if (request.source === source) this.#settle(key, 'deny')
    for (const key of this.#standing.keys()) if (key.startsWith(`${source}\n`)) this.#standing.delete(key)
  }

  /** The policy has changed: every answer was given under another. */
  reset(): void {
    for (const key of this.#open.keys()) this.#settle(key, 'deny')
    this.#standing.clear()
  }

  #settle(key: string, answer: ConsentAnswer): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#open.delete(key)
    open.settle(answer)
    this.#host.changed(this.open())
  }
}
