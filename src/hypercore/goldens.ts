/** Which golden snapshot a domain resumes from, if any, and why not where there is none that fits. */

import { err, ok, type Result } from '../base/result.ts'
import type { HandOff, RefusedGolden, VerifiedGolden } from '../protocol/hand-off.ts'
import type { MachineSpec } from '../protocol/guest.ts'
import { fingerprintOf, machineDifference } from '../protocol/machine-state.ts'
import type { DomainIdentity } from './domain-identity.ts'

/** Why a domain boots. `usual`: as each of its starts but the first does, which nobody needs to be told every time. */
export type NoGolden = { readonly usual: boolean; readonly words: string }

export class Goldens {
  readonly #handOff: Pick<HandOff, 'goldens' | 'refusedGoldens' | 'engine'>
  /** By appliance, why a machine turned out unable to resume from its golden. */
  readonly #unusable = new Map<string, string>()
  readonly #spent = new Set<string>()

  constructor(handOff: Pick<HandOff, 'goldens' | 'refusedGoldens' | 'engine'>) {
    this.#handOff = handOff
  }

  /** The one that a machine of `spec` resumes from. */
  fitting(
    { id, definition: { name: appliance } }: Pick<DomainIdentity, 'id' | 'definition'>,
    spec: MachineSpec,
  ): Result<VerifiedGolden, NoGolden> {
    const golden = this.#handOff.goldens.find((each) => each.appliance === appliance)
    if (golden === undefined) return err(this.#absence(appliance))
    const unusable = this.#unusable.get(appliance)
    if (unusable !== undefined) return err({ usual: false, words: unusable })
    // Its screen shows the name that it was baked with, and its disk is not blank after it.
    if (golden.blankDisk && (this.#spent.has(appliance) || id !== appliance))
      return err({ usual: true, words: 'it was taken for the first start alone' })
    const difference = machineDifference(fingerprintOf(spec, this.#handOff.engine.sha256), golden.machine)
    if (difference === undefined) return ok(golden)
    return err({ usual: false, words: `its golden snapshot is of another machine: ${difference}` })
  }

  /** A disk that was blank is not after this start. */
  spend(appliance: string): void {
    this.#spent.add(appliance)
  }

  /** Not to be tried again in this run. */
  giveUp(appliance: string, words: string): void {
    this.#unusable.set(appliance, `its golden snapshot does not restore: ${words}`)
  }

  #absence(appliance: string): NoGolden {
    const refused = this.#handOff.refusedGoldens.find((each) => each.appliance === appliance)
    const words =
      refused === undefined
        ? 'this build has no golden snapshot of it'
        : `its golden snapshot was refused: ${reasonWords(refused)}`
    return { usual: false, words }
  }
}

function reasonWords({ reason }: RefusedGolden): string {
  return reason.kind === 'mismatch' ? 'its SHA-256 is not the one that the build noted' : reason.detail
}
