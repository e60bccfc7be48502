/** The broker between domains of the bench, with a policy and a person that a test plays. */

import { Broker } from '../../../src/hypercore/broker/broker.ts'
import type { Crossing } from '../../../src/hypercore/broker/gate.ts'
import type { Domain } from '../../../src/hypercore/domain.ts'
import { sanitiseClip } from '../../../src/hypercore/broker/clip.ts'
import { sanitiseSend } from '../../../src/hypercore/broker/sends.ts'
import { sanitiseVault } from '../../../src/hypercore/broker/vault.ts'
import type { Result } from '../../../src/base/result.ts'
import type { Fault } from '../../../src/protocol/fault.ts'
import type { SupervisorEvent } from '../../../src/protocol/supervisor.ts'
import { Bench, handOff, type FakeDomain } from '../bench-board.ts'
import { FakeAgent } from './fake-agent.ts'

type Question = { readonly crossing: Crossing; readonly words: string; answer(allowed: boolean): void }

export class BrokerBench {
  readonly bench = new Bench()
  readonly events: SupervisorEvent[] = []
  readonly journal: string[] = []
  readonly questions: Question[] = []
  readonly agents = new Map<string, FakeAgent>()
  readonly guests = new Map<string, FakeDomain>()
  readonly broker: Broker
  verdict: (crossing: Crossing) => 'allow' | 'ask' | 'deny' = () => 'allow'

  private constructor() {
    this.broker = new Broker({
      judges: {
        decide: (crossing) => this.verdict(crossing),
        ask: (crossing, words) =>
          new Promise((resolve) => this.questions.push({ crossing, words, answer: resolve })),
      },
      domains: () => this.bench.core.domains(),
      now: () => performance.now(),
      after: (ms, action) => this.bench.core.environment.after(ms, action),
      emit: (event) => this.events.push(event),
      log: (_level, text) => this.journal.push(text),
    })
  }

  static async withGuests(...ids: readonly string[]): Promise<BrokerBench> {
    const made = new BrokerBench()
    await made.bench.handOff(handOff())
    for (const id of ids) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are started
      const guest = await made.bench.up(id)
      made.guests.set(id, guest)
      made.agents.set(id, new FakeAgent(guest))
    }
    return made
  }

  domain(id: string): Domain {
    const domain = this.bench.core.domains().find((candidate) => candidate.id === id)
    if (domain === undefined) throw new Error(`no ${id}`)
    return domain
  }

  agent(id: string): FakeAgent {
    const agent = this.agents.get(id)
    if (agent === undefined) throw new Error(`no agent of ${id}`)
    return agent
  }

  /** Lets guests and supervisor talk until nobody has anything to say. */
  async settle(): Promise<void> {
    let rounds = 0
    for (let idle = 0; idle < 3; rounds++) {
      if (rounds > 10_000) throw new Error('guests and supervisor talk without end')
      // oxlint-disable-next-line no-await-in-loop -- promises settle between two looks
      await new Promise<void>((resolve) => void setImmediate(resolve))
      let worked = false
      for (const agent of this.agents.values()) worked = agent.work() || worked
      idle = worked ? 0 : idle + 1
    }
  }

  /** Settles everything and answers what came of `work`. */
  async result<Value>(work: Promise<Value>): Promise<Value> {
    const box: Value[] = []
    void work.then((value) => box.push(value))
    await this.settle()
    const [value] = box
    if (value === undefined) throw new Error('it is still under way')
    return value
  }

  send(from: string, ...args: string[]): Promise<Result<string, Fault>> {
    const request = sanitiseSend(args)
    return request.ok
      ? this.broker.sends.send(this.domain(from), request.value)
      : Promise.resolve({ ok: false, error: request.error })
  }

  clip(from: string, ...args: string[]): Promise<Result<string, Fault>> {
    const request = sanitiseClip(args)
    return request.ok
      ? this.broker.clip.clip(this.domain(from), request.value)
      : Promise.resolve({ ok: false, error: request.error })
  }

  vault(from: string, ...args: string[]): Promise<Result<string, Fault>> {
    const request = sanitiseVault(args)
    return request.ok
      ? this.broker.vault.call(this.domain(from), request.value)
      : Promise.resolve({ ok: false, error: request.error })
  }
}
