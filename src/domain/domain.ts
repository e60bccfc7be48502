/**
 * The guest's worker: one machine behind the protocol. Control comes from HyperCore; display and console go straight to
 * the page, frames to the fabric, each over a port of its own.
 */

import { assertNever } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import type { Result } from '../base/result.ts'
import { encodeAgentFrame } from '../machine/agent-frames.ts'
import { Machine, type MachineEnd, type MachineHooks } from '../machine/machine.ts'
import { GuestFrame, HostFrame } from '../protocol/agent.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { NetworkMessage } from '../protocol/channels.ts'
import type { CrashCause } from '../protocol/domain.ts'
import type {
  DiskSource,
  DomainBootstrap,
  DomainEvent,
  DomainRequest,
  ResumeSource,
} from '../protocol/guest.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import { openDisk, type OpenPersistent } from './open-disk.ts'
import { parseConsoleRequest, parseDisplayRequest } from './page-requests.ts'
import { openGolden, openResumeSource, type OpenedSource } from './resume.ts'
import { NotTaken, StateKeeper } from './state-keeper.ts'
import { TrackedDisk } from './tracked-disk.ts'

const COUNTERS_MS = 250

export type DomainEnvironment = {
  readonly post: (event: DomainEvent, transfer: Transferable[]) => void
  readonly openDisk: OpenPersistent
  /** A step of the start has ended: for the browser's timeline. */
  readonly mark?: (step: string) => void
}

type Ports = {
  readonly display: MessagePort
  readonly console: MessagePort
  readonly network: MessagePort | undefined
}

/** created ─► building ─► live ─► ended; a request for a machine that is being built waits. */
type Life =
  | { readonly state: 'created' }
  | { readonly state: 'building'; readonly waiting: DomainRequest[] }
  | { readonly state: 'live'; readonly machine: Machine; readonly ports: Ports }
  | { readonly state: 'ended'; readonly machine: Machine | undefined; readonly ports: Ports | undefined }

export class Domain {
  readonly #environment: DomainEnvironment
  #life: Life = { state: 'created' }
  #clock: ReturnType<typeof setInterval> | undefined
  #windowSize: { readonly columns: number; readonly rows: number } | undefined
  #agentKnown = false
  readonly #disks: BlockStore[] = []
  /** What its console had shown when its state was taken. */
  #recalled = new Uint8Array()
  /** It was asked to stand still. */
  #held = false
  #keeper: StateKeeper | undefined
  #prepared:
    { readonly sha256: string; readonly opened: Promise<Result<OpenedSource, StateFault>> } | undefined

  constructor(environment: DomainEnvironment) {
    this.#environment = environment
  }

  /** Takes one request. A bug in here ends the domain with a report, never in silence. */
  handle(request: DomainRequest): void {
    try {
      this.#dispatch(request)
    } catch (error) {
      this.fault(error)
    }
  }

  /** Something that nobody caught: the machine cannot be trusted any more. */
  fault(error: unknown): void {
    if (this.#life.state === 'live') this.#life.machine.fault(error)
    else if (this.#life.state !== 'ended')
      this.#crashWithoutMachine({ kind: 'boot-failed', detail: describe(error) })
  }

  /** Ends everything and closes disks and ports; for tests, a worker is terminated. */
  dispose(): void {
    clearInterval(this.#clock)
    if (this.#life.state === 'live' || this.#life.state === 'ended') {
      this.#life.machine?.dispose()
      this.#closePorts(this.#life.ports)
    }
    this.#life = { state: 'ended', machine: undefined, ports: undefined }
  }

  #post(event: DomainEvent, transfer: Transferable[] = []): void {
    this.#environment.post(event, transfer)
  }

  #dispatch(request: DomainRequest): void {
    if (request.kind === 'ping') this.#post({ kind: 'pong', nonce: request.nonce })
    else if (request.kind === 'prepare') this.#prepare(request)
    else if (request.kind === 'bootstrap') this.#bootstrap(request)
    else if (this.#life.state === 'building') this.#life.waiting.push(request)
    else if (this.#life.state === 'live') this.#control(this.#life.machine, request)
    // What crosses the news of the machine's end is of no use any more.
  }

  #control(
    machine: Machine,
    request: Exclude<DomainRequest, { kind: 'prepare' | 'bootstrap' | 'ping' }>,
  ): void {
    switch (request.kind) {
      case 'pause':
        this.#held = true
        machine.pause()
        this.#postCounters(machine)
        this.#post({ kind: 'paused' })
        return
      case 'resume':
        this.#held = false
        machine.resume()
        this.#post({ kind: 'resumed' })
        return
      case 'set-rate':
        machine.setRate(request.percent)
        return
      case 'agent-send':
        machine.agent.send(request.frame)
        return
      case 'expect-halt':
        machine.expectHalt()
        return
      case 'read-console-tail':
        this.#post({ kind: 'console-tail', nonce: request.nonce, untrustedText: machine.console.tailText() })
        return
      case 'capture':
        void this.#capture(request)
        return
      case 'abandon-capture':
        this.#keeper?.abandon()
        return
      case 'let-go':
        this.#letGo(machine)
        return
      default:
        assertNever(request)
    }
  }

  #letGo(machine: Machine): void {
    clearInterval(this.#clock)
    this.#life = { state: 'ended', machine: undefined, ports: undefined }
    machine.dispose()
    this.#post({ kind: 'let-go' })
  }

  async #capture({ captureId, purpose, to }: Extract<DomainRequest, { kind: 'capture' }>): Promise<void> {
    try {
      const taken = await this.#keeper?.[purpose](to)
      if (taken !== undefined) this.#post({ kind: 'captured', captureId, ...taken })
    } catch (error) {
      if (!(error instanceof NotTaken)) return this.fault(error)
      this.#post({ kind: 'capture-refused', captureId, message: error.message })
    }
  }

  #prepare({ source }: Extract<DomainRequest, { kind: 'prepare' }>): void {
    if (this.#life.state !== 'created') throw new Error('a machine that exists cannot be prepared')
    const opened = this.#marked('state unpacked', openGolden(source))
    this.#prepared = { sha256: source.sha256, opened }
    void opened.then(() => this.#post({ kind: 'prepared' }))
  }

  /** What was prepared, where it is that. */
  #openSource(resume: ResumeSource, memoryMiB: number): Promise<Result<OpenedSource, StateFault>> {
    const prepared = this.#prepared
    this.#prepared = undefined
    return resume.kind === 'golden' && prepared?.sha256 === resume.sha256
      ? prepared.opened
      : this.#marked('state unpacked', openResumeSource(resume, memoryMiB))
  }

  #bootstrap(bootstrap: DomainBootstrap): void {
    if (this.#life.state !== 'created') throw new Error('a second bootstrap')
    const waiting: DomainRequest[] = []
    this.#life = { state: 'building', waiting }
    this.#environment.mark?.('asked')
    void this.#buildAndBegin(bootstrap, waiting)
  }

  async #buildAndBegin(bootstrap: DomainBootstrap, waiting: readonly DomainRequest[]): Promise<void> {
    try {
      const machine = await this.#build(bootstrap)
      if (this.#life.state === 'building') this.#begin(machine, bootstrap, waiting)
      else machine.dispose()
    } catch (error) {
      if (error instanceof NotResumed) this.#notResumed(error.stateFault)
      else this.fault(error)
    }
  }

  #notResumed(fault: StateFault): void {
    this.#life = { state: 'ended', machine: undefined, ports: undefined }
    this.#post({ kind: 'not-resumed', fault })
  }

  async #build(bootstrap: DomainBootstrap): Promise<Machine> {
    const { spec, engine, resume } = bootstrap
    const opened: BlockStore[] = []
    try {
      // Unpacked while the disks are opened.
      const [disks, state] = await Promise.all([
        this.#marked('disks open', this.#openDisks(bootstrap, opened)),
        resume === undefined ? undefined : this.#openSource(resume, spec.memoryMiB),
      ])
      const hooks = this.#machineHooks(bootstrap)
      const tracked = Object.values(disks).filter((disk) => disk instanceof TrackedDisk)
      if (state === undefined) {
        const machine = await Machine.create(spec, engine, disks, hooks)
        this.#keeper = new StateKeeper(machine, tracked, () => this.#held)
        return machine
      }
      if (!state.ok) throw new NotResumed(state.error)
      const machine = await Machine.resume(spec, engine, disks, hooks, state.value.machine)
      if (!machine.ok) throw new NotResumed(machine.error)
      const settled = await state.value.settleDisks(tracked)
      if (!settled.ok) {
        machine.value.dispose()
        throw new NotResumed(settled.error)
      }
      this.#keeper = new StateKeeper(machine.value, tracked, () => this.#held, state.value.stored)
      this.#recalled = state.value.console.slice()
      // Its agent said hello in the life whose state this was.
      this.#agentKnown = true
      return machine.value
    } catch (error) {
      for (const store of opened) store.close()
      throw error
    }
  }

  async #marked<T>(step: string, work: Promise<T>): Promise<T> {
    const result = await work
    this.#environment.mark?.(step)
    return result
  }

  #machineHooks({ display, console, network }: DomainBootstrap): MachineHooks {
    return {
      consoleOutput: (bytes) => console.postMessage({ kind: 'output', bytes }, [bytes.buffer]),
      frame: (frame) => display.postMessage(frame, [frame.pixels]),
      agentFrame: ({ type, untrustedPayload }) => {
        if (type === GuestFrame.pong) this.#environment.mark?.('agent answered')
        if (type === GuestFrame.ready) this.#environment.mark?.('first screen')
        if (type === GuestFrame.hello) this.#agentKnown = true
        this.#post({ kind: 'agent-frame', type, untrustedPayload }, [untrustedPayload.buffer])
        if (type === GuestFrame.hello) this.#sendWindowSize()
      },
      networkFrames: (frames) => {
        const message: NetworkMessage = { kind: 'frames', frames }
        network?.postMessage(
          message,
          frames.map(({ buffer }) => buffer),
        )
      },
      spinning: (forMs) => this.#post({ kind: 'spinning', forMs }),
      ended: (end) => this.#ended(end),
    }
  }

  async #openDisks(
    { spec, resume }: DomainBootstrap,
    opened: BlockStore[],
  ): Promise<Record<'fda' | 'hda' | 'hdb' | 'cdrom', BlockStore | undefined>> {
    // At its first screen a guest has in memory what it needs for that.
    const readsSoon = resume === undefined || (resume.kind === 'golden' && resume.stage === 'checkpoint')
    const open = async (source: DiskSource | undefined): Promise<BlockStore | undefined> => {
      if (source === undefined) return undefined
      const store = await this.#openDisk(source, readsSoon)
      const disk = store.readOnly ? store : new TrackedDisk(store)
      opened.push(disk)
      this.#disks.push(disk)
      return disk
    }
    return {
      fda: await open(spec.fda),
      hda: await open(spec.hda),
      hdb: await open(spec.hdb),
      cdrom: await open(spec.cdrom),
    }
  }

  async #openDisk(source: DiskSource, readsSoon: boolean): Promise<BlockStore> {
    const opened = await openDisk(source, readsSoon, this.#environment.openDisk, (message) =>
      this.#post({ kind: 'disk-trouble', message }),
    )
    if (!opened.ok) throw new BootFailure(opened.error.message)
    return opened.value
  }

  #begin(machine: Machine, ports: Ports, waiting: readonly DomainRequest[]): void {
    this.#life = { state: 'live', machine, ports }
    ports.display.onmessage = ({ data }: MessageEvent<unknown>) =>
      this.#guarded(() => this.#display(machine, data))
    ports.console.onmessage = ({ data }: MessageEvent<unknown>) =>
      this.#guarded(() => this.#console(machine, data))
    if (ports.network !== undefined) this.#takeFrames(machine, ports.network)
    this.#clock = setInterval(() => {
      machine.replenish()
      if (!machine.paused) this.#postCounters(machine)
    }, COUNTERS_MS)
    if (this.#recalled.length > 0) machine.console.recall(this.#recalled)
    machine.start()
    this.#environment.mark?.('machine runs')
    this.#post({ kind: 'running' })
    for (const request of waiting) this.handle(request)
  }

  #takeFrames(machine: Machine, network: MessagePort): void {
    network.onmessage = ({ data }: MessageEvent<NetworkMessage>) => {
      if (data.kind !== 'frames') return
      const taken: NetworkMessage = { kind: 'taken', frames: data.frames.length }
      network.postMessage(taken)
      this.#guarded(() => machine.receive(data.frames))
    }
  }

  /** Feeding a device may trap in the engine, as executing may. */
  #guarded(action: () => void): void {
    if (this.#life.state !== 'live') return
    try {
      action()
    } catch (error) {
      this.fault(error)
    }
  }

  #display(machine: Machine, untrustedData: unknown): void {
    const request = parseDisplayRequest(untrustedData)
    switch (request?.kind) {
      case 'credit':
        machine.display.credit(request.recycle)
        return
      case 'refresh':
        machine.display.refresh()
        return
      case 'stand-aside':
        machine.standAside(request.forMs)
        return
      case 'keys':
        machine.input.keys(request.scancodes)
        return
      case 'mouse':
        machine.input.mouse(request.dx, request.dy, request.wheel, request.buttons, request.settle)
        return
      case undefined:
        return
      default:
        assertNever(request)
    }
  }

  #console(machine: Machine, untrustedData: unknown): void {
    const request = parseConsoleRequest(untrustedData)
    switch (request?.kind) {
      case 'input':
        machine.console.type(request.bytes)
        return
      case 'ack':
        machine.console.acknowledge(request.bytes)
        return
      case 'resize':
        this.#windowSize = { columns: request.columns, rows: request.rows }
        this.#sendWindowSize()
        return
      case undefined:
        return
      default:
        assertNever(request)
    }
  }

  /** The agent sets the size on /dev/ttyS0; a serial line itself knows none. */
  #sendWindowSize(): void {
    if (!this.#agentKnown || this.#windowSize === undefined || this.#life.state !== 'live') return
    const { columns, rows } = this.#windowSize
    const payload = new ByteWriter().u16(columns).u16(rows).finish()
    this.#life.machine.agent.send(encodeAgentFrame(HostFrame.resize, payload))
  }

  #postCounters(machine: Machine): void {
    this.#post({ kind: 'counters', counters: machine.counters() })
  }

  #ended(end: MachineEnd): void {
    if (this.#life.state !== 'live') return
    const { machine, ports } = this.#life
    this.#life = { state: 'ended', machine, ports }
    clearInterval(this.#clock)
    this.#postCounters(machine)
    void this.#flushed().then(() => this.#postEnd(machine, end))
    // The last picture stays on the stage and can still be asked for; nothing is typed any more.
    ports.display.onmessage = ({ data }: MessageEvent<unknown>) => {
      const request = parseDisplayRequest(data)
      if (request?.kind === 'credit') machine.display.credit(request.recycle)
      else if (request?.kind === 'refresh') machine.display.refresh()
    }
  }

  /** What a guest that never flushes has written is kept before its worker is ended for its end. */
  async #flushed(): Promise<void> {
    await Promise.allSettled(this.#disks.map(async (disk) => disk.flush()))
  }

  #postEnd(machine: Machine, end: MachineEnd): void {
    if (end.kind === 'crashed') this.#post({ kind: 'crashed', report: machine.crashReport(end.cause) })
    else this.#post({ kind: end.kind })
  }

  #crashWithoutMachine(cause: CrashCause): void {
    this.#life = { state: 'ended', machine: undefined, ports: undefined }
    this.#post({
      kind: 'crashed',
      report: { cause, at: Date.now(), registers: undefined, consoleTail: '', instructions: 0 },
    })
  }

  #closePorts(ports: Ports | undefined): void {
    ports?.display.close()
    ports?.console.close()
    ports?.network?.close()
  }
}

/** The state is not for this machine: the supervisor has it boot instead. */
class NotResumed extends Error {
  override readonly name = 'NotResumed'
  readonly stateFault: StateFault

  constructor(stateFault: StateFault) {
    super(stateFault.message)
    this.stateFault = stateFault
  }
}

/** An expected failure, in words for a person. */
class BootFailure extends Error {
  override readonly name = 'BootFailure'
}

function describe(error: unknown): string {
  if (error instanceof BootFailure) return error.message
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
