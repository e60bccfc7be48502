/**
 * The guest's worker: one machine behind the protocol. Control comes from HyperCore; display and console go straight to
 * the page, frames to the fabric, each over a port of its own.
 */

import { assertNever } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import { encodeAgentFrame } from '../machine/agent-frames.ts'
import type { Machine, MachineEnd, MachineHooks } from '../machine/machine.ts'
import { GuestFrame, HostFrame } from '../protocol/agent.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { NetworkMessage } from '../protocol/channels.ts'
import type { CrashCause } from '../protocol/domain.ts'
import type { DomainBootstrap, DomainEvent, DomainRequest } from '../protocol/guest.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import { Ahead, type PrepareRequest } from './ahead.ts'
import { BootFailure, buildMachine, NotResumed, type BuildOrder, type Built } from './build-machine.ts'
import type { OpenPersistent } from './open-disk.ts'
import { parseConsoleRequest, parseDisplayRequest } from './page-requests.ts'
import { NotTaken, type StateKeeper } from './state-keeper.ts'

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
  | { readonly state: 'created'; readonly ahead?: Ahead }
  | { readonly state: 'building'; readonly waiting: DomainRequest[] }
  | { readonly state: 'live'; readonly machine: Machine; readonly ports: Ports }
  | { readonly state: 'ended'; readonly machine: Machine | undefined; readonly ports: Ports | undefined }

export class Domain {
  readonly #environment: DomainEnvironment
  #life: Life = { state: 'created' }
  #clock: ReturnType<typeof setInterval> | undefined
  #windowSize: { readonly columns: number; readonly rows: number } | undefined
  #agentKnown = false
  #disks: readonly BlockStore[] = []
  /** Undefined: nobody has asked for the machine yet. */
  #ports: Ports | undefined
  /** What a rehearsing guest printed, for whoever takes it; at its high watermark the guest waits. */
  readonly #unheard: Uint8Array<ArrayBuffer>[] = []
  /** What its machine is to have, for the words about one that gets none. */
  #memoryMiB = 0
  /** It was asked to stand still. */
  #held = false
  #keeper: StateKeeper | undefined

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
    else if (this.#life.state !== 'ended') this.#crashWithoutMachine(causeOf(error, this.#memoryMiB))
  }

  /** Ends everything and closes disks and ports; for tests, a worker is terminated. */
  dispose(): void {
    clearInterval(this.#clock)
    if (this.#life.state === 'created') void this.#life.ahead?.dispose()
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
    else if (request.kind === 'rehearse') void this.#rehearse(request.frames)
    else if (this.#life.state === 'building') this.#life.waiting.push(request)
    else if (this.#life.state === 'live') this.#control(this.#life.machine, request)
    else if (request.kind === 'let-go' && this.#life.state === 'created')
      void this.#letGoAhead(this.#life.ahead)
    // What crosses the news of the machine's end is of no use any more.
  }

  #control(
    machine: Machine,
    request: Exclude<DomainRequest, { kind: 'prepare' | 'rehearse' | 'bootstrap' | 'ping' }>,
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
        machine.setRate(request.percent, request.compilePercent)
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

  #prepare(order: PrepareRequest): void {
    if (this.#life.state !== 'created') throw new Error('a machine that exists cannot be prepared')
    const { spec, engine, source } = order
    const ahead = new Ahead(order, this.#build({ spec, engine, resume: source }))
    this.#life = { state: 'created', ahead }
    void ahead.settled().then(() => this.#post({ kind: 'prepared' }))
  }

  /** Of use until the machine is asked for, which may cross this. */
  async #rehearse(frames: readonly Uint8Array[]): Promise<void> {
    if (this.#life.state !== 'created') return
    if (await this.#life.ahead?.rehearse(frames)) this.#post({ kind: 'rehearsed' })
  }

  /** Nobody wants the machine after all: its disks are for others. */
  async #letGoAhead(ahead: Ahead | undefined): Promise<void> {
    this.#life = { state: 'ended', machine: undefined, ports: undefined }
    await ahead?.dispose()
    this.#post({ kind: 'let-go' })
  }

  #bootstrap(bootstrap: DomainBootstrap): void {
    if (this.#life.state !== 'created') throw new Error('a second bootstrap')
    const waiting: DomainRequest[] = []
    const { ahead } = this.#life
    this.#memoryMiB = bootstrap.spec.memoryMiB
    this.#life = { state: 'building', waiting }
    const { display, console, network } = bootstrap
    this.#ports = { display, console, network }
    this.#environment.mark?.('asked')
    void this.#buildAndBegin(ahead, bootstrap, this.#ports, waiting)
  }

  async #buildAndBegin(
    ahead: Ahead | undefined,
    bootstrap: DomainBootstrap,
    ports: Ports,
    waiting: readonly DomainRequest[],
  ): Promise<void> {
    try {
      const adopted = await ahead?.adopt(bootstrap)
      if (adopted === undefined) this.#unheard.length = 0
      const built = adopted ?? (await this.#build(bootstrap))
      // Its agent said hello in the life whose state this was.
      this.#agentKnown = bootstrap.resume !== undefined
      if (this.#life.state === 'building') this.#begin(built, ports, waiting)
      else built.machine.dispose()
    } catch (error) {
      if (error instanceof NotResumed) this.#notResumed(error.stateFault)
      else this.fault(error)
    }
  }

  #notResumed(fault: StateFault): void {
    this.#life = { state: 'ended', machine: undefined, ports: undefined }
    this.#post({ kind: 'not-resumed', fault })
  }

  async #build(order: BuildOrder): Promise<Built> {
    const built = await buildMachine(order, {
      openDisk: this.#environment.openDisk,
      hooks: this.#machineHooks(),
      trouble: (message) => this.#post({ kind: 'disk-trouble', message }),
      isHeld: () => this.#held,
      mark: this.#environment.mark,
    })
    this.#environment.mark?.('machine built')
    return built
  }

  /** Before there are ports a machine rehearses at most: of what that says only the console's words are kept. */
  #machineHooks(): MachineHooks {
    return {
      consoleOutput: (bytes) => {
        const { state } = this.#life
        if (state === 'created' || state === 'building') this.#unheard.push(bytes)
        else this.#ports?.console.postMessage({ kind: 'output', bytes }, [bytes.buffer])
      },
      frame: (frame) => this.#ports?.display.postMessage(frame, [frame.pixels]),
      agentFrame: ({ type, untrustedPayload }) => {
        if (type === GuestFrame.pong) this.#environment.mark?.('agent answered')
        if (type === GuestFrame.ready) this.#environment.mark?.('first screen')
        if (type === GuestFrame.hello) this.#agentKnown = true
        this.#post({ kind: 'agent-frame', type, untrustedPayload }, [untrustedPayload.buffer])
        if (type === GuestFrame.hello) this.#sendWindowSize()
      },
      networkFrames: (frames) => {
        const message: NetworkMessage = { kind: 'frames', frames }
        this.#ports?.network?.postMessage(
          message,
          frames.map(({ buffer }) => buffer),
        )
      },
      spinning: (forMs) => this.#post({ kind: 'spinning', forMs }),
      ended: (end) => this.#ended(end),
    }
  }

  #begin({ machine, disks, keeper, console }: Built, ports: Ports, waiting: readonly DomainRequest[]): void {
    this.#life = { state: 'live', machine, ports }
    this.#disks = disks
    this.#keeper = keeper
    ports.display.onmessage = ({ data }: MessageEvent<unknown>) =>
      this.#guarded(() => this.#display(machine, data))
    ports.console.onmessage = ({ data }: MessageEvent<unknown>) =>
      this.#guarded(() => this.#console(machine, data))
    if (ports.network !== undefined) this.#takeFrames(machine, ports.network)
    this.#clock = setInterval(() => {
      machine.replenish()
      if (!machine.paused) this.#postCounters(machine)
    }, COUNTERS_MS)
    if (console.length > 0) machine.console.recall(console)
    for (const bytes of this.#unheard.splice(0))
      ports.console.postMessage({ kind: 'output', bytes }, [bytes.buffer])
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

function causeOf(error: unknown, memoryMiB: number): CrashCause {
  if (!isOutOfMemory(error)) return { kind: 'boot-failed', detail: describe(error) }
  const detail =
    `The browser gave no memory for a machine with ${memoryMiB} MiB. ` +
    'Shut another domain down, close other tabs, or give it less memory in setup (F2); then start it again.'
  return { kind: 'out-of-memory', detail }
}

function describe(error: unknown): string {
  if (error instanceof BootFailure) return error.message
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
