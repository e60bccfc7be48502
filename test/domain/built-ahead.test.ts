/** A machine that was built before anybody asked for it: it becomes the guest's, or gives its disk to whoever needs it. */

import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ok } from '../../src/base/result.ts'
import { Domain } from '../../src/domain/domain.ts'
import { VolatileStore } from '../../src/machine/block-stores.ts'
import { Machine } from '../../src/machine/machine.ts'
import { encodeStateFile } from '../../src/machine/state-file.ts'
import type { ConsoleEvent } from '../../src/protocol/channels.ts'
import type {
  DiskSource,
  DomainBootstrap,
  DomainEvent,
  MachineSpec,
  ResumeSource,
} from '../../src/protocol/guest.ts'
import { machineSpec, NO_HOOKS, tinyBoot, v86Module } from '../support/guest-images.ts'

const DISK_BYTES = 2 ** 20

/**
 * Writes bits 24 to 31 of the time-stamp counter (16.8 ms each) and an A to the first serial port, and halts for ever: rdtsc;
 * shr eax, 24; mov dx, 0x3f8; out dx, al; mov al, 'A'; out dx, al; hlt; jmp to the hlt.
 */
const SAYS_TIME = [
  0x0f, 0x31, 0xc1, 0xe8, 0x18, 0x66, 0xba, 0xf8, 0x03, 0xee, 0xb0, 0x41, 0xee, 0xf4, 0xeb, 0xfd,
]
const TIME_UNIT_MS = 2 ** 24 / 1e6

const VOLUME: DiskSource = { kind: 'read-only', blob: new Blob([new Uint8Array(512)]), sha256: 'aa' }

function kept(name: string): DiskSource {
  return { kind: 'persistent', name, base: { kind: 'blank', bytes: DISK_BYTES } }
}

const SPEC = machineSpec({ kind: 'none' }, { hda: VOLUME, hdb: kept('primary') })

/** The same with interrupts on, of which none comes: a guest that rests. */
const RESTS = SAYS_TIME.slice(0, -3).concat(0xfb, 0xf4, 0xeb, 0xfd)

type GoldenSource = Extract<ResumeSource, { kind: 'golden' }>

const sources = new Map<readonly number[], GoldenSource>()

/** The state of a machine with that program, of which nothing has executed. */
async function takeState(program: readonly number[]): Promise<GoldenSource> {
  const disks = { hda: new VolatileStore(512), hdb: new VolatileStore(DISK_BYTES), cdrom: undefined }
  const machine = await Machine.create(
    { ...SPEC, boot: tinyBoot(program) },
    await v86Module(),
    disks,
    NO_HOOKS,
  )
  machine.pause()
  const state = machine.captureState()
  if (!state.ok) throw new Error(state.error.message)
  const file = new Blob([gzipSync(encodeStateFile({ ram: state.value.ram, device: state.value.device() }))])
  machine.dispose()
  return { kind: 'golden', file, sha256: `of ${program.length} bytes`, stage: 'ready', blankDisk: false }
}

beforeAll(async () => {
  for (const program of [SAYS_TIME, RESTS]) sources.set(program, await takeState(program))
})

function sourceOf(program: readonly number[]): GoldenSource {
  const source = sources.get(program)
  if (source === undefined) throw new Error('no state of that program')
  return source
}

/** A kept disk that says when it is closed. */
class Kept extends VolatileStore {
  readonly name: string
  isClosed = false

  constructor(name: string) {
    super(DISK_BYTES)
    this.name = name
  }

  override close(): void {
    this.isClosed = true
  }
}

let domain: Domain
let disks: Kept[]
let events: DomainEvent[]
let wakes: (() => void)[]
/** Bytes from its console. */
let said: number[]
const channels: MessageChannel[] = []

function start(): void {
  ;[disks, events, wakes, said] = [[], [], [], []]
  domain = new Domain({
    post(event) {
      events.push(event)
      for (const wake of wakes.splice(0)) wake()
    },
    async openDisk({ name }) {
      const disk = new Kept(name)
      disks.push(disk)
      return ok(disk)
    },
  })
}

beforeEach(start)
afterEach(() => {
  domain.dispose()
  for (const { port2 } of channels.splice(0)) port2.close()
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => wakes.push(resolve))
}

const comes = (kind: DomainEvent['kind']): Promise<void> =>
  until(() => events.some((event) => event.kind === kind))

async function ahead(program = SAYS_TIME): Promise<void> {
  domain.handle({ kind: 'prepare', source: sourceOf(program), spec: SPEC, engine: await v86Module() })
  await comes('prepared')
}

async function bootstrapped(spec: MachineSpec, program = SAYS_TIME): Promise<DomainBootstrap> {
  const [display, console, network] = [new MessageChannel(), new MessageChannel(), new MessageChannel()]
  console.port2.onmessage = ({ data }: MessageEvent<ConsoleEvent>) => {
    said.push(...data.bytes)
    for (const wake of wakes.splice(0)) wake()
  }
  channels.push(display, console, network)
  return {
    kind: 'bootstrap',
    spec,
    engine: await v86Module(),
    display: display.port1,
    console: console.port1,
    network: network.port1,
    resume: sourceOf(program),
  }
}

async function bootstrap(spec: MachineSpec): Promise<void> {
  domain.handle(await bootstrapped(spec))
  await until(() => said.length > 1)
}

const opened = (): unknown[] => disks.map(({ name, isClosed }) => [name, isClosed])

it('has its disk open and executes nothing, and becomes the machine of who asks for one like it', async () => {
  await ahead()
  expect(opened()).toEqual([['primary', false]])
  expect(events).toEqual([{ kind: 'prepared' }])
  await bootstrap({ ...SPEC, hdb: kept('primary') })
  expect(opened()).toEqual([['primary', false]])
})

it('begins at the time of its state, however long ago it was built', async () => {
  await bootstrap(SPEC)
  const [atOnce = 0] = said
  domain.dispose()
  start()
  await ahead()
  const waitedMs = 2000
  await new Promise((resolve) => setTimeout(resolve, waitedMs))
  await bootstrap(SPEC)
  const [later = 0, letter] = said
  expect(letter).toBe(0x41)
  // Of eight bits, and either may be ahead by what its first instruction waited for.
  const apart = ((later - atOnce + 0x80) & 0xff) - 0x80
  expect(Math.abs(apart) * TIME_UNIT_MS).toBeLessThan(waitedMs / 2)
})

it('closes its disk where nobody wants it', async () => {
  await ahead()
  domain.handle({ kind: 'let-go' })
  await comes('let-go')
  expect(opened()).toEqual([['primary', true]])
})

it('makes way for a machine with another disk', async () => {
  await ahead()
  await bootstrap({ ...SPEC, hdb: kept('another') })
  expect(opened()).toEqual([
    ['primary', true],
    ['another', false],
  ])
})

it('runs what it is asked to rehearse, connected to nothing, and comes to rest: whoever asks for it goes on from there', async () => {
  await ahead(RESTS)
  domain.handle({ kind: 'rehearse', frames: [] })
  await comes('rehearsed')
  expect(events.map(({ kind }) => kind)).toEqual(['prepared', 'rehearsed'])
  domain.handle(await bootstrapped(SPEC, RESTS))
  await comes('counters')
  const counters = events.flatMap((event) => (event.kind === 'counters' ? [event.counters] : []))
  expect(counters.at(-1)?.console.outBytes).toBe(2)
  // It printed when nobody listened, and not again; it was kept.
  await until(() => said.length > 1)
  expect(said).toEqual([expect.any(Number), 0x41])
  expect(opened()).toEqual([['primary', false]])
})

it('is replaced where it ended in its rehearsal', async () => {
  await ahead()
  domain.handle({ kind: 'rehearse', frames: [] })
  // Its slices are tasks of this thread, and three of them are its whole life.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  await bootstrap(SPEC)
  expect(opened()).toEqual([
    ['primary', true],
    ['primary', false],
  ])
  // The words are its own, not those of the one before it, which would have come first.
  await comes('crashed')
  await new Promise((resolve) => setImmediate(resolve))
  expect(said).toEqual([expect.any(Number), 0x41])
})
