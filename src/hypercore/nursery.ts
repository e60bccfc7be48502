/**
 * Workers that have unpacked a golden snapshot before anybody starts a guest from it: during the firmware's boot delay for
 * those that will start at hand-off, and later one for the next disposable. No guest executes in them, and nothing of the
 * person's is in them; what is not used is ended.
 */

import type { ResumeSource } from '../protocol/guest.ts'
import type { DomainListener, DomainPort, HyperCoreEnvironment } from './environment.ts'

export type GoldenSource = Extract<ResumeSource, { kind: 'golden' }>

/** What a worker is made of. */
export type Seedling = { readonly scriptUrl: string; readonly name: string; readonly source: GoldenSource }

type Prepared = {
  readonly sha256: string
  readonly port: DomainPort
  /** Until somebody takes it. */
  listener: DomainListener
}

export class Nursery {
  readonly #environment: Pick<HyperCoreEnvironment, 'spawnDomain'>
  readonly #waiting: Seedling[] = []
  readonly #prepared = new Set<Prepared>()
  /** Taken or not. */
  readonly #working = new Set<Prepared>()
  #lanes = 1

  constructor(environment: Pick<HyperCoreEnvironment, 'spawnDomain'>) {
    this.#environment = environment
  }

  /** Prepares them in this order, so many at a time. */
  prepare(seedlings: readonly Seedling[], lanes: number): void {
    this.#waiting.push(...seedlings)
    this.#lanes = lanes
    this.#goOn()
  }

  /** Whether one is there, or under way, for this state. */
  has(sha256: string): boolean {
    return [...this.#prepared].some((each) => each.sha256 === sha256)
  }

  /** The worker that unpacks or has unpacked this state; it speaks to `listener` from now on. */
  take({ sha256 }: GoldenSource, listener: DomainListener): DomainPort | undefined {
    const taken = [...this.#prepared].find((each) => each.sha256 === sha256)
    if (taken === undefined) return undefined
    this.#prepared.delete(taken)
    taken.listener = listener
    const { port } = taken
    return {
      post: (request, transfer) => port.post(request, transfer),
      terminate: () => {
        port.terminate()
        this.#ended(taken)
      },
    }
  }

  /** Ends what nobody took; what was not begun is not. */
  clear(): void {
    this.#waiting.length = 0
    for (const each of this.#prepared) this.#drop(each)
  }

  #goOn(): void {
    while (this.#working.size < this.#lanes) {
      const seedling = this.#waiting.shift()
      if (seedling === undefined) return
      this.#begin(seedling)
    }
  }

  #begin({ scriptUrl, name, source }: Seedling): void {
    const port = this.#environment.spawnDomain(scriptUrl, name, {
      message: (event) => {
        if (event.kind === 'prepared') this.#ended(prepared)
        else prepared.listener.message(event)
      },
      error: (detail) => {
        this.#ended(prepared)
        prepared.listener.error(detail)
      },
    })
    const prepared: Prepared = {
      sha256: source.sha256,
      port,
      listener: {
        message: (event) => {
          if (event.kind === 'crashed') this.#drop(prepared)
        },
        error: () => this.#drop(prepared),
      },
    }
    this.#prepared.add(prepared)
    this.#working.add(prepared)
    port.post({ kind: 'prepare', source }, [])
  }

  #ended(prepared: Prepared): void {
    this.#working.delete(prepared)
    this.#goOn()
  }

  /** Whoever starts the guest gets another, and hears of it if that fails, too. */
  #drop(prepared: Prepared): void {
    prepared.port.terminate()
    this.#prepared.delete(prepared)
    this.#ended(prepared)
  }
}
