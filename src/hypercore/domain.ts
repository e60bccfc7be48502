/** One domain: its identity and limits for as long as it exists, its state, and one life of a worker after the other. */

import { err, ok, type Result } from '../base/result.ts'
import type {
  CpuLimits,
  CrashCause,
  CrashReport,
  DomainHealth,
  DomainId,
  DomainInfo,
  DomainOrigin,
  DomainState,
  DomainStats,
} from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import { isScreenSize, type ScreenSize } from '../protocol/screen.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import type { EndOfGuest, HypercallReply } from './agent.ts'
import type { Ask } from './broker/asks.ts'
import type { Captured, CapturePurpose } from './captures.ts'
import { crashFault, crashOf, crashWords } from './crash.ts'
import { diskInfo, keptDisk } from './kept-disk.ts'
import type { HyperCoreEnvironment } from './environment.ts'
import type { MemoryUse } from './memory-budget.ts'
import type { DomainIdentity } from './domain-identity.ts'
import { Life, type LifeOwner, type LogLevel } from './life.ts'
import { isLive, transition, type LifeCycleReport, type LifeCycleStep } from './life-cycle.ts'
import type { Cable } from './network.ts'
import { firstGrant, type Granted } from './scheduler.ts'
import type { BuildMachine } from './starter.ts'
import { Waits, type Outcome } from './waits.ts'

/** A guest asked to shut down syncs and halts within a second or two; then a person decides. */
const SHUTDOWN_MS = 10_000

/** A cold appliance is up in a second or two on a laptop; after this a person is told that it is slow. */
const SLOW_START_MS = 30_000

/** What a domain needs of the supervisor around it. */
export type DomainHost = {
  readonly environment: HyperCoreEnvironment
  readonly version: string
  changed(domain: Domain): void
  log(level: LogLevel, text: string, domain: Domain): void
  ports(domain: Domain, display: MessagePort, console: MessagePort): void
  /** Undefined: it has no network card. */
  plug(domain: Domain): Cable | undefined
  hypercall(domain: Domain, number: number, untrustedArguments: readonly string[]): Promise<HypercallReply>
  /** It has no worker any more. */
  ended(domain: Domain): void
  /** The guest has ended in order to start again. */
  rebooted(domain: Domain): void
}

/** One start: what came of an earlier one is told apart by it. */
type Start = {
  readonly at: number
  readonly build: BuildMachine
  readyAfterMs: number | undefined
  toldSlow: boolean
  origin: DomainOrigin | undefined
}

/** What it is among the others; of the supervisor. */
type Standing = { readonly focused: boolean; readonly primary: boolean }

const BESIDE: Standing = { focused: false, primary: false }

const NO_LIFE = fault('illegal-state', 'The guest is not running.')

const HEALTHY: DomainHealth = { kind: 'ok' }

export class Domain {
  readonly identity: DomainIdentity
  readonly #host: DomainHost
  readonly #waits = new Waits()
  #limits: CpuLimits
  #state: DomainState = 'created'
  #health = HEALTHY
  #crash: CrashReport | undefined
  #diskTrouble: string | undefined
  #screen: ScreenSize | undefined
  #start: Start | undefined
  #life: Life | undefined
  /** Its worker keeps a copy of its RAM, which the next snapshot is compared with. */
  #hasCopy = false

  constructor(identity: DomainIdentity, limits: CpuLimits, host: DomainHost) {
    this.identity = identity
    this.#limits = limits
    this.#host = host
  }

  get id(): DomainId {
    return this.identity.id
  }

  get name(): string {
    return this.identity.name
  }

  get state(): DomainState {
    return this.#state
  }

  get live(): boolean {
    return isLive(this.#state)
  }

  get limits(): CpuLimits {
    return this.#limits
  }

  /** Its userland is up. */
  get ready(): boolean {
    return this.#start?.readyAfterMs !== undefined
  }

  /** Percent of one core wanted; a machine that has not counted yet wants all. */
  get demandPercent(): number {
    return this.#state === 'paused' ? 0 : (this.#life?.interval?.demandPercent ?? 100)
  }

  get stats(): DomainStats | undefined {
    return this.#life?.interval?.stats
  }

  /** Undefined: it runs no agent that could be asked. */
  get ask(): Ask | undefined {
    return this.#life?.agentUp === true ? this.#life.ask : undefined
  }

  /** The end of its console, the guest's own words; undefined where nothing of it is known. */
  readConsoleTail(): Promise<string | undefined> {
    return this.#life?.readConsoleTail() ?? Promise.resolve(this.#crash?.consoleTail)
  }

  /** The newest figures, once each. */
  takeStats(): DomainStats | undefined {
    return this.#life?.takeStats()
  }

  info({ focused, primary }: Standing = BESIDE): DomainInfo {
    const { id, name, definition, shortcut, memoryMiB } = this.identity
    const isKept = keptDisk(this.identity) !== undefined
    const loss = isKept ? definition.lossOnKill : definition.lossOnKillWithoutDisk
    const readyAfterMs = this.#start?.readyAfterMs
    return {
      id,
      name,
      appliance: definition.name,
      state: this.#state,
      health: this.#health,
      colour: definition.colour,
      shortcut,
      view: definition.view,
      memoryBytes: memoryMiB * 2 ** 20,
      focused,
      primary,
      ready: readyAfterMs !== undefined,
      readyAfterMs,
      origin: this.#start?.origin,
      limits: this.#limits,
      keeping: definition.keeping,
      lossOnKill: this.live ? loss : undefined,
      crash: this.#crash,
      disk: diskInfo(this.identity),
      diskTrouble: this.#diskTrouble,
    }
  }

  /** Whether `step` is legal now. */
  may(step: LifeCycleStep): Outcome {
    const next = transition(this.#state, step, this.name)
    return next.ok ? ok(undefined) : next
  }

  /** Settles when the machine executes. */
  start(build: BuildMachine): Promise<Outcome> {
    const begun = this.#step('start')
    if (!begun.ok) return Promise.resolve(begun)
    const start: Start = {
      at: this.#host.environment.now(),
      build,
      readyAfterMs: undefined,
      toldSlow: false,
      origin: undefined,
    }
    this.#crash = undefined
    this.#diskTrouble = undefined
    this.#start = start
    this.#notify()
    void this.#boot(start)
    return this.#until(() => this.live && this.#state !== 'starting')
  }

  /** Settles when the vCPU stands still. */
  pause(): Promise<Outcome> {
    const asked = this.#step('pause')
    if (!asked.ok) return Promise.resolve(asked)
    this.#life?.post({ kind: 'pause' })
    return this.#until(() => this.#state === 'paused')
  }

  resume(): Promise<Outcome> {
    const asked = this.#step('resume')
    if (!asked.ok) return Promise.resolve(asked)
    this.#life?.post({ kind: 'resume' })
    return this.#until(() => this.#state === 'running')
  }

  /** Asks the guest's agent, and settles when the machine is off. */
  shutdown(): Promise<Outcome> {
    const legal = this.may('shutdown')
    if (!legal.ok) return Promise.resolve(legal)
    if (this.#life?.agentUp !== true) {
      const words = `${this.name} has no agent that could be asked: shut it down from inside, or kill it.`
      return Promise.resolve(err(fault('failed', words)))
    }
    // Its programs end only while it runs.
    if (this.#state === 'paused') this.#life.post({ kind: 'resume' })
    this.#life.askToShutDown()
    this.#step('shutdown')
    this.#notify()
    const words = `${this.name} was asked to shut down and has not in ${SHUTDOWN_MS / 1000} s. Wait, or kill it.`
    return this.#until(() => this.#state === 'off', fault('timeout', words))
  }

  /** Kills it for something that is to begin at once, and so needs its disks. */
  async killAndLetGo(): Promise<Outcome> {
    const legal = this.may('kill')
    const life = this.#life
    // A machine that is being built cannot answer; without a disk that outlives it nobody waits for it.
    const holds = keptDisk(this.identity) !== undefined && this.#state !== 'starting'
    if (legal.ok && holds) await life?.letGo()
    // It may have ended by itself meanwhile.
    return legal.ok && this.live && this.#life === life ? this.kill() : legal
  }

  kill(): Outcome {
    const ended = this.#step('kill')
    if (ended.ok) this.#notify()
    return ended
  }

  /** Whether its state can be taken now. */
  mayCapture(): Outcome {
    if (this.#life !== undefined && (this.#state === 'running' || this.#state === 'paused'))
      return ok(undefined)
    return err(
      fault('illegal-state', `${this.name} must be running or paused for that; it is ${this.#state}.`),
    )
  }

  async capture(purpose: CapturePurpose, to: MessagePort): Promise<Result<Captured, Fault>> {
    const legal = this.mayCapture()
    const life = this.#life
    if (!legal.ok || life === undefined) return legal.ok ? err(NO_LIFE) : legal
    // It is made before the state is taken, and outlives a snapshot that fails.
    if (purpose === 'store') this.keepsCopy()
    return life.capture(purpose, to)
  }

  /** To be called where this life goes on from a stored snapshot. */
  keepsCopy(): void {
    this.#hasCopy = true
  }

  /** What it takes of the budget. */
  get memoryUses(): readonly MemoryUse[] {
    const { name, memoryMiB } = this.identity
    const own = { name, memoryMiB }
    return this.#hasCopy ? [own, { name: `${name}’s last snapshot`, memoryMiB }] : [own]
  }

  abandonCapture(): void {
    this.#life?.post({ kind: 'abandon-capture' })
  }

  setLimits(limits: CpuLimits): void {
    this.#limits = limits
    this.#notify()
  }

  /** What the person wants of it; undefined: as it starts. */
  get screen(): ScreenSize | undefined {
    return this.#screen
  }

  setScreenSize(size: ScreenSize): Outcome {
    if (this.identity.definition.framebuffer === undefined)
      return err(fault('failed', `${this.name} has no screen whose size could be chosen.`))
    if (!isScreenSize(size))
      return err(fault('malformed', 'A screen is 640×480 to 1920×1088 pixels, its width a multiple of 8.'))
    this.#screen = size
    this.#life?.tellScreen()
    return ok(undefined)
  }

  /** Applies what the scheduler allots. */
  grant(granted: Granted): void {
    this.#life?.grant(granted)
  }

  /** Once every HEARTBEAT_MS. */
  tick(now: number): void {
    const start = this.#start
    if (start === undefined || this.#life === undefined) return
    if (start.readyAfterMs === undefined && !start.toldSlow && now - start.at > SLOW_START_MS) {
      start.toldSlow = true
      this.#log('warning', `${this.name} has not reported in after ${SLOW_START_MS / 1000} s.`)
    }
    this.#life.tick(now, this.#state !== 'starting')
  }

  /** Settles when userland is up, the domain has ended, or `patienceMs` have passed. */
  readyOrOver(patienceMs: number): Promise<Outcome> {
    const late = fault('timeout', `${this.name} was not ready in ${patienceMs} ms.`)
    return this.#until(() => this.#start?.readyAfterMs !== undefined, late, patienceMs)
  }

  #log(level: LogLevel, text: string): void {
    this.#host.log(level, text, this)
  }

  #notify(): void {
    this.#waits.check()
    this.#host.changed(this)
  }

  /** Waits for `reached`. The domain's end ends the wait, and so do `patienceMs` where `late` says with what. */
  #until(reached: () => boolean, late?: Fault, patienceMs = SHUTDOWN_MS): Promise<Outcome> {
    const condition = (): Outcome | undefined => {
      if (reached()) return ok(undefined)
      if (this.#state === 'crashed') return err(crashFault(this.name, this.#crash?.cause))
      return this.live ? undefined : err(fault('illegal-state', `${this.name} was ended meanwhile.`))
    }
    if (late === undefined) return this.#waits.until(condition)
    return this.#waits.until(condition, {
      ms: patienceMs,
      late,
      after: (ms, action) => this.#host.environment.after(ms, action),
    })
  }

  /** Takes a step of the life cycle. A domain that is no longer live loses its worker. */
  #step(step: LifeCycleStep): Outcome {
    const next = transition(this.#state, step, this.name)
    if (!next.ok) return next
    this.#state = next.value
    if (this.live) return ok(undefined)
    this.#life?.end()
    this.#life = undefined
    this.#start = undefined
    this.#health = HEALTHY
    this.#hasCopy = false
    this.#host.ended(this)
    return ok(undefined)
  }

  async #boot(start: Start, notFrom?: string): Promise<void> {
    try {
      const built = await start.build(notFrom)
      // Killed, and perhaps started again, while its parts were read.
      if (this.#start !== start) return
      if (!built.ok) return this.#bootFailed(built.error.message)
      const { machine, origin } = built.value
      start.origin = origin
      this.#notify()
      if (origin.kind === 'boot' && origin.why !== undefined)
        this.#log('warning', `${this.name} boots cold: ${origin.why}.`)
      this.#life = new Life(machine, this.#owner())
      this.grant(firstGrant(this.#limits.capPercent))
    } catch (error) {
      if (this.#start === start) this.#bootFailed(String(error))
    }
  }

  /** The worker has closed what it had opened; a fresh one boots. */
  #notResumed({ message }: StateFault): void {
    const start = this.#start
    if (start === undefined) return
    this.#life?.end()
    this.#life = undefined
    void this.#boot(start, message.replace(/\.$/, ''))
  }

  #bootFailed(detail: string): void {
    this.#crashed({ kind: 'boot-failed', detail }, undefined)
  }

  #owner(): LifeOwner {
    const host = this.#host
    const screen = (): ScreenSize | undefined => this.#screen
    return {
      get screen() {
        return screen()
      },
      id: this.id,
      name: this.name,
      mac: this.identity.mac,
      environment: host.environment,
      version: host.version,
      log: (level, text) => this.#log(level, text),
      ports: (display, console) => host.ports(this, display, console),
      plug: () => host.plug(this),
      report: (step) => this.#report(step),
      ready: () => this.#ready(),
      notResumed: (fault) => this.#notResumed(fault),
      spinning: (forMs) => {
        // Boot loaders and DOS programs poll with interrupts off as a matter of course.
        if (this.identity.image !== undefined) return
        this.#health = forMs > 0 ? { kind: 'spinning', forMs } : HEALTHY
        this.#notify()
      },
      silent: (forMs) => {
        this.#health = forMs > 0 ? { kind: 'silent', forMs } : HEALTHY
        this.#notify()
      },
      diskTrouble: (message) => {
        this.#diskTrouble = message
        this.#log('error', `${this.name}: ${message} The guest was told that its disk failed.`)
        this.#notify()
      },
      poweredOff: (goodbye) => this.#poweredOff(goodbye),
      crashed: (cause, report) => this.#crashed(cause, report),
      hypercall: (number, untrustedArguments) => host.hypercall(this, number, untrustedArguments),
    }
  }

  #report(step: LifeCycleReport): void {
    // It was paused in the instant in which it was asked to shut down.
    if (step === 'paused' && this.#state === 'shutting-down') this.#life?.post({ kind: 'resume' })
    const next = this.#step(step)
    if (!next.ok) return this.#log('error', next.error.message)
    this.#notify()
    // Nobody in it will say so: it is ready when it executes.
    if (step === 'came-up' && this.identity.image !== undefined) this.#ready()
  }

  #ready(): void {
    const start = this.#start
    if (start === undefined || start.readyAfterMs !== undefined) return
    start.readyAfterMs = this.#host.environment.now() - start.at
    const how = start.origin?.kind === 'golden' ? ', resumed from its golden snapshot' : ''
    this.#log('info', `${this.name} is ready after ${Math.round(start.readyAfterMs)} ms${how}.`)
    this.#notify()
  }

  #poweredOff(goodbye: EndOfGuest | undefined): void {
    // Whoever asks for a shutdown gets one, even where the guest would rather come back.
    const comesBack = goodbye === 'reboot' && this.#state !== 'shutting-down'
    this.#log('info', comesBack ? `${this.name} restarts itself.` : `${this.name} is off.`)
    this.#report('powered-off')
    if (comesBack) this.#host.rebooted(this)
  }

  #crashed(cause: CrashCause, report: CrashReport | undefined): void {
    const instructions = this.#life?.instructions ?? 0
    this.#step('crashed')
    this.#crash = crashOf(cause, report, { at: this.#host.environment.wallClock(), instructions })
    this.#log('error', crashWords(this.name, cause))
    this.#notify()
  }
}
