/** What a start is made of: a machine that resumes from its appliance's golden snapshot, or else one that boots. */

import { err, ok, type Result } from '../base/result.ts'
import type { DomainOrigin } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { MachineSpec, ResumeSource } from '../protocol/guest.ts'
import type { HandOff, VerifiedGolden } from '../protocol/hand-off.ts'
import { fingerprintOf, type MachineFingerprint } from '../protocol/machine-state.ts'
import type { DomainListener, DomainPort, HyperCoreEnvironment } from './environment.ts'
import { Flash } from './flash.ts'
import { Goldens } from './goldens.ts'
import type { DomainIdentity } from './domain-identity.ts'
import type { Machine } from './life.ts'
import type { Nursery, Seedling } from './nursery.ts'
import { ownMachine } from './own-image.ts'

/**
 * Builds the machine of a start, to resume where it can; `notFrom` is what it must not resume from again, having been
 * refused with those words. A fault, or what it throws, is the report of a failed boot.
 */
export type BuildMachine = (notFrom: string | undefined) => Promise<Result<BuiltMachine, Fault>>

export type BuiltMachine = { readonly machine: Machine; readonly origin: DomainOrigin }

/** boot: whoever restarts a guest wants to see it boot, and to be rid of the state it was in. */
export type StartMode = 'resume' | 'boot'

/** Bytes of the disk that a state of such a machine writes to; undefined where it has none. */
export function writableBytes({ devices }: MachineFingerprint): number | undefined {
  const found = /\bhdb writable (\d+)/.exec(devices)?.[1]
  return found === undefined ? undefined : Number(found)
}

function goldenSource({ content, sha256, stage, blankDisk }: VerifiedGolden): Seedling['source'] {
  return { kind: 'golden', file: content, sha256, stage, blankDisk }
}

export class Starter {
  readonly flash: Flash
  readonly #handOff: HandOff
  readonly #goldens: Goldens
  readonly #environment: HyperCoreEnvironment
  readonly #nursery: Nursery

  constructor(handOff: HandOff, environment: HyperCoreEnvironment, nursery: Nursery) {
    this.#handOff = handOff
    this.#environment = environment
    this.#nursery = nursery
    this.flash = new Flash(handOff)
    this.#goldens = new Goldens(handOff)
  }

  /** Whether a start finds a golden snapshot that fits. */
  resumes(identity: DomainIdentity): boolean {
    return this.seedling(identity) !== undefined
  }

  /** What a worker can begin with before a start; undefined where that finds no golden snapshot. */
  seedling(identity: DomainIdentity): Seedling | undefined {
    if (identity.image !== undefined) return undefined
    const hardware = this.flash.hardware(identity)
    if (!hardware.ok) return undefined
    const golden = this.#goldens.fitting(identity, hardware.value)
    if (!golden.ok) return undefined
    const { scripts, engine } = this.#handOff
    return {
      scriptUrl: scripts.domain.url,
      name: identity.definition.name,
      source: goldenSource(golden.value),
      spec: hardware.value,
      engine: engine.module,
    }
  }

  /** Nothing is starting: the worker of whoever does next can be loaded. */
  expectGuest(): void {
    this.#environment.expectDomain?.(this.#handOff.scripts.domain.url)
  }

  /** What a state must fit to be one of this domain's machine. */
  fingerprint(identity: DomainIdentity): Result<MachineFingerprint, Fault> {
    const hardware = this.flash.hardware(identity)
    return hardware.ok ? ok(fingerprintOf(hardware.value, this.#handOff.engine.sha256)) : hardware
  }

  /** A machine that was built ahead and is not this one lets go of its disk. */
  #releaseDisk({ hdb }: MachineSpec): void {
    if (hdb?.kind === 'persistent') this.#nursery.releaseDisk(hdb.name)
  }

  /** @param notFrom its golden snapshot has just been refused by the machine itself, with these words */
  async build(
    identity: DomainIdentity,
    mode: StartMode | ResumeSource,
    notFrom: string | undefined,
  ): Promise<Result<BuiltMachine, Fault>> {
    const { engine, scripts } = this.#handOff
    const parts = { scriptUrl: scripts.domain.url, engine: engine.module }
    if (identity.image !== undefined) {
      const roms = await this.flash.roms()
      if (!roms.ok) return roms
      const spec = ownMachine(identity.image, roms.value, identity.memoryMiB, identity.mac)
      return ok({ machine: { ...parts, spec, resume: undefined }, origin: { kind: 'boot', why: undefined } })
    }
    const hardware = this.flash.hardware(identity)
    if (!hardware.ok) return hardware
    if (typeof mode === 'object') {
      this.#releaseDisk(hardware.value)
      // A state is somebody's choice: where it does not restore, nothing is started in its place.
      if (notFrom !== undefined)
        return err(fault('failed', `${identity.name} does not go on from there: ${notFrom}.`))
      const awakening = { hostname: identity.id, mac: identity.mac, stage: 'ready' as const, shown: false }
      const machine = { ...parts, spec: hardware.value, resume: { source: mode, awakening } }
      return ok({ machine, origin: { kind: 'snapshot' } })
    }
    let why: string | undefined
    if (mode === 'resume') {
      const { name } = identity.definition
      if (notFrom !== undefined) this.#goldens.giveUp(name, notFrom)
      const golden = this.#goldens.fitting(identity, hardware.value)
      if (golden.ok) {
        const { stage, blankDisk } = golden.value
        if (blankDisk) this.#goldens.spend(name)
        const awakening = { hostname: identity.id, mac: identity.mac, stage, shown: blankDisk }
        const source = goldenSource(golden.value)
        const adopt = (listener: DomainListener): DomainPort | undefined => {
          const taken = this.#nursery.take(source, listener)
          if (taken === undefined) this.#releaseDisk(hardware.value)
          return taken
        }
        const machine = { ...parts, spec: hardware.value, resume: { source, awakening }, adopt }
        return ok({ machine, origin: { kind: 'golden' } })
      }
      if (!golden.error.usual) why = golden.error.words
    }
    this.#releaseDisk(hardware.value)
    const spec = await this.flash.buildSpec(identity, (image) => this.#environment.composeBootImage(image))
    if (!spec.ok) return spec
    const origin: DomainOrigin = { kind: 'boot', why }
    return ok({ machine: { ...parts, spec: spec.value, resume: undefined }, origin })
  }
}
