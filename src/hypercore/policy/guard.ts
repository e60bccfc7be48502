/** The guard: every crossing is decided here, by the policy's table and, where a line says so, by the person. */

import type { Dispose } from '../../base/disposables.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import {
  DEFAULT_POLICY,
  parsePolicy,
  type ConsentAnswer,
  type Flow,
  type Verdict,
} from '../../protocol/policy.ts'
import type { SupervisorEvent } from '../../protocol/supervisor.ts'
import type { Crossing, Judges, Party } from '../broker/gate.ts'
import { Consents } from './consents.ts'
import { Decisions } from './decisions.ts'
import { PolicyTable, type ApplianceOf } from './table.ts'

export type GuardHost = {
  readonly applianceOf: ApplianceOf
  now(): number
  wallClock(): number
  after(ms: number, action: () => void): Dispose
  emit(event: SupervisorEvent): void
  /** Another policy, or another answer of the person's: what the fabric remembers of flows no longer holds. */
  changed(): void
}

const ALLOWED: ReadonlySet<ConsentAnswer> = new Set(['once', 'session'])

export class Guard implements Judges {
  readonly #host: GuardHost
  readonly #decisions: Decisions
  readonly #consents: Consents
  #text = DEFAULT_POLICY
  #table: PolicyTable

  constructor(host: GuardHost) {
    this.#host = host
    this.#decisions = new Decisions(() => host.wallClock())
    this.#consents = new Consents({
      now: () => host.now(),
      wallClock: () => host.wallClock(),
      after: (ms, action) => host.after(ms, action),
      changed: (open) => host.emit({ type: 'consents', open }),
      answered: (flow, line, answer) => {
        this.#decisions.record(flow, { verdict: 'ask', line }, answer)
        if (ALLOWED.has(answer)) host.changed()
      },
    })
    const standard = parsePolicy(DEFAULT_POLICY)
    this.#table = new PolicyTable(standard.ok ? standard.value : { entries: [] }, host.applianceOf)
  }

  get text(): string {
    return this.#text
  }

  /** Applies another policy at once. Of what is wrong with it, the fault names the first. */
  setPolicy(untrustedText: string): Result<void, Fault> {
    const parsed = parsePolicy(untrustedText)
    if (!parsed.ok) {
      const [first] = parsed.error
      return err(
        fault('malformed', `Line ${first?.line ?? 1} of the policy: ${first?.message ?? 'unreadable'}`),
      )
    }
    this.#text = untrustedText
    this.#table = new PolicyTable(parsed.value, this.#host.applianceOf)
    this.#consents.reset()
    this.announce()
    this.#host.changed()
    return ok(undefined)
  }

  /** Tells the page which policy is in force. */
  announce(): void {
    this.#host.emit({ type: 'policy', text: this.#text })
  }

  /** A flow of frames. `ask` puts the question; the frame is dropped, and the next one is decided anew. */
  decideFlow(flow: Flow): Verdict {
    const ruling = this.#table.decide(flow)
    if (ruling.verdict !== 'ask') {
      this.#decisions.record(flow, ruling)
      return ruling.verdict
    }
    const standing = this.#consents.standing(flow, true)
    if (standing !== undefined) return standing ? 'allow' : 'deny'
    this.#consents.request(flow, ruling.line, `a connection, ${flow.service}`)
    return 'ask'
  }

  mayTalk(from: string, to: string): boolean {
    return this.#table.mayTalk(from, to)
  }

  /** A brokered call. What the person answers is recorded when they do. */
  decide(crossing: Crossing): Verdict {
    const flow = flowOf(crossing)
    const ruling = this.#table.decide(flow)
    if (ruling.verdict !== 'ask') this.#decisions.record(flow, ruling)
    return ruling.verdict
  }

  ask(crossing: Crossing, words: string): Promise<boolean> {
    const flow = flowOf(crossing)
    return this.#consents.ask(flow, this.#table.decide(flow).line, words)
  }

  answer(id: number, answer: ConsentAnswer): Result<void, Fault> {
    return this.#consents.answer(id, answer)
  }

  /** A domain was added or removed. */
  domainsChanged(): void {
    this.#table.forget()
  }

  domainEnded(id: string): void {
    this.#consents.ended(id)
  }

  /** Four times a second: the log's news to the page. */
  report(): void {
    const rows = this.#decisions.takeChanged()
    if (rows !== undefined) this.#host.emit({ type: 'decisions', rows, denied: this.#decisions.denied })
  }

  /** For `hv policy`: the text with its line numbers, or the log. */
  describe(what: 'text' | 'log'): string {
    if (what === 'text') {
      const lines = this.#text.trimEnd().split('\n')
      return lines.map((line, index) => `${String(index + 1).padStart(3)}  ${line}`.trimEnd()).join('\n')
    }
    const rows = this.#decisions
      .rows()
      .map(({ source, destination, service, verdict, answered, line, count }) => {
        const said = answered === undefined ? verdict : `${verdict}: ${answered}`
        return [source, destination, service, said, line, count].join('\t')
      })
    return ['source\tdestination\tservice\tverdict\tline\ttimes', ...rows].join('\n')
  }
}

function idOf(party: Party): string {
  return party === 'host' ? 'host' : party.id
}

function flowOf({ source, destination, service }: Crossing): Flow {
  return { source: idOf(source), destination: idOf(destination), service }
}
