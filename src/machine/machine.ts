/** One virtual machine: v86 with its devices attached to the outside, from its first instruction to its end. */

import { GuestFrame } from '../protocol/agent.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { CrashCause, CrashReport, Registers } from '../protocol/domain.ts'
import type { DomainCounters, MachineSpec } from '../protocol/guest.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import { AgentChannel } from './agent-channel.ts'
import type { AgentFrame } from './agent-frames.ts'
import { attachDisks, Disk, totalOf } from './disk.ts'
import { Display, type DisplayFrame } from './display.ts'
import { ExitTap } from './exit-tap.ts'
import { GuestWatch, PanicWatch } from './guest-watch.ts'
import { guestMemory, readableRegisters, registersOf } from './inspection.ts'
import { DEFAULT_COMPILE_PERCENT, JitGate } from './jit-gate.ts'
import { PointingAndKeys } from './pointing.ts'
import { attachPvpanic } from './pvpanic.ts'
import {
  decodeDeviceState,
  encodeDeviceState,
  restoreDevices,
  saveDevices,
  type CapturedState,
  type DeviceState,
  type MachineResume,
} from './machine-state.ts'
import { checkFit, settingsOf } from './machine-settings.ts'
import { interceptReset, isTripleFault, ResetRequested } from './reset-line.ts'
import { SerialConsole } from './serial-console.ts'
import { setTimeStamp, timeStampOf } from './time-stamp.ts'
import { CpuWords, createV86, JIT_OFF, type Internals } from './v86-internals.ts'
import { Vcpu } from './vcpu.ts'
import { Vnic } from './vnic.ts'

/** EFLAGS.IF */
const INTERRUPT_FLAG = 0x200

export type MachineDisks = {
  readonly hda: BlockStore | undefined
  readonly hdb: BlockStore | undefined
  readonly cdrom: BlockStore | undefined
  readonly fda?: BlockStore | undefined
}

/** How a machine ended. Its state stays readable. */
export type MachineEnd =
  | { readonly kind: 'powered-off' }
  | { readonly kind: 'reset-requested' }
  | { readonly kind: 'crashed'; readonly cause: CrashCause }

export type MachineHooks = {
  /** The receiver owns the bytes. */
  readonly consoleOutput: (bytes: Uint8Array<ArrayBuffer>) => void
  readonly frame: (frame: DisplayFrame) => void
  readonly agentFrame: (frame: AgentFrame) => void
  /** Each frame has a buffer of its own, which the receiver owns. */
  readonly networkFrames: (frames: readonly Uint8Array<ArrayBuffer>[]) => void
  readonly spinning: (forMs: number) => void
  /** Once. Nothing executes any more. */
  readonly ended: (end: MachineEnd) => void
}

export class Machine {
  readonly #spec: MachineSpec
  readonly #internals: Internals
  readonly #hooks: MachineHooks
  readonly #stores: readonly BlockStore[]
  readonly #disks: readonly Disk[]
  readonly #tap: ExitTap
  readonly #vcpu: Vcpu
  readonly #words: CpuWords
  readonly #watch = new GuestWatch()
  readonly #vnic: Vnic | undefined
  readonly console: SerialConsole
  readonly display: Display
  readonly agent: AgentChannel
  readonly input: PointingAndKeys
  readonly #jit: JitGate
  /** Time-stamp counter at which it stands still. */
  #timeStamp: bigint | undefined
  /** The agent's frame that says that userland is up. */
  #upWith: number = GuestFrame.ready
  #expectedEnd: 'powered-off' | 'reset-requested' | undefined
  #panic: PanicWatch | undefined
  #end: MachineEnd | undefined
  #wasHalted = false
  #isStarted = false

  /**
   * Builds the machine; nothing executes before `start()`. The machine closes the stores in `dispose()`.
   *
   * @throws what v86 makes of a spec it cannot build, and RangeError for one that contradicts itself
   */
  static async create(
    spec: MachineSpec,
    engine: WebAssembly.Module,
    stores: MachineDisks,
    hooks: MachineHooks,
  ): Promise<Machine> {
    if (spec.boot.kind === 'none') throw new RangeError('there is nothing to boot')
    checkFit(spec)
    return Machine.#build(spec, engine, stores, hooks, !spec.deferJit)
  }

  /**
   * Builds a machine that goes on where another of the same spec was when its state was taken; nothing executes before
   * `start()`. The state may still be on its way: the machine is built meanwhile. After an error the stores are closed.
   *
   * @throws as `create`, and what `fill` and the state reject with
   */
  static async resume(
    spec: MachineSpec,
    engine: WebAssembly.Module,
    stores: MachineDisks,
    hooks: MachineHooks,
    coming: MachineResume | Promise<Result<MachineResume, StateFault>>,
  ): Promise<Result<Machine, StateFault>> {
    // What a multiboot guest boots from is in its RAM; a BIOS stays in ROM.
    const unbooted = spec.boot.kind === 'multiboot' ? { ...spec, boot: { kind: 'none' as const } } : spec
    const machine = await Machine.#build(unbooted, engine, stores, hooks, false)
    const resumed = await machine.#resume(coming).catch((error: unknown) => {
      machine.dispose()
      throw error
    })
    if (resumed.ok) return ok(machine)
    machine.dispose()
    return resumed
  }

  async #resume(
    coming: MachineResume | Promise<Result<MachineResume, StateFault>>,
  ): Promise<Result<void, StateFault>> {
    const resume = coming instanceof Promise ? await coming : ok(coming)
    if (!resume.ok) return resume
    const { device, fill, upWith } = resume.value
    const state = decodeDeviceState(device, this.#spec)
    if (!state.ok) return state
    if (upWith !== undefined) this.#upWith = upWith
    try {
      this.#restore(state.value)
      if (upWith === undefined) this.#jit.userlandIsUp()
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      return err({ kind: 'damaged', message: `The state is damaged: ${what}.` })
    }
    return (await fill(this.memory())) ?? ok(undefined)
  }

  static async #build(
    spec: MachineSpec,
    engine: WebAssembly.Module,
    stores: MachineDisks,
    hooks: MachineHooks,
    compile: boolean,
  ): Promise<Machine> {
    if (stores.hdb !== undefined && stores.hda === undefined)
      throw new RangeError('the engine has no primary slave without a primary master')
    const tap = new ExitTap()
    let fault: (error: unknown) => void = () => undefined
    const disk = (store: BlockStore | undefined): Disk | undefined =>
      store === undefined ? undefined : new Disk(store, { fault: (error) => fault(error) })
    const disks = {
      hda: disk(stores.hda),
      hdb: disk(stores.hdb),
      cdrom: disk(stores.cdrom),
      fda: disk(stores.fda),
    }
    const internals = await createV86(settingsOf(spec, disks), engine, {
      intercept: (imports) => tap.intercept(imports),
      compile,
    })
    const { primary, secondary } = internals.cpu.devices.ide
    if (primary !== undefined) attachDisks(internals.cpu, primary, disks.hda, disks.hdb)
    if (secondary !== undefined) attachDisks(internals.cpu, secondary, disks.cdrom, undefined)
    const jit = new JitGate(compile, performance.now())
    const machine = new Machine(spec, internals, tap, Object.values(disks).filter(isPresent), hooks, jit)
    fault = (error) => machine.fault(error)
    return machine
  }

  private constructor(
    spec: MachineSpec,
    internals: Internals,
    tap: ExitTap,
    disks: readonly Disk[],
    hooks: MachineHooks,
    jit: JitGate,
  ) {
    this.#spec = spec
    this.#jit = jit
    this.#internals = internals
    this.#hooks = hooks
    this.#tap = tap
    this.#disks = disks
    this.#stores = disks.map(({ store }) => store)
    const { cpu, bus, engine } = internals
    tap.attach(cpu)
    tap.compiled = (bytes) => this.#jit.compiled(bytes)
    interceptReset(cpu)
    attachPvpanic(cpu.io, cpu.devices.pci, () => {
      this.#panic ??= new PanicWatch(this.#vcpu.instructions)
    })
    this.#words = new CpuWords(cpu)
    this.#vcpu = new Vcpu(engine, this.#words, {
      sliceEnded: (executed, now) => this.#sliceEnded(executed, now),
      faulted: (error) => this.#faulted(error),
    })
    this.console = new SerialConsole(internals, {
      output: hooks.consoleOutput,
      congested: () => this.#vcpu.hold('console'),
      drained: () => this.#vcpu.release('console'),
    })
    this.display = new Display(cpu.devices.vga, internals.screen, hooks.frame)
    this.agent = new AgentChannel(internals, {
      frame: (frame) => this.#agentFrame(frame),
      overBudget: () => this.#vcpu.hold('agent'),
      replenished: () => this.#vcpu.release('agent'),
    })
    this.input = new PointingAndKeys({
      bus,
      mouse: cpu.devices.ps2,
      instructions: () => this.#vcpu.instructions,
      halts: spec.boot.kind !== 'bios',
    })
    if (spec.mac !== undefined) this.#vnic = new Vnic(internals, spec.mac)
  }

  start(): void {
    // It may have stood here for minutes: its clock goes on from where it was, not from where it would be.
    if (this.#timeStamp !== undefined) setTimeStamp(this.#internals.cpu, this.#timeStamp)
    if (this.#isStarted) this.resume()
    else this.#vcpu.start()
    this.#isStarted = true
  }

  /** Until the next start, which goes on from here as if no time had passed. */
  standStill(): void {
    this.pause()
    this.#noteTimeStamp()
  }

  #noteTimeStamp(): void {
    this.#timeStamp = timeStampOf(this.#internals.cpu)
  }

  /** Stops between two slices: at once. */
  pause(): void {
    this.#vcpu.hold('paused')
  }

  resume(): void {
    this.#vcpu.release('paused')
  }

  get paused(): boolean {
    return this.#vcpu.held('paused')
  }

  /** Resolves when its disks have answered everything; to be called while it is paused. */
  async settle(): Promise<void> {
    await Promise.all(this.#disks.map((disk) => disk.settle()))
  }

  /** The state of a machine that is paused and settled. The RAM in it is valid until the machine runs on. */
  captureState(): Result<CapturedState, StateFault> {
    if (!this.paused || !this.#disks.every(({ settled }) => settled))
      return err({ kind: 'not-settled', message: 'A state is taken while the machine stands still.' })
    const saved = saveDevices(this.#internals.engine)
    const agentRest = this.agent.begun
    return ok({ device: () => encodeDeviceState(this.#spec, saved, agentRest), ram: this.memory() })
  }

  #restore(state: DeviceState): void {
    const { engine } = this.#internals
    restoreDevices(engine, state)
    this.#noteTimeStamp()
    this.agent.goOn(state.agentRest)
  }

  get ended(): boolean {
    return this.#end !== undefined
  }

  /** No slice begins for so long; 0 ends an earlier wait. */
  standAside(milliseconds: number): void {
    this.#vcpu.standAside(milliseconds)
  }

  /** What it may use, each in percent of a core, 1–100: to execute, and for the browser to compile its code. */
  setRate(percent: number, compilePercent = DEFAULT_COMPILE_PERCENT): void {
    this.#vcpu.setRate(percent)
    this.#jit.setRate(compilePercent, performance.now())
  }

  /** The next halt with interrupts off is a power-off. */
  expectHalt(): void {
    this.#expectedEnd ??= 'powered-off'
  }

  /** Of its network card, before anything executes; the guest is told by its agent. */
  setAddress(mac: string): void {
    this.#vnic?.setAddress(mac)
  }

  /** Frames from the wire. */
  receive(untrustedFrames: readonly Uint8Array[]): void {
    if (this.#vnic === undefined) return
    for (const frame of untrustedFrames) this.#vnic.receive(frame)
    this.#vnic.deliver()
  }

  /** To be called four times a second: renews the guest's budgets towards supervisor and wire. */
  replenish(): void {
    this.agent.replenish()
    this.#vnic?.replenish()
  }

  /** The guest's RAM itself; see inspection.ts for how long the view is good. */
  memory(): Uint8Array {
    return guestMemory(this.#internals.cpu)
  }

  registers(): Registers {
    return registersOf(this.#internals.cpu)
  }

  get instructions(): number {
    return this.#vcpu.instructions
  }

  /** The guest waits for an interrupt. */
  get halted(): boolean {
    return this.#words.halted
  }

  counters(): DomainCounters {
    return {
      instructions: this.#vcpu.instructions,
      busyMs: this.#vcpu.busyMs,
      throttledMs: this.#vcpu.throttledMs,
      exits: this.#tap.counts(),
      interrupts: this.#tap.interrupts,
      jitModules: this.#tap.jitModules,
      network: this.#vnic?.counters() ?? { rxFrames: 0, rxBytes: 0, txFrames: 0, txBytes: 0, dropped: 0 },
      disk: totalOf(this.#disks),
      console: { outBytes: this.console.outBytes, inBytes: this.console.inBytes },
      framesSent: this.display.framesSent,
    }
  }

  crashReport(cause: CrashCause): CrashReport {
    return {
      cause,
      at: Date.now(),
      registers: readableRegisters(this.#internals.cpu),
      consoleTail: this.console.tailText(),
      instructions: this.#vcpu.instructions,
    }
  }

  /** Anything that went wrong in the engine outside a slice: it ends the machine as a fault within one does. */
  fault(error: unknown): void {
    this.#vcpu.stop()
    this.#faulted(error)
  }

  /** Ends the machine without a word and closes its disks. */
  dispose(): void {
    this.#end ??= { kind: 'powered-off' }
    this.#vcpu.stop()
    this.display.dispose()
    for (const store of this.#stores) store.close()
  }

  #sliceEnded(executed: number, now: number): void {
    if (this.#jit.sample(executed, now)) this.#internals.cpu.set_jit_config(JIT_OFF, this.#jit.isOpen ? 0 : 1)
    const written = this.console.sliceEnded()
    if (this.#vnic !== undefined) {
      const outgoing = this.#vnic.takeOutgoing()
      if (outgoing.length > 0) this.#hooks.networkFrames(outgoing)
      this.#vnic.deliver()
    }
    this.agent.deliver()
    this.input.sliceEnded(this.#words.halted)
    this.display.sliceEnded(now)
    this.#observe(executed, written, now)
  }

  #observe(executed: number, written: number, now: number): void {
    const { halted, flags } = this.#words
    if (halted && (executed > 0 || !this.#wasHalted)) this.#tap.countHalt()
    this.#wasHalted = halted
    if (this.#panic !== undefined) {
      if (this.#panic.sample(written, this.#vcpu.instructions))
        this.#finish({ kind: 'crashed', cause: { kind: 'panic' } })
      return
    }
    const interruptsEnabled = (flags & INTERRUPT_FLAG) !== 0
    const seen = this.#watch.sample({ halted, interruptsEnabled, executed, now })
    if (seen.kind === 'spinning') this.#hooks.spinning(seen.forMs)
    else if (seen.kind === 'dead-halt') {
      this.#finish(
        this.#expectedEnd === undefined
          ? { kind: 'crashed', cause: { kind: 'halted' } }
          : { kind: this.#expectedEnd },
      )
    }
  }

  #agentFrame(frame: AgentFrame): void {
    if (frame.type === this.#upWith) this.#jit.userlandIsUp()
    // The halt may follow before the supervisor has read the frame: what it announces is noted here.
    if (frame.type === GuestFrame.goodbye)
      this.#expectedEnd = frame.untrustedPayload[0] === 1 ? 'reset-requested' : 'powered-off'
    this.#hooks.agentFrame(frame)
  }

  #faulted(error: unknown): void {
    // What the guest wrote in the slice that ended it.
    this.console.sliceEnded()
    if (this.#panic !== undefined) this.#finish({ kind: 'crashed', cause: { kind: 'panic' } })
    if (error instanceof ResetRequested || isTripleFault(this.#internals.cpu, error)) {
      this.#finish({ kind: 'reset-requested' })
      return
    }
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const detail = [what, this.#internals.lastWords()].filter((part) => part !== '').join('; ')
    this.#finish({ kind: 'crashed', cause: { kind: 'engine-fault', detail } })
  }

  #finish(end: MachineEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#vcpu.stop()
    this.#hooks.ended(end)
  }
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined
}
