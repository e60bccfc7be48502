/** What the supervisor asks of one guest's agent (AskOperation): each question is settled once, by an answer, by time or by the guest's end. */

import type { Dispose } from '../../base/disposables.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { AskName } from '../../protocol/agent.ts'
import { fault, type Fault, type FaultKind } from '../../protocol/fault.ts'
import { encodeHostFrame, type AskArgument, type GuestMessage } from '../agent.ts'

/** Questions under way with one agent: a few files at a time, and a service or two. */
const OPEN_LIMIT = 16

/** An agent under load answers within a second; a service of the guest has 30 s before its agent ends it. */
const PATIENCE_MS = 45_000

/** Characters of a guest's words about what went wrong that travel on. */
const WORDS_LIMIT = 200

export type Ask = (operation: AskName, ...args: readonly AskArgument[]) => Promise<Result<Uint8Array, Fault>>

export type AskingEnvironment = {
  /** Of the domain, for messages. */
  readonly name: string
  send(frame: Uint8Array): void
  after(ms: number, action: () => void): Dispose
}

type Open = { settle(answer: Result<Uint8Array, Fault>): void }

/** One line of a guest's words: control characters could forge others. */
export function oneLine(untrustedText: string): string {
  return untrustedText
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, WORDS_LIMIT)
}

export class AgentAsks {
  readonly #environment: AskingEnvironment
  readonly #open = new Map<number, Open>()
  #nextId = 1
  #over = false

  constructor(environment: AskingEnvironment) {
    this.#environment = environment
  }

  readonly ask: Ask = (operation, ...args) => {
    const { name } = this.#environment
    if (this.#over) return Promise.resolve(err(fault('illegal-state', `${name} has ended.`)))
    if (this.#open.size >= OPEN_LIMIT)
      return Promise.resolve(
        err(fault('over-budget', `${name} has ${OPEN_LIMIT} questions to answer already.`)),
      )
    const askId = this.#nextId++
    return new Promise((resolve) => {
      const cancel = this.#environment.after(PATIENCE_MS, () =>
        this.#settle(askId, err(fault('timeout', `${name} did not answer in ${PATIENCE_MS / 1000} s.`))),
      )
      this.#open.set(askId, {
        settle: (answer) => {
          cancel()
          resolve(answer)
        },
      })
      this.#environment.send(encodeHostFrame({ kind: 'ask', askId, operation, arguments: args }))
    })
  }

  /** An answer to nothing that is open is dropped. */
  answered({ askId, status, untrustedBytes }: Extract<GuestMessage, { kind: 'answer' }>): void {
    if (status === 'ok') return this.#settle(askId, ok(untrustedBytes))
    const said = oneLine(new TextDecoder().decode(untrustedBytes.subarray(0, 4 * WORDS_LIMIT)))
    this.#settle(askId, err(fault(status, said === '' ? words(status) : said)))
  }

  /** The guest has ended. */
  end(): void {
    this.#over = true
    const gone = err(fault('illegal-state', `${this.#environment.name} was ended meanwhile.`))
    for (const askId of this.#open.keys()) this.#settle(askId, gone)
  }

  #settle(askId: number, answer: Result<Uint8Array, Fault>): void {
    const open = this.#open.get(askId)
    this.#open.delete(askId)
    open?.settle(answer)
  }
}

function words(kind: FaultKind): string {
  return kind === 'not-implemented' ? 'this guest does not do that' : 'the guest gave no reason'
}
