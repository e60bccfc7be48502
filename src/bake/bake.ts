/**
 * Boots one guest up to its bake point and takes its state. A guest that waits there for its disk then goes on with a blank one,
 * and its state is taken once more at its first screen, with what it made of that disk and what its console showed.
 */

import { assertNever } from '../base/assert.ts'
import { PackedStore, readOnlyStore, VolatileStore } from '../machine/block-stores.ts'
import { Machine, type MachineEnd } from '../machine/machine.ts'
import type { MachineState } from '../machine/machine-state.ts'
import type { DiskContent, StateSurroundings } from '../machine/state-file.ts'
import { GuestFrame } from '../protocol/agent.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { DiskSource, GoldenStage } from '../protocol/guest.ts'
import { IMAGE_PAGE_BYTES } from '../protocol/store.ts'
import { wakeUp } from '../hypercore/awakening.ts'
import { bakeNetwork, type BakeNetwork } from './bake-network.ts'
import type { sitesIn } from './site-files.ts'
import type { BakePlan } from './plan.ts'

/** As the domain has it. */
const REPLENISH_MS = 250

/** Far above what any guest takes, on a machine that has much else to do. */
const PATIENCE_MS = 180_000

/**
 * A guest at its bake point has settled when it used less than a tenth of a core in so many looks in a row. One that is taken
 * as a person would find it gets the time that its programs wait of their own accord, too.
 */
const QUIET_LOOKS = 3
const LONG_QUIET_LOOKS = 20
const LOOK_MS = 100
const MOST_LOOKS = 100
const MOST_ATTEMPTS = 3

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

export type Baked = {
  readonly state: MachineState
  readonly stage: GoldenStage
  readonly blankDisk: boolean
  readonly surroundings: StateSurroundings | undefined
}

/** Everything but zeros. */
function contentOf(disk: BlockStore | undefined): DiskContent {
  if (!(disk instanceof VolatileStore)) return { indices: new Uint32Array(), bytes: new Uint8Array() }
  const blocks = [...disk.occupied()]
    .toSorted((a, b) => a - b)
    .map((block) => ({ block, bytes: disk.read(block * IMAGE_PAGE_BYTES, IMAGE_PAGE_BYTES) }))
    .filter(({ bytes }) => bytes.some((byte) => byte !== 0))
  const bytes = new Uint8Array(blocks.length * IMAGE_PAGE_BYTES)
  for (const [position, { bytes: block }] of blocks.entries()) bytes.set(block, position * IMAGE_PAGE_BYTES)
  return { indices: Uint32Array.from(blocks, ({ block }) => block), bytes }
}

/**
 * @param sites what the network serves; without it there is none
 * @throws Error with the end of its console where the guest does not get there
 */
export async function bakeStates(
  { appliance, spec }: BakePlan,
  engine: WebAssembly.Module,
  sites?: ReturnType<typeof sitesIn>,
): Promise<readonly Baked[]> {
  let shown: Uint8Array<ArrayBuffer>[] = []
  const text = async (): Promise<string> => new Blob(shown).text()
  const stages = new Set<GoldenStage>()
  let failure: Error | undefined
  let heard = (): void => undefined
  const fail = (reason: string): void => {
    failure ??= new Error(reason)
    heard()
  }
  const reached = async (...wanted: readonly GoldenStage[]): Promise<GoldenStage> => {
    for (;;) {
      const stage = wanted.find((each) => stages.has(each))
      if (stage !== undefined) return stage
      if (failure !== undefined)
        throw new Error(`${appliance} ${failure.message}\n${(await text()).slice(-2000)}`)
      // oxlint-disable-next-line no-await-in-loop -- each event is looked at as it comes
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }
  const disk = await storeOf(spec.hdb)
  // A guest without a disk is all there is of it, and shows its golden to a person: with its home page, which is on the network.
  const { mac } = spec
  const network =
    sites === undefined || mac === undefined || spec.hdb !== undefined
      ? undefined
      : bakeNetwork(mac, sites, () => machine)
  const machine: Machine = await Machine.create(
    spec,
    engine,
    { hda: await storeOf(spec.hda), hdb: disk, cdrom: await storeOf(spec.cdrom) },
    {
      consoleOutput: (bytes) => {
        shown.push(bytes)
        machine.console.acknowledge(bytes.length)
      },
      frame: () => undefined,
      agentFrame: ({ type }) => {
        if (type === GuestFrame.checkpoint) stages.add('checkpoint')
        if (type === GuestFrame.ready) stages.add('ready')
        heard()
      },
      networkFrames: (frames) => network?.receive(frames),
      spinning: () => undefined,
      ended: (end: MachineEnd) => fail(`ended before its bake point (${JSON.stringify(end)})`),
    },
  )
  const clock = setInterval(() => machine.replenish(), REPLENISH_MS)
  const patience = setTimeout(() => fail('did not reach its bake point in three minutes'), PATIENCE_MS)
  try {
    machine.start()
    const stage = await reached('checkpoint', 'ready')
    if (network !== undefined) await openPortal(machine, network)
    const first = {
      state: await captured(machine, QUIET_LOOKS),
      stage,
      blankDisk: false,
      surroundings: undefined,
    }
    if (stage === 'ready') return [first]
    shown = []
    machine.resume()
    const whom = { hostname: appliance, mac: spec.mac, stage, shown: false }
    for (const frame of wakeUp(whom, Date.now()).frames) machine.agent.send(frame)
    await reached('ready')
    const state = await captured(machine, LONG_QUIET_LOOKS)
    const console = new Uint8Array(await new Blob(shown).arrayBuffer())
    const surroundings = { disk: contentOf(disk), console }
    return [first, { state, stage: 'ready', blankDisk: true, surroundings }]
  } finally {
    clearInterval(clock)
    clearTimeout(patience)
    network?.detach()
    machine.dispose()
  }
}

/** What a person would type on the console to close the browser. The shell goes with it and another comes, which remembers nothing. */
const CLOSE_BROWSER = new TextEncoder().encode('exec killall -q netsurf\n')

/**
 * Its browser has begun before there was a lease, with a page of its own. One that is closed comes back to the portal.
 * @throws Error where the portal is not asked for
 */
async function openPortal(machine: Machine, network: BakeNetwork): Promise<void> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await settled(machine, LONG_QUIET_LOOKS)
    network.answered()
    machine.console.type(CLOSE_BROWSER)
    // oxlint-disable-next-line no-await-in-loop -- as above
    await settled(machine, LONG_QUIET_LOOKS)
    const answered = [...network.answered()]
    if (answered.some((path) => path.endsWith('.html')) && answered.some((path) => path.endsWith('.png')))
      return network.endConnections()
  }
  throw new Error('the browser did not open the portal')
}

/** A copy of the state, once the guest has come to rest. The machine stands still afterwards. */
async function captured(machine: Machine, quietLooks: number): Promise<MachineState> {
  await settled(machine, quietLooks)
  machine.pause()
  await machine.settle()
  const state = machine.captureState()
  if (!state.ok) throw new Error(state.error.message)
  return { device: state.value.device(), ram: state.value.ram.slice() }
}

/** What the first screen still sets in motion has come to rest: or never does, and is taken as it is. */
async function settled(machine: Machine, quietLooks: number): Promise<void> {
  let quiet = 0
  let before = machine.counters().busyMs
  for (let look = 0; look < MOST_LOOKS && quiet < quietLooks; look++) {
    await new Promise<void>((resolve) => void setTimeout(resolve, LOOK_MS))
    const { busyMs } = machine.counters()
    quiet = busyMs - before < LOOK_MS / 10 ? quiet + 1 : 0
    before = busyMs
  }
}
