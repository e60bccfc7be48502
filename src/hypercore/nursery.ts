/**
 * Workers with a machine that stands at its golden snapshot before anybody starts a guest from it: during the firmware's boot
 * delay those that will start at hand-off, and later one for the next disposable, whose guest is let draw its first screen in
 * the size that it will be shown in, and then stands still. No other guest executes in them; what is not used is ended.
 */

import type { MachineSpec, ResumeSource } from '../protocol/guest.ts'
import type { ScreenSize } from '../protocol/screen.ts'
import { rehearsal } from './awakening.ts'
import type { DomainListener, DomainPort, HyperCoreEnvironment } from './environment.ts'

export type GoldenSource = Extract<ResumeSource, { kind: 'golden' }>

/** What a worker is made of. */
export type Seedling = {
  readonly scriptUrl: string
  readonly name: string
  readonly source: GoldenSource
  readonly spec: MachineSpec
  readonly engine: WebAssembly.Module
}

/** How long a worker may take to close its disks before it is ended without. Milliseconds. */
const LET_GO_MS = 1000

type Prepared = {
  readonly sha256: string
  /** Name of the kept disk that it has open. */
  readonly disk: string | undefined
  readonly port: DomainPort
  /** Until somebody takes it. */
  listener: DomainListener
  /** What its guest was asked to draw. */
  screen: ScreenSize | undefined
}

export class Nursery {
  readonly #environment: Pick<HyperCoreEnvironment, 'spawnDomain' | 'after'>
  readonly #waiting: Seedling[] = []
  readonly #prepared = new Set<Prepared>()
  /** Taken or not. */
  readonly #working = new Set<Prepared>()
  #lanes = 1

  constructor(environment: Pick<HyperCoreEnvironment, 'spawnDomain' | 'after'>) {
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

  /** Lets the guest that is ahead at this state draw its first screen in this size, unless it has. */
  fit(sha256: string, screen: ScreenSize): void {
    for (const each of this.#prepared) {
      const { width, height } = each.screen ?? { width: 0, height: 0 }
      if (each.sha256 !== sha256 || (width === screen.width && height === screen.height)) continue
      each.screen = screen
      each.port.post({ kind: 'rehearse', frames: rehearsal(screen) }, [])
    }
  }

  /** The worker that builds or has built a machine at this state; it speaks to `listener` from now on. */
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

  /** Whoever opens this kept disk has it to themselves. */
  releaseDisk(name: string): void {
    for (const each of this.#prepared) if (each.disk === name) this.#drop(each)
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

  #begin({ scriptUrl, name, source, spec, engine }: Seedling): void {
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
      disk: spec.hdb?.kind === 'persistent' ? spec.hdb.name : undefined,
      port,
      screen: undefined,
      listener: {
        message: (event) => {
          if (event.kind === 'crashed') this.#end(prepared)
        },
        error: () => this.#end(prepared),
      },
    }
    this.#prepared.add(prepared)
    this.#working.add(prepared)
    port.post({ kind: 'prepare', source, spec, engine }, [])
  }

  #ended(prepared: Prepared): void {
    this.#working.delete(prepared)
    this.#goOn()
  }

  /** Whoever starts the guest gets another worker. */
  #drop(prepared: Prepared): void {
    this.#prepared.delete(prepared)
    if (prepared.disk === undefined) {
      this.#end(prepared)
      return
    }
    // The browser itself frees the disk of an ended worker seconds later.
    const late = this.#environment.after(LET_GO_MS, () => this.#end(prepared))
    const gone = (): void => {
      late()
      this.#end(prepared)
    }
    prepared.listener = {
      message: (event) => {
        if (event.kind === 'let-go' || event.kind === 'crashed') gone()
      },
      error: gone,
    }
    prepared.port.post({ kind: 'let-go' }, [])
  }

  #end(prepared: Prepared): void {
    this.#prepared.delete(prepared)
    prepared.port.terminate()
    this.#ended(prepared)
  }
}
