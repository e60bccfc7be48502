/** Whether something may cross between two domains, or between a domain and the person: the policy's line, then the person where it says so. */

import { err, ok, type Result } from '../../base/result.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import type { Domain } from '../domain.ts'

/** `host`: the person's side, their files and their clipboard. */
export type Party = Domain | 'host'

export type BrokeredService = 'file' | 'clip' | 'secret' | 'sign'

export type Crossing = {
  readonly source: Party
  readonly destination: Party
  readonly service: BrokeredService
}

/** What the gate stands on: the policy's table and the person. */
export type Judges = {
  /** Decides by the policy and records the decision. */
  decide(crossing: Crossing): 'allow' | 'ask' | 'deny'
  /** Puts a question to the person. Answers false where they do not answer. */
  ask(crossing: Crossing, words: string): Promise<boolean>
}

export class Gate {
  readonly #judges: Judges
  /** By crossing, the question under way: two files are two questions, each with its own words. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(judges: Judges) {
    this.#judges = judges
  }

  /** Whether the policy has no objection at this moment; what `ask` would say was said before. */
  stands(crossing: Crossing): Result<void, Fault> {
    return this.#judges.decide(crossing) === 'deny' ? denied(crossing) : ok(undefined)
  }

  /**
   * Settles whether it may cross. `possible` is asked between the policy and the person: nobody is told why something
   * is impossible that they may not do, and nobody is asked about what is impossible.
   */
  async permit(
    crossing: Crossing,
    words: string,
    possible: () => Promise<Result<void, Fault>> = () => Promise.resolve(ok(undefined)),
  ): Promise<Result<void, Fault>> {
    const verdict = this.#judges.decide(crossing)
    if (verdict === 'deny') return denied(crossing)
    const can = await possible()
    if (!can.ok || verdict === 'allow') return can
    if (await this.#inTurn(crossing, () => this.#judges.ask(crossing, words))) return ok(undefined)
    return err(fault('forbidden', 'the person at the console did not allow it'))
  }

  /** Nobody may pass by the answer to another's question. */
  async #inTurn(crossing: Crossing, ask: () => Promise<boolean>): Promise<boolean> {
    const { source, destination, service } = crossing
    const key = [nameOf(source), nameOf(destination), service].join('\n')
    const asked = (this.#turns.get(key) ?? Promise.resolve()).then(ask)
    this.#turns.set(key, asked)
    try {
      return await asked
    } finally {
      if (this.#turns.get(key) === asked) this.#turns.delete(key)
    }
  }
}

function nameOf(party: Party): string {
  return party === 'host' ? 'host' : party.id
}

function denied({ source, destination, service }: Crossing): { ok: false; error: Fault } {
  const words = `the policy does not let ${service} cross from ${nameOf(source)} to ${nameOf(destination)}`
  return err(fault('forbidden', words))
}
