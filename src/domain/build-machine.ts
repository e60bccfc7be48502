/** Builds a domain's machine: opens its disks, receives the state that it goes on from, and puts both together. */

import { ok, type Result } from '../base/result.ts'
import { Machine, type MachineHooks } from '../machine/machine.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { DiskSource, MachineSpec, ResumeSource } from '../protocol/guest.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import { openDisk, type OpenPersistent } from './open-disk.ts'
import { openResumeSource } from './resume.ts'
import { StateKeeper } from './state-keeper.ts'
import { TrackedDisk } from './tracked-disk.ts'

export type BuildOrder = {
  readonly spec: MachineSpec
  readonly engine: WebAssembly.Module
  /** Undefined: it boots. */
  readonly resume?: ResumeSource
}

export type BuildEnvironment = {
  readonly openDisk: OpenPersistent
  readonly hooks: MachineHooks
  /** A disk that is in use failed; a sentence for a person. */
  readonly trouble: (message: string) => void
  /** Somebody else wants the machine to stand still. */
  readonly isHeld: () => boolean
  /** A step has ended: for the browser's timeline. */
  readonly mark?: ((step: string) => void) | undefined
}

/** A machine in which nothing has executed. Whoever has it disposes it, which closes its disks. */
export type Built = {
  readonly machine: Machine
  readonly disks: readonly BlockStore[]
  readonly keeper: StateKeeper
  /** What its console had shown when its state was taken. */
  readonly console: Uint8Array<ArrayBuffer>
}

/** The state is not for this machine: the supervisor has it boot instead. */
export class NotResumed extends Error {
  override readonly name = 'NotResumed'
  readonly stateFault: StateFault

  constructor(stateFault: StateFault) {
    super(stateFault.message)
    this.stateFault = stateFault
  }
}

/** An expected failure, in words for a person. */
export class BootFailure extends Error {
  override readonly name = 'BootFailure'
}

type OpenedDisks = Record<'fda' | 'hda' | 'hdb' | 'cdrom', BlockStore | undefined>

/** What it fails with is asked for later; or never, where something else fails before. */
function heardLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

function taken<T>(result: Result<T, StateFault>): T {
  if (!result.ok) throw new NotResumed(result.error)
  return result.value
}

/** @throws (rejects) NotResumed, BootFailure, and what the machine makes of a spec it cannot build; no disk is open then */
export async function buildMachine(order: BuildOrder, environment: BuildEnvironment): Promise<Built> {
  const { spec, engine, resume } = order
  const { hooks, isHeld } = environment
  const opened: BlockStore[] = []
  const marked = async <T>(step: string, work: Promise<T>): Promise<T> => {
    const result = await work
    environment.mark?.(step)
    return result
  }
  let machine: Machine | undefined
  try {
    // Both come while the disks are opened and the machine is built.
    const state =
      resume === undefined
        ? undefined
        : heardLater(marked('state unpacked', openResumeSource(resume, spec.memoryMiB)))
    const disks = await marked('disks open', openDisks(order, environment, opened))
    const tracked = Object.values(disks).filter((disk) => disk instanceof TrackedDisk)
    if (state === undefined) {
      machine = await Machine.create(spec, engine, disks, hooks)
      const keeper = new StateKeeper(machine, tracked, isHeld)
      return { machine, disks: opened, keeper, console: new Uint8Array() }
    }
    const coming = heardLater(state.then((opened) => (opened.ok ? ok(opened.value.machine) : opened)))
    machine = taken(await Machine.resume(spec, engine, disks, hooks, coming))
    const source = taken(await state)
    taken(await source.settleDisks(tracked))
    const keeper = new StateKeeper(machine, tracked, isHeld, source.stored)
    return { machine, disks: opened, keeper, console: source.console.slice() }
  } catch (error) {
    machine?.dispose()
    for (const store of opened) store.close()
    throw error
  }
}

async function openDisks(
  { spec, resume }: BuildOrder,
  { openDisk: openPersistent, trouble }: BuildEnvironment,
  opened: BlockStore[],
): Promise<OpenedDisks> {
  // At its first screen a guest has in memory what it needs for that.
  const readsSoon = resume === undefined || (resume.kind === 'golden' && resume.stage === 'checkpoint')
  const open = async (source: DiskSource | undefined): Promise<BlockStore | undefined> => {
    if (source === undefined) return undefined
    const store = await openDisk(source, readsSoon, openPersistent, trouble)
    if (!store.ok) throw new BootFailure(store.error.message)
    const disk = store.value.readOnly ? store.value : new TrackedDisk(store.value)
    opened.push(disk)
    return disk
  }
  return {
    fda: await open(spec.fda),
    hda: await open(spec.hda),
    hdb: await open(spec.hdb),
    cdrom: await open(spec.cdrom),
  }
}
