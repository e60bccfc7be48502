/** Boots one guest up to its bake point and takes its state. */

import { assertNever } from '../base/assert.ts'
import { PackedStore, readOnlyStore, VolatileStore } from '../machine/block-stores.ts'
import { Machine, type MachineEnd } from '../machine/machine.ts'
import type { MachineState } from '../machine/machine-state.ts'
import { GuestFrame } from '../protocol/agent.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { DiskSource, GoldenStage } from '../protocol/guest.ts'
import type { BakePlan } from './plan.ts'

/** As the domain has it. */
const REPLENISH_MS = 250

/** Far above what any guest takes, on a machine that has much else to do. */
const PATIENCE_MS = 180_000

/** A guest at its bake point has settled when it used less than a tenth of a core in so many looks in a row. */
const QUIET_LOOKS = 3
const LOOK_MS = 100
const MOST_LOOKS = 100

/** A disk to bake beside: of the right size, empty, forgotten. */
async function storeOf(source: DiskSource | undefined): Promise<BlockStore | undefined> {
  switch (source?.kind) {
    case undefined:
      return undefined
    case 'read-only': {
      const store = readOnlyStore(source)
      if (store instanceof PackedStore) await store.unpack()
      return store
    }
    case 'volatile':
      return new VolatileStore(source.bytes)
    case 'persistent':
      return new VolatileStore(source.base.kind === 'blank' ? source.base.bytes : source.base.blob.size)
    default:
      return assertNever(source)
  }
}

export type Baked = { readonly state: MachineState; readonly stage: GoldenStage }

/** @throws Error with the end of its console where the guest does not get there */
export async function bakeState({ appliance, spec }: BakePlan, engine: WebAssembly.Module): Promise<Baked> {
  const decoder = new TextDecoder()
  let text = ''
  let reached: (stage: GoldenStage) => void = () => undefined
  let failed: (error: Error) => void = () => undefined
  const bakePoint = new Promise<GoldenStage>((resolve, reject) => {
    reached = resolve
    failed = (error) => reject(new Error(`${appliance}: ${error.message}\n${text.slice(-2000)}`))
  })
  const machine: Machine = await Machine.create(
    spec,
    engine,
    { hda: await storeOf(spec.hda), hdb: await storeOf(spec.hdb), cdrom: await storeOf(spec.cdrom) },
    {
      consoleOutput: (bytes) => {
        text += decoder.decode(bytes, { stream: true })
        machine.console.acknowledge(bytes.length)
      },
      frame: () => undefined,
      agentFrame: ({ type }) => {
        if (type === GuestFrame.checkpoint) reached('checkpoint')
        else if (type === GuestFrame.ready) reached('ready')
      },
      networkFrames: () => undefined,
      spinning: () => undefined,
      ended: (end: MachineEnd) => failed(new Error(`ended before its bake point (${JSON.stringify(end)})`)),
    },
  )
  const clock = setInterval(() => machine.replenish(), REPLENISH_MS)
  const patience = setTimeout(
    () => failed(new Error('did not reach its bake point in three minutes')),
    PATIENCE_MS,
  )
  try {
    machine.start()
    const stage = await bakePoint
    await settled(machine)
    machine.pause()
    await machine.settle()
    const state = machine.captureState()
    if (!state.ok) throw new Error(`${appliance}: ${state.error.message}`)
    const copy = { device: state.value.device, ram: state.value.ram.slice() }
    return { state: copy, stage }
  } finally {
    clearInterval(clock)
    clearTimeout(patience)
    machine.dispose()
  }
}

/** What the first screen still sets in motion has come to rest: or never does, and is taken as it is. */
async function settled(machine: Machine): Promise<void> {
  let quiet = 0
  let before = machine.counters().busyMs
  for (let look = 0; look < MOST_LOOKS && quiet < QUIET_LOOKS; look++) {
    await new Promise<void>((resolve) => void setTimeout(resolve, LOOK_MS))
    const { busyMs } = machine.counters()
    quiet = busyMs - before < LOOK_MS / 10 ? quiet + 1 : 0
    before = busyMs
  }
}
