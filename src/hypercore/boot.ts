/**
 * Gets guests going: makes ready before the hand-off what will start with it, starts that, the first screen first, and from
 * then on keeps one worker ahead for the next disposable.
 */

import { ok, type Result } from '../base/result.ts'
import { findAppliance } from '../appliances/definitions.ts'
import type { Fault } from '../protocol/fault.ts'
import type { HandOff } from '../protocol/hand-off.ts'
import { bootOrder, parallelStarts, READY_PATIENCE_MS } from './boot-plan.ts'
import type { Domain } from './domain.ts'
import type { HyperCoreEnvironment } from './environment.ts'
import { Identities } from './identities.ts'
import type { LogLevel } from './life.ts'
import { checkBudget } from './memory-budget.ts'
import type { Nursery } from './nursery.ts'
import type { Snapshots } from './snapshots.ts'
import { Starter } from './starter.ts'

/** For the hand-off that comes if nobody presses a key. What another one does not need is ended after its boot. */
export function prepareBoot(
  handOff: HandOff,
  hibernating: readonly string[],
  environment: HyperCoreEnvironment,
  nursery: Nursery,
): void {
  const starter = new Starter(handOff, environment, nursery)
  const identities = new Identities(handOff, starter.flash)
  const seedlings = bootOrder(handOff).flatMap((name) => {
    const definition = hibernating.includes(name) ? undefined : findAppliance(name)
    if (definition === undefined) return []
    const made = identities.make(definition, {}, 'original', undefined, new Map())
    const seedling = made.ok ? starter.seedling(made.value.identity) : undefined
    return seedling === undefined ? [] : [seedling]
  })
  nursery.prepare(seedlings, parallelStarts(handOff.platform.processors, true))
}

/** The supervisor around it. */
export type BootHost = {
  readonly domains: () => readonly Domain[]
  readonly start: (domain: Domain) => Promise<Result<void, Fault>>
  readonly log: (level: LogLevel, text: string, domain: Domain) => void
}

export class Boot {
  readonly #host: BootHost
  readonly #handOff: HandOff
  readonly #starter: Starter
  readonly #nursery: Nursery
  readonly #snapshots: Snapshots
  #isOver = false

  constructor(
    host: BootHost,
    parts: { handOff: HandOff; starter: Starter; nursery: Nursery; snapshots: Snapshots },
  ) {
    this.#host = host
    this.#handOff = parts.handOff
    this.#starter = parts.starter
    this.#nursery = parts.nursery
    this.#snapshots = parts.snapshots
  }

  /** Starts what the person chose (boot-plan.ts). */
  async run(): Promise<void> {
    const { domains, log, start } = this.#host
    const queue = bootOrder(this.#handOff).flatMap((name) =>
      domains().filter(({ id, state }) => id === name && state === 'created'),
    )
    const startNext = async (): Promise<void> => {
      const domain = queue.shift()
      if (domain === undefined) return
      const isNew = domain.state === 'created'
      const resumed = isNew && (await this.#snapshots.resumeHibernated(domain))
      const started = isNew && !resumed && !domain.live ? await start(domain) : ok(undefined)
      if (started.ok) await domain.readyOrOver(READY_PATIENCE_MS)
      else if (domain.state === 'created') log('error', started.error.message, domain)
      await startNext()
    }
    const resuming = queue.every(({ identity }) => this.#starter.resumes(identity))
    const lanes = parallelStarts(this.#handOff.platform.processors, resuming)
    await Promise.all(Array.from({ length: lanes }, startNext))
    this.#nursery.clear()
    this.#isOver = true
    await this.#snapshots.open()
  }

  /**
   * Now and then: the next domain finds its worker's script loaded, and the next disposable finds its state unpacked and its first screen drawn in the stage's size, where the
   * budget has room for that guest.
   */
  tick(): void {
    const live = this.#host.domains().filter((domain) => domain.live)
    if (!this.#isOver || live.some((domain) => domain.state === 'starting')) return
    this.#starter.expectGuest()
    const disposable = this.#host
      .domains()
      .find(({ identity }) => identity.definition.keeping === 'asked' && identity.image === undefined)
    const seedling = disposable === undefined ? undefined : this.#starter.seedling(disposable.identity)
    if (disposable === undefined || seedling === undefined) return
    const uses = live.flatMap(({ memoryUses }) => memoryUses)
    if (!checkBudget(this.#handOff.memoryBudgetMiB, uses, disposable.identity).ok) this.#nursery.clear()
    else if (!this.#nursery.has(seedling.source.sha256)) this.#nursery.prepare([seedling], 1)
    else if (disposable.screen !== undefined && this.#isQuiet(live))
      this.#nursery.fit(seedling.source.sha256, disposable.screen)
  }

  /** Guests leave half of the processors: what nobody has asked for yet may run. */
  #isQuiet(live: readonly Domain[]): boolean {
    const demand = live.reduce((sum, { demandPercent }) => sum + demandPercent, 0)
    return demand <= 50 * this.#handOff.platform.processors
  }
}
