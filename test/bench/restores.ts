/**
 * Restoring under Node, one guest at a time: from the packed file to a guest whose agent has applied who it is now, beside
 * bare v86's own save_state and restore_state on a guest that booted the same image.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { V86 } from 'v86'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { gunzip } from '../../src/base/gunzip.ts'
import { bakeStates } from '../../src/bake/bake.ts'
import { SITES } from '../support/outside.ts'
import { bakePlan, readFlash, type BakePlan } from '../../src/bake/plan.ts'
import { wakeUp } from '../../src/hypercore/awakening.ts'
import { AgentFrameDecoder } from '../../src/machine/agent-frames.ts'
import { readOnlyStore, VolatileStore } from '../../src/machine/block-stores.ts'
import { Machine } from '../../src/machine/machine.ts'
import { encodeStateFile, openStateFile } from '../../src/machine/state-file.ts'
import { GuestFrame } from '../../src/protocol/agent.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import type { DiskSource } from '../../src/protocol/guest.ts'
import { median } from './statistics.ts'

export type RestoreFigure = {
  readonly name: string
  readonly rounds: number
  readonly stage: string
  readonly packedBytes: number
  /** Unpacking, building the machine, restoring, and the agent's word, together and the first of them alone. */
  readonly restoreMs: number
  readonly unpackMs: number
  readonly bareSaveMs: number
  readonly bareRestoreMs: number
}

const ROUNDS = 3
const IMAGES = fileURLToPath(new URL('../../images', import.meta.url))
const ENGINE = fileURLToPath(new URL('../../node_modules/v86/build/v86.wasm', import.meta.url))

const AWAKENING = { hostname: 'bench', mac: '02:48:53:00:00:09', stage: 'ready', shown: false } as const

function sizeOf(source: Exclude<DiskSource, { kind: 'read-only' }>): number {
  if (source.kind === 'volatile') return source.bytes
  return source.base.kind === 'blank' ? source.base.bytes : source.base.blob.size
}

function storeOf(source: DiskSource | undefined): BlockStore | undefined {
  if (source === undefined) return undefined
  return source.kind === 'read-only' ? readOnlyStore(source) : new VolatileStore(sizeOf(source))
}

/** Unpacked, as bare v86 wants a disk. */
async function contentOf({ blob, unpackedBytes }: Extract<DiskSource, { kind: 'read-only' }>) {
  return unpackedBytes === undefined ? blob.arrayBuffer() : (await gunzip(blob, unpackedBytes)).buffer
}

async function bareDisk(source: DiskSource | undefined): Promise<{ hda?: { buffer: ArrayBuffer } }> {
  if (source === undefined) return {}
  const buffer = source.kind === 'read-only' ? await contentOf(source) : new ArrayBuffer(sizeOf(source))
  return { hda: { buffer } }
}

/** Ours: milliseconds from the packed file to the pong. */
async function restore(plan: BakePlan, engine: WebAssembly.Module, file: Blob) {
  const startedAt = performance.now()
  const opened = await openStateFile(file)
  const unpackMs = performance.now() - startedAt
  if (!opened.ok) throw new Error(opened.error.message)
  let awake: () => void = () => undefined
  const applied = new Promise<void>((resolve) => {
    awake = resolve
  })
  const nothing = (): void => undefined
  const { hda, hdb, cdrom } = plan.spec
  const machine = await Machine.resume(
    plan.spec,
    engine,
    { hda: storeOf(hda), hdb: storeOf(hdb), cdrom: storeOf(cdrom) },
    {
      consoleOutput: nothing,
      frame: nothing,
      agentFrame: ({ type }) => (type === GuestFrame.pong ? awake() : undefined),
      networkFrames: nothing,
      spinning: nothing,
      ended: nothing,
    },
    opened.value.machine,
  )
  if (!machine.ok) throw new Error(machine.error.message)
  machine.value.start()
  for (const frame of wakeUp(AWAKENING, Date.now()).frames) machine.value.agent.send(frame)
  await applied
  const restoreMs = performance.now() - startedAt
  machine.value.dispose()
  return { restoreMs, unpackMs }
}

/** v86 as its documentation embeds it; resolves once its devices exist. */
async function bareMachine(plan: BakePlan, engine: WebAssembly.Module, boots: boolean): Promise<V86> {
  const { spec } = plan
  const volume = await bareDisk(spec.hda)
  const second = await bareDisk(spec.hdb)
  const options = {
    memory_size: spec.memoryMiB << 20,
    vga_memory_size: spec.vgaMemoryMiB << 20,
    ...(boots && spec.boot.kind === 'multiboot' ? { multiboot: { buffer: spec.boot.image.slice(0) } } : {}),
    ...volume,
    ...(second.hda === undefined ? {} : { hdb: second.hda }),
    net_device: { type: spec.mac === undefined ? 'none' : 'virtio' },
    virtio_console: true,
    autostart: false,
    disable_speaker: true,
    disable_keyboard: true,
    disable_mouse: true,
    wasm_fn: async (imports: WebAssembly.Imports) => (await WebAssembly.instantiate(engine, imports)).exports,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- v86.d.ts lacks the boolean virtio console
  const machine = new V86(options as unknown as ConstructorParameters<typeof V86>[0])
  await new Promise<void>((resolve) => machine.add_listener('emulator-ready', () => resolve()))
  return machine
}

/** Resolves with the first frame of one of these types. */
function frameOf(machine: V86, types: readonly number[]): Promise<void> {
  const decoder = new AgentFrameDecoder()
  return new Promise((resolve) => {
    machine.add_listener('virtio-console0-output-bytes', (bytes: Uint8Array) => {
      if (decoder.push(bytes).some(({ type }) => types.includes(type))) resolve()
    })
  })
}

function send(machine: V86, frame: Uint8Array): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- v86.d.ts lacks the bus
  const { bus } = machine as unknown as { bus: { send(name: string, value: Uint8Array): void } }
  bus.send('virtio-console0-input-bytes', frame)
}

async function bare(plan: BakePlan, engine: WebAssembly.Module) {
  const first = await bareMachine(plan, engine, true)
  const up = frameOf(first, [GuestFrame.ready, GuestFrame.checkpoint])
  await first.run()
  await up
  await first.stop()
  const savedAt = performance.now()
  const state = await first.save_state()
  const saveMs = performance.now() - savedAt
  await first.destroy()
  const restores: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    const machine = await bareMachine(plan, engine, false)
    await machine.restore_state(state.slice(0))
    const pong = frameOf(machine, [GuestFrame.pong])
    await machine.run()
    for (const frame of wakeUp(AWAKENING, Date.now()).frames) send(machine, frame)
    await pong
    restores.push(performance.now() - startedAt)
    await machine.destroy()
  }
  return { saveMs, restoreMs: median(restores) }
}

export async function measureRestores(): Promise<RestoreFigure[]> {
  const engine = await WebAssembly.compile(readFileSync(ENGINE))
  const flash = readFlash(IMAGES)
  const figures: RestoreFigure[] = []
  for (const definition of APPLIANCES) {
    const plan = await bakePlan(flash, definition, '')
    const baked = (await bakeStates(plan, engine, SITES)).at(-1)
    if (baked === undefined) throw new Error(`${definition.name} has no bake point`)
    const { state, stage, surroundings } = baked
    const packed = gzipSync(encodeStateFile(state, surroundings), { level: 6 })
    const file = new Blob([packed])
    const samples = []
    for (let round = 0; round < ROUNDS; round++) samples.push(await restore(plan, engine, file))
    const { saveMs, restoreMs } = await bare(plan, engine)
    figures.push({
      name: definition.name,
      rounds: ROUNDS,
      stage,
      packedBytes: packed.length,
      restoreMs: median(samples.map((sample) => sample.restoreMs)),
      unpackMs: median(samples.map((sample) => sample.unpackMs)),
      bareSaveMs: saveMs,
      bareRestoreMs: restoreMs,
    })
  }
  return figures
}
