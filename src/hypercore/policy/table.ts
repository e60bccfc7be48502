/** The policy in force: which line decides a flow, found once and remembered. */

import type { Flow, Policy, PolicyRule, Verdict } from '../../protocol/policy.ts'

export type Ruling = {
  readonly verdict: Verdict
  /** Of the text, from 1; beyond its end: no line fits. */
  readonly line: number
}

/** Distinct flows remembered; a guest that scans every port would otherwise fill the memory. */
const CACHE_LIMIT = 4096

type Line = PolicyRule & { readonly line: number }

/** What a policy calls a domain, beside its own id. */
export type ApplianceOf = (id: string) => string | undefined

/** Services of the broker, which no frame carries. */
export const BROKERED: ReadonlySet<string> = new Set(['file', 'clip', 'secret', 'sign'])

export class PolicyTable {
  readonly #lines: readonly Line[]
  readonly #zones: ReadonlyMap<string, readonly string[]>
  readonly #lastLine: number
  readonly #applianceOf: ApplianceOf
  readonly #rulings = new Map<string, Ruling>()
  readonly #mayTalk = new Map<string, boolean>()

  constructor({ entries }: Policy, applianceOf: ApplianceOf) {
    this.#lines = entries.flatMap((entry, index) =>
      entry.kind === 'rule' ? [{ ...entry, line: index + 1 }] : [],
    )
    this.#zones = new Map(
      entries.flatMap((entry) => (entry.kind === 'zone' ? [[entry.name, entry.members] as const] : [])),
    )
    this.#lastLine = entries.length + 1
    this.#applianceOf = applianceOf
  }

  decide({ source, destination, service }: Flow): Ruling {
    const key = `${source}\n${destination}\n${service}`
    const known = this.#rulings.get(key)
    if (known !== undefined) return known
    const ruling = this.#find(source, destination, service)
    if (this.#rulings.size >= CACHE_LIMIT) this.#rulings.clear()
    this.#rulings.set(key, ruling)
    return ruling
  }

  #find(source: string, destination: string, service: string): Ruling {
    const from = this.#names(source)
    const to = this.#names(destination)
    const line = this.#lines.find(
      (rule) =>
        from.has(rule.source) &&
        to.has(rule.destination) &&
        (rule.service === '*' || rule.service === service),
    )
    return line ?? { verdict: 'deny', line: this.#lastLine }
  }

  /** Whether `source` may open any flow of frames to `destination`, with or without asking: by a line that decides one. */
  mayTalk(source: string, destination: string): boolean {
    const key = `${source}\n${destination}`
    const known = this.#mayTalk.get(key)
    if (known !== undefined) return known
    const from = this.#names(source)
    const to = this.#names(destination)
    const fitting = this.#lines.filter((rule) => from.has(rule.source) && to.has(rule.destination))
    // A star leaves something to decide whatever stands above it: there are more ports than a table has lines.
    const end = fitting.findIndex(({ service }) => service === '*')
    const may = fitting
      .slice(0, end < 0 ? undefined : end + 1)
      .some(
        ({ verdict, service }, index, before) =>
          verdict !== 'deny' &&
          !BROKERED.has(service) &&
          !before.slice(0, index).some((line) => line.service === service),
      )
    if (this.#mayTalk.size >= CACHE_LIMIT) this.#mayTalk.clear()
    this.#mayTalk.set(key, may)
    return may
  }

  /** A domain came or went, so that a name may mean another. */
  forget(): void {
    this.#rulings.clear()
    this.#mayTalk.clear()
  }

  /** Everything that the policy may call `party`. */
  #names(party: string): ReadonlySet<string> {
    const names = new Set([party])
    const appliance = this.#applianceOf(party)
    if (appliance !== undefined) names.add(appliance)
    for (const [zone, members] of this.#zones)
      if (members.some((member) => names.has(member))) names.add(zone)
    // Other machines are let in by name alone.
    if (party !== 'trunk') names.add('*')
    return names
  }
}
