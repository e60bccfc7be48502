/** The policy as the page knows it: the text in force, the log of decisions, and the questions that wait for the person. */

import { createStore, type StoreApi } from 'zustand/vanilla'
import {
  DEFAULT_POLICY,
  formatPolicy,
  parsePolicy,
  type ConsentRequest,
  type PolicyDecision,
  type PolicyEntry,
  type PolicyRule,
} from '../protocol/policy.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'

export type PolicyState = {
  /** In force. */
  readonly text: string
  /** The latest last; one row for all decisions that are the same. */
  readonly decisions: readonly PolicyDecision[]
  /** Denied since the start. */
  readonly denied: number
  readonly consents: readonly ConsentRequest[]
}

/** As many as the supervisor keeps. */
const DECISIONS_LIMIT = 512

type PolicyEvent = Extract<SupervisorEvent, { type: 'policy' | 'decisions' | 'consents' }>

export class PolicyDesk {
  readonly store: StoreApi<PolicyState> = createStore<PolicyState>(() => ({
    text: DEFAULT_POLICY,
    decisions: [],
    denied: 0,
    consents: [],
  }))
  readonly #set: (text: string) => Promise<void>

  constructor(set: (text: string) => Promise<void>) {
    this.#set = set
  }

  receive(event: PolicyEvent): void {
    switch (event.type) {
      case 'policy':
        return this.store.setState({ text: event.text })
      case 'decisions':
        return this.store.setState(({ decisions }) => ({
          decisions: withRows(decisions, event.rows),
          denied: event.denied,
        }))
      case 'consents':
        return this.store.setState({ consents: event.open })
    }
  }

  rules(): PolicyRule[] {
    return this.#entries().flatMap((entry) =>
      entry.kind === 'rule'
        ? [
            {
              source: entry.source,
              destination: entry.destination,
              service: entry.service,
              verdict: entry.verdict,
            },
          ]
        : [],
    )
  }

  /** @throws (rejects) FaultError: malformed, naming the line */
  setText(text: string): Promise<void> {
    return this.#set(text)
  }

  /** Keeps the zones; comments go with the rules they stood at. */
  setRules(rules: readonly PolicyRule[]): Promise<void> {
    const zones = this.#entries().filter((entry) => entry.kind === 'zone')
    const entries: PolicyEntry[] = rules.map((rule) => ({
      kind: 'rule',
      source: rule.source,
      destination: rule.destination,
      service: rule.service,
      verdict: rule.verdict,
      comment: '',
    }))
    return this.#set(formatPolicy({ entries: [...zones, ...entries] }))
  }

  #entries(): readonly PolicyEntry[] {
    const parsed = parsePolicy(this.store.getState().text)
    return parsed.ok ? parsed.value.entries : []
  }
}

function rowKey({ line, answered, source, destination, service }: PolicyDecision): string {
  return [line, answered, source, destination, service].join(' ')
}

/** A flood's rows come in batches, those first that have waited longest: which is the latest is told by their times. */
function withRows(known: readonly PolicyDecision[], changed: readonly PolicyDecision[]): PolicyDecision[] {
  const keys = new Set(changed.map(rowKey))
  return [...known.filter((row) => !keys.has(rowKey(row))), ...changed]
    .toSorted((one, other) => one.at - other.at)
    .slice(-DECISIONS_LIMIT)
}
