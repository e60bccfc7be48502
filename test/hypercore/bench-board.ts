/** A HyperCore on a bench: fake domain workers, a clock that is moved by hand, and everything it said to the page. */

import { openBase } from '../../src/domain/open-disk.ts'
import { diskFiles } from '../../src/storage/overlay/disk-files.ts'
import { FakeDirectory } from '../storage/fake-opfs.ts'
import { Flash } from '../../src/hypercore/flash.ts'
import { HyperCore } from '../../src/hypercore/hypercore.ts'
import type { BootParts, DomainListener } from '../../src/hypercore/environment.ts'
import { ByteWriter } from '../../src/base/bytes.ts'
import {
  AGENT_ABI,
  GuestFrame,
  HostFrame,
  HypercallNumber,
  HypercallStatus,
} from '../../src/protocol/agent.ts'
import { parseDomainId, type CrashReport, type DomainId, type DomainInfo } from '../../src/protocol/domain.ts'
import type { Fault } from '../../src/protocol/fault.ts'
import type { DomainBootstrap, DomainCounters, DomainEvent, DomainRequest } from '../../src/protocol/guest.ts'
import type {
  HandOff,
  RefusedVolume,
  VerifiedGolden,
  VerifiedVolume,
  VolumeRole,
} from '../../src/protocol/hand-off.ts'
import { fingerprintOf } from '../../src/protocol/machine-state.ts'
import type { SnapshotInfo } from '../../src/protocol/snapshot.ts'
import type { StoreCall, StoreCallName, StoreCalls, StoreFailure } from '../../src/protocol/store.ts'
import type { StoreListener, StorePort } from '../../src/hypercore/store-client.ts'
import type { CallRequest, SupervisorEvent, SupervisorMessage } from '../../src/protocol/supervisor.ts'
import { APPLIANCES, findAppliance } from '../../src/appliances/definitions.ts'
import { OUTSIDE } from '../support/outside.ts'
import type { Result } from '../../src/base/result.ts'

export type PlainCall =
  | 'start'
  | 'pause'
  | 'resume'
  | 'shutdown'
  | 'reset'
  | 'kill'
  | 'newIdentity'
  | 'remove'
  | 'clone'
  | 'focus'
  | 'setPrimary'

export function idOf(text: string): DomainId {
  const id = parseDomainId(text)
  if (id === undefined) throw new Error(`not an id: ${text}`)
  return id
}

/** A module with nothing in it: the bench's guests execute nothing. */
const EMPTY_MODULE = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))

export function volume(
  role: VolumeRole,
  appliance?: string,
  more: Partial<VerifiedVolume> = {},
): VerifiedVolume {
  return {
    name: appliance ?? role,
    role,
    appliance,
    kind: 'test',
    size: 1,
    contentSize: 1,
    sha256: '00'.repeat(32),
    content: new Blob([new TextEncoder().encode(appliance ?? role)]),
    encoding: 'identity',
    ramMiB: appliance === undefined ? undefined : 64,
    kernelCommandLine: appliance === undefined ? undefined : 'quiet',
    ...more,
  }
}

export const BASE_VOLUMES = [volume('stub'), volume('kernel'), volume('initramfs')]

export function handOff(more: Partial<HandOff> = {}, starting: readonly string[] = []): HandOff {
  return {
    version: 1,
    bootPath: 'hyperspace',
    settings: {
      bootOrder: ['hyperspace', 'primary'],
      bootDelayMs: 0,
      quietBoot: false,
      firstScreen: 'primary',
      relayUrl: '',
      appliances: Object.fromEntries(
        APPLIANCES.map(({ name }) => [
          name,
          { start: starting.includes(name), memoryMiB: 64, capPercent: 100, weight: 100 },
        ]),
      ),
    },
    memoryBudgetMiB: 512,
    engine: { module: EMPTY_MODULE, size: 8, sha256: '', simd: true, compileMs: 0 },
    platform: {
      processors: 2,
      deviceMemoryGiB: undefined,
      storage: { kind: 'opfs', quotaBytes: undefined, usedBytes: undefined },
    },
    volumes: [...BASE_VOLUMES, ...APPLIANCES.map(({ name }) => volume('appliance', name))],
    goldens: [],
    refusedGoldens: [],
    refused: [],
    scripts: {
      hypercore: { url: 'hypercore.js', size: 0, sha256: '' },
      domain: { url: 'domain.js', size: 0, sha256: '' },
      store: { url: 'store.js', size: 0, sha256: '' },
    },
    post: [],
    startedAt: 0,
    endedAt: 0,
    ...more,
  }
}

/** A golden that fits the machine of `appliance` in `given`. */
export function goldenOf(
  appliance: string,
  given: HandOff,
  more: Partial<VerifiedGolden> = {},
): VerifiedGolden {
  const definition = findAppliance(appliance)
  if (definition === undefined) throw new Error(`no appliance ${appliance}`)
  const identity = {
    definition,
    memoryMiB: 64,
    persistentDisk: definition.disk !== undefined,
    mac: definition.network === 'none' ? undefined : '02:48:53:00:00:00',
  }
  const spec = new Flash(given).hardware(identity)
  if (!spec.ok) throw new Error(spec.error.message)
  return {
    appliance,
    size: 4,
    sha256: '11'.repeat(32),
    content: new Blob(['four']),
    machine: fingerprintOf(spec.value, given.engine.sha256),
    stage: 'ready',
    blankDisk: false,
    ...more,
  }
}

export function refused(appliance: string): RefusedVolume {
  return {
    name: appliance,
    role: 'appliance',
    appliance,
    reason: { kind: 'mismatch', expectedSha256: 'aa'.repeat(32), actualSha256: 'bb'.repeat(32) },
  }
}

export const COUNTERS: DomainCounters = {
  instructions: 0,
  busyMs: 0,
  throttledMs: 0,
  exits: [],
  interrupts: 0,
  jitModules: 0,
  network: { rxFrames: 0, rxBytes: 0, txFrames: 0, txBytes: 0, dropped: 0 },
  disk: { reads: 0, readBytes: 0, writes: 0, writeBytes: 0 },
  console: { outBytes: 0, inBytes: 0 },
  framesSent: 0,
}

export function crashReport(cause: CrashReport['cause']): CrashReport {
  return { cause, at: 5, registers: undefined, consoleTail: 'Oops', instructions: 7 }
}

export type Reply = { readonly status: string | undefined; readonly text: string }

/** A domain worker that says what a test lets it say. */
export class FakeDomain {
  readonly name: string
  readonly scriptUrl: string
  readonly requests: DomainRequest[] = []
  readonly #listener: DomainListener
  terminated = false

  constructor(scriptUrl: string, name: string, listener: DomainListener) {
    this.scriptUrl = scriptUrl
    this.name = name
    this.#listener = listener
  }

  says(event: DomainEvent): void {
    this.#listener.message(event)
  }

  dies(detail: string): void {
    this.#listener.error(detail)
  }

  get kinds(): string[] {
    return this.requests.map(({ kind }) => kind)
  }

  get bootstrap(): DomainBootstrap {
    const first = this.requests.find(({ kind }) => kind !== 'prepare')
    if (first?.kind !== 'bootstrap') throw new Error('no bootstrap came first')
    return first
  }

  frame(type: number, payload = new ByteWriter()): void {
    this.says({ kind: 'agent-frame', type, untrustedPayload: payload.finish() })
  }

  hello(abi: number = AGENT_ABI): void {
    this.frame(GuestFrame.hello, new ByteWriter().u16(abi).string('1.0').string('test'))
  }

  /** Up, with an agent. */
  comesUp(): void {
    this.says({ kind: 'running' })
    this.hello()
    this.frame(GuestFrame.ready)
  }

  call(name: keyof typeof HypercallNumber, ...args: string[]): void {
    const payload = new ByteWriter().u32(77).u16(HypercallNumber[name]).u16(args.length)
    for (const argument of args) payload.string(argument)
    this.frame(GuestFrame.call, payload)
  }

  /** Types of the frames that its agent was sent. */
  get agentFrames(): number[] {
    return this.#sent().map((frame) => new DataView(frame.buffer).getUint16(4, true))
  }

  #sent(): Uint8Array[] {
    return this.requests.flatMap((request) => (request.kind === 'agent-send' ? [request.frame] : []))
  }

  /** Payloads of the frames of one type that its agent was sent. */
  payloads(type: number): Uint8Array[] {
    const frames = this.#sent().filter((frame) => new DataView(frame.buffer).getUint16(4, true) === type)
    return frames.map((frame) => frame.subarray(12))
  }

  get replies(): Reply[] {
    return this.#sent().flatMap((frame) => {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
      if (view.getUint16(4, true) !== HostFrame.reply) return []
      const code = view.getUint16(16, true)
      const status = Object.entries(HypercallStatus).find(([, value]) => value === code)?.[0]
      return [{ status, text: new TextDecoder().decode(frame.subarray(18)) }]
    })
  }
}

type Timer = { due: number; readonly period: number | undefined; readonly action: () => void }

/** A store that lists what a test gives it, and otherwise answers what the test says. */
export class FakeStore {
  readonly calls: StoreCall[] = []
  readonly abandoned: number[] = []
  snapshots: SnapshotInfo[] = []
  spawned = 0
  /** Answers a call of this name, where a test says with what. */
  readonly answers = new Map<StoreCallName, (call: StoreCall) => Result<unknown, StoreFailure>>()
  #listener: StoreListener | undefined
  readonly #waiting: { readonly callId: number; readonly call: StoreCall }[] = []

  spawn(listener: StoreListener): StorePort {
    this.spawned += 1
    this.#listener = listener
    return {
      post: (request) => {
        if (request.kind === 'abandon') this.abandoned.push(request.callId)
        else this.#take(request.callId, request.call)
      },
      terminate: () => undefined,
    }
  }

  #take(callId: number, call: StoreCall): void {
    this.calls.push(call)
    if (call.name === 'list') {
      const usage = { snapshots: this.snapshots.length, liveBytes: 0, fileBytes: 0, separateBytes: 0 }
      return this.#send(callId, { ok: true, value: { snapshots: [...this.snapshots], usage } })
    }
    const answer = this.answers.get(call.name)
    if (answer === undefined) this.#waiting.push({ callId, call })
    else this.#send(callId, answer(call))
  }

  #send(callId: number, answer: Result<unknown, StoreFailure>): void {
    queueMicrotask(() =>
      this.#listener?.message(
        answer.ok
          ? { kind: 'returned', callId, value: answer.value }
          : { kind: 'failed', callId, failure: answer.error },
      ),
    )
  }

  /** Tells how far the oldest call of this name is that waits. */
  progress(name: StoreCallName, doneBytes: number, totalBytes: number): void {
    const found = this.#waiting.find(({ call }) => call.name === name)
    if (found === undefined) throw new Error(`no ${name} waits`)
    this.#listener?.message({ kind: 'progress', callId: found.callId, doneBytes, totalBytes })
  }

  /** Answers the oldest call of this name that waits. */
  says(name: StoreCallName, answer: Result<unknown, StoreFailure>): void {
    const at = this.#waiting.findIndex(({ call }) => call.name === name)
    const [found] = this.#waiting.splice(at, 1)
    if (found === undefined) throw new Error(`no ${name} waits`)
    this.#send(found.callId, answer)
  }

  dies(detail: string): void {
    this.#listener?.error(detail)
  }

  latest<Name extends StoreCallName>(name: Name): StoreCalls[Name]['args'] {
    const found = this.calls.findLast((call) => call.name === name)
    if (found === undefined) throw new Error(`no ${name} was asked`)
    return found.args
  }
}

export class Bench {
  readonly store = new FakeStore()
  readonly events: SupervisorEvent[] = []
  onEvent: (event: SupervisorEvent) => void = () => undefined
  readonly spawned: FakeDomain[] = []
  /** Scripts for which a worker was to be ready. */
  readonly expected: string[] = []
  readonly composed: BootParts[] = []
  readonly core: HyperCore
  /** What the browser keeps. */
  readonly files = new FakeDirectory()
  /** What the next spawn does instead of succeeding. */
  spawnError: Error | undefined
  #now = 1000
  #nextCall = 1
  readonly #timers = new Set<Timer>()
  readonly #calls = new Map<number, (result: Result<unknown, Fault>) => void>()

  constructor() {
    this.core = new HyperCore({
      disks: diskFiles({
        root: async () => this.files,
        openBase,
        estimate: async () => ({ usage: 1000, quota: 2000 }),
      }),
      spawnDomain: (scriptUrl, name, listener) => {
        if (this.spawnError !== undefined) throw this.spawnError
        const fake = new FakeDomain(scriptUrl, name, listener)
        this.spawned.push(fake)
        return {
          post: (request) => {
            if (fake.terminated) throw new Error('posted to a terminated worker')
            fake.requests.push(request)
          },
          terminate: () => {
            fake.terminated = true
          },
        }
      },
      expectDomain: (scriptUrl) => this.expected.push(scriptUrl),
      outside: OUTSIDE,
      spawnStore: (_scriptUrl, listener) => this.store.spawn(listener),
      composeBootImage: (parts) => {
        this.composed.push(parts)
        return new ArrayBuffer(8)
      },
      post: (message) => this.#hear(message),
      now: () => this.#now,
      wallClock: () => 1_000_000 + this.#now,
      after: (ms, action) => this.#timer(ms, undefined, action),
      every: (ms, action) => this.#timer(ms, ms, action),
    })
  }

  #timer(ms: number, period: number | undefined, action: () => void): () => void {
    const timer: Timer = { due: this.#now + ms, period, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  #hear(message: SupervisorMessage): void {
    if (message.kind === 'event') {
      this.events.push(message.event)
      this.onEvent(message.event)
    } else
      this.#calls.get(message.callId)?.(
        message.kind === 'returned'
          ? { ok: true, value: message.value }
          : { ok: false, error: message.fault },
      )
  }

  /** Timers that wait, periodic ones left out. */
  get pendingTimers(): number {
    return [...this.#timers].filter(({ period }) => period === undefined).length
  }

  /** One turn of the event loop: all that is due now has happened. */
  breathe(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve))
  }

  /** Lets promises settle. */
  async settle(): Promise<void> {
    for (let round = 0; round < 20; round++) await this.breathe()
  }

  /** Moves the clock in steps, as a supervisor that runs does. */
  async pass(ms: number, step = 50): Promise<void> {
    const end = this.#now + ms
    while (this.#now < end) this.jump(Math.min(step, end - this.#now))
    await this.settle()
  }

  /** Moves the clock at once, as a laptop's sleep does: what is due runs once, late. */
  jump(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers) {
      if (timer.due > this.#now) continue
      if (timer.period === undefined) this.#timers.delete(timer)
      else timer.due = this.#now + timer.period
      timer.action()
    }
  }

  async prepare(given: HandOff, hibernating: readonly string[] = []): Promise<void> {
    this.core.receive({ kind: 'prepare', handOff: given, hibernating })
    await this.settle()
  }

  async handOff(given: HandOff, hibernating: readonly string[] = []): Promise<void> {
    this.core.receive({ kind: 'hand-off', handOff: given, policyText: undefined, hibernating })
    await this.settle()
  }

  /** What the page's call is answered with. */
  call(call: CallRequest): Promise<Result<unknown, Fault>> {
    const callId = this.#nextCall++
    const answer = new Promise<Result<unknown, Fault>>((resolve) => this.#calls.set(callId, resolve))
    this.core.receive({ kind: 'call', callId, call })
    return answer
  }

  /** A call that takes nothing but the domain. */
  on(id: string, name: PlainCall): Promise<Result<unknown, Fault>> {
    return this.call({ name, args: { id: idOf(id) } })
  }

  /** Starts `id` up to a running guest with an agent. */
  async up(id: string): Promise<FakeDomain> {
    const started = this.on(id, 'start')
    await this.settle()
    const fake = this.latest(id)
    fake.comesUp()
    const result = await started
    if (!result.ok) throw new Error(result.error.message)
    return fake
  }

  latest(id: string): FakeDomain {
    const fake = this.spawned.findLast(({ name }) => name === id)
    if (fake === undefined) throw new Error(`${id} was never spawned`)
    return fake
  }

  info(id: string): DomainInfo {
    const event = this.events.findLast((event) => event.type === 'domain-changed' && event.domain.id === id)
    if (event?.type !== 'domain-changed') throw new Error(`nothing was said of ${id}`)
    return event.domain
  }

  /** States of `id` as the page saw them, repetitions left out. */
  states(id: string): string[] {
    const all = this.events.flatMap((event) =>
      event.type === 'domain-changed' && event.domain.id === id ? [event.domain.state] : [],
    )
    return all.filter((state, index) => state !== all[index - 1])
  }

  get journal(): string[] {
    return this.events.flatMap((event) => (event.type === 'log' ? [event.text] : []))
  }
}
