/**
 * One life of a domain: one worker from its spawning to its end. Hears the machine's reports and the guest agent's
 * frames, and takes every one of the agent's as hostile until decoded.
 */

import { assertNever } from '../base/assert.ts'
import type { Result } from '../base/result.ts'
import { AGENT_ABI } from '../protocol/agent.ts'
import type { CrashCause, CrashReport } from '../protocol/domain.ts'
import type { Fault } from '../protocol/fault.ts'
import type { DomainEvent, DomainRequest, MachineSpec, ResumeSource } from '../protocol/guest.ts'
import type { ScreenSize } from '../protocol/screen.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import {
  decodeGuestFrame,
  encodeHostFrame,
  type EndOfGuest,
  type GuestMessage,
  type HypercallReply,
} from './agent.ts'
import { wakeUp, type Awakening } from './awakening.ts'
import { ConsoleTails } from './console-tails.ts'
import { AgentAsks, type Ask } from './broker/asks.ts'
import { Captures, type Captured, type CapturePurpose } from './captures.ts'
import { interval, type Interval, type Sample } from './counters.ts'
import type { DomainListener, DomainPort, HyperCoreEnvironment } from './environment.ts'
import { HEARTBEAT_MS, Heartbeat } from './heartbeat.ts'
import type { Cable } from './network.ts'
import type { Granted } from './scheduler.ts'

/**
 * Frames of one agent between two ticks. The machine holds a guest back that sends more than 1,024 a second
 * (machine/agent-channel.ts); what comes faster than twice that comes from a worker that no longer does, and is dropped.
 */
const FRAMES_PER_TICK = 2048

/** A worker lets go between two slices; one that is stuck is ended all the same, and its disks come free later. */
const LET_GO_MS = 1000

/** What a life is spawned with. */
export type Machine = {
  readonly scriptUrl: string
  readonly engine: WebAssembly.Module
  readonly spec: MachineSpec
  /** Undefined: it boots. */
  readonly resume: { readonly source: ResumeSource; readonly awakening: Awakening } | undefined
  /** A worker that is ahead with the state, where there is one. */
  readonly adopt?: ((listener: DomainListener) => DomainPort | undefined) | undefined
}

export type LogLevel = 'info' | 'warning' | 'error'

/** The domain whose life it is. */
export type LifeOwner = {
  readonly id: string
  readonly name: string
  readonly mac: string | undefined
  readonly environment: HyperCoreEnvironment
  /** Of the supervisor, told to the agent. */
  readonly version: string
  /** What the person wants of its screen; undefined: as it starts. */
  readonly screen: ScreenSize | undefined
  log(level: LogLevel, text: string): void
  ports(display: MessagePort, console: MessagePort): void
  /** Undefined: it has no network card. */
  plug(): Cable | undefined
  report(step: 'came-up' | 'paused' | 'resumed'): void
  ready(): void
  /** It never ran: the state it was to resume from is not for its machine. */
  notResumed(fault: StateFault): void
  spinning(forMs: number): void
  /** Its worker has said nothing for so long; 0: it does again. */
  silent(forMs: number): void
  /** A disk of its failed; a sentence for a person. */
  diskTrouble(message: string): void
  /** `goodbye` is what the guest's agent said before. */
  poweredOff(goodbye: EndOfGuest | undefined): void
  crashed(cause: CrashCause, report: CrashReport | undefined): void
  hypercall(number: number, untrustedArguments: readonly string[]): Promise<HypercallReply>
}

export class Life {
  readonly #owner: LifeOwner
  readonly #port: DomainPort
  readonly #heartbeat = new Heartbeat()
  #isSilent = false
  readonly #startedAt: number
  readonly #cable: Cable | undefined
  readonly #asks: AgentAsks
  readonly #tails = new ConsoleTails((request) => this.post(request))
  readonly #captures = new Captures()
  #over = false
  #gone: (() => void) | undefined
  #agentUp = false
  #goodbye: EndOfGuest | undefined
  #framesLeft = FRAMES_PER_TICK
  /** Its worker was there before it. */
  readonly #wasAhead: boolean
  #sample: Sample | undefined
  #interval: Interval | undefined
  #fresh = false
  #granted: Granted | undefined
  /** Of a machine that resumes, until its agent has answered the ping with this nonce. */
  #awakening: (Awakening & { readonly nonce?: number }) | undefined

  constructor(machine: Machine, owner: LifeOwner) {
    this.#owner = owner
    this.#startedAt = owner.environment.now()
    this.#asks = new AgentAsks({
      name: owner.name,
      send: (frame) => this.#send(frame),
      after: (ms, action) => owner.environment.after(ms, action),
    })
    const listener: DomainListener = {
      message: (event) => this.#guarded(() => this.#receive(event)),
      error: (detail) => this.#guarded(() => owner.crashed({ kind: 'worker-died', detail }, undefined)),
    }
    const ahead = machine.adopt?.(listener)
    this.#wasAhead = ahead !== undefined
    this.#port = ahead ?? owner.environment.spawnDomain(machine.scriptUrl, owner.id, listener)
    const { spec, engine, resume } = machine
    this.#awakening = resume?.awakening
    const display = new MessageChannel()
    const console = new MessageChannel()
    this.#cable = owner.plug()
    this.#port.post(
      {
        kind: 'bootstrap',
        spec,
        engine,
        display: display.port1,
        console: console.port1,
        network: this.#cable?.port,
        ...(resume === undefined ? {} : { resume: resume.source }),
      },
      [
        display.port1,
        console.port1,
        ...(this.#cable === undefined ? [] : [this.#cable.port]),
        ...(spec.boot.kind === 'multiboot' ? [spec.boot.image] : []),
        ...(resume?.source.kind === 'state' ? [resume.source.from] : []),
      ],
    )
    owner.ports(display.port2, console.port2)
  }

  /** The guest's agent has said hello in an ABI that is ours. */
  get agentUp(): boolean {
    return this.#agentUp
  }

  /** Asks the agent; to be used once it is up. */
  get ask(): Ask {
    return this.#asks.ask
  }

  /** The end of its console; undefined where it ended first. */
  readConsoleTail(): Promise<string | undefined> {
    return this.#tails.read()
  }

  get interval(): Interval | undefined {
    return this.#interval
  }

  get instructions(): number {
    return this.#sample?.counters.instructions ?? 0
  }

  /** The newest figures, once each. */
  takeStats(): Interval['stats'] | undefined {
    const fresh = this.#fresh
    this.#fresh = false
    return fresh ? this.#interval?.stats : undefined
  }

  post(request: DomainRequest): void {
    this.#port.post(request, [])
  }

  /** Asks the agent to end the guest. */
  askToShutDown(): void {
    this.post({ kind: 'expect-halt' })
    this.#send(encodeHostFrame({ kind: 'shutdown', end: 'power-off' }))
  }

  /** Tells the agent how large the screen is, where there is one yet; else it is told when it says hello. */
  tellScreen(): void {
    const { screen } = this.#owner
    if (this.#agentUp && screen !== undefined) this.#send(encodeHostFrame({ kind: 'screen', size: screen }))
  }

  /** Lets the machine send its state over `to`. */
  capture(purpose: CapturePurpose, to: MessagePort): Promise<Result<Captured, Fault>> {
    return this.#captures.begin((captureId) =>
      this.#port.post({ kind: 'capture', captureId, purpose, to }, [to]),
    )
  }

  /** Nothing executes any more, and its disks can be opened by another: to be followed by its end. */
  letGo(): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#owner.environment.after(LET_GO_MS, resolve)
      this.#gone = () => {
        late()
        resolve()
      }
      this.post({ kind: 'let-go' })
    })
  }

  /** From now on. */
  grant({ grantPercent, compilePercent }: Granted): void {
    if (this.#granted?.grantPercent === grantPercent && this.#granted.compilePercent === compilePercent)
      return
    this.#granted = { grantPercent, compilePercent }
    this.post({ kind: 'set-rate', percent: grantPercent, compilePercent })
  }

  /** Once every HEARTBEAT_MS. `listening`: its script has been loaded, so that silence says something. */
  tick(now: number, listening: boolean): void {
    if (this.#framesLeft < 0)
      this.#owner.log('warning', `${this.#owner.name}: its agent sends too fast; frames were dropped.`)
    this.#framesLeft = FRAMES_PER_TICK
    if (!listening) return
    const { silentMs, isLong, isLost } = this.#heartbeat.tick(now)
    if (isLost) return this.#owner.crashed({ kind: 'heartbeat-lost', silentMs }, undefined)
    if (isLong) this.#tellSilence(silentMs)
    this.post({ kind: 'ping', nonce: Math.round(now / HEARTBEAT_MS) })
  }

  #tellSilence(forMs: number): void {
    this.#isSilent = forMs > 0
    this.#owner.silent(forMs)
  }

  /** Ends the worker; nothing is heard of it afterwards. */
  end(): void {
    this.#over = true
    this.#gone?.()
    this.#captures.over(this.#owner.name)
    this.#port.terminate()
    this.#cable?.unplug()
    this.#asks.end()
    this.#tails.end()
  }

  /** A bug in handling a worker's message ends its domain, not the supervisor. */
  #guarded(action: () => void): void {
    if (this.#over) return
    try {
      action()
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#owner.log('error', `${this.#owner.name}: a message of its worker failed: ${detail}`)
      if (!this.#over) this.#owner.crashed({ kind: 'worker-died', detail }, undefined)
    }
  }

  #send(frame: Uint8Array): void {
    this.post({ kind: 'agent-send', frame })
  }

  #receive(event: DomainEvent): void {
    this.#heartbeat.heard()
    if (this.#isSilent) this.#tellSilence(0)
    const owner = this.#owner
    switch (event.kind) {
      case 'running':
        this.#wakeUp()
        return owner.report('came-up')
      case 'not-resumed':
        return owner.notResumed(event.fault)
      case 'paused':
      case 'resumed':
        return owner.report(event.kind)
      case 'prepared':
      case 'rehearsed':
      case 'pong':
        return undefined
      case 'console-tail':
        return this.#tails.answered(event.nonce, event.untrustedText)
      case 'counters':
        return this.#count({ at: owner.environment.now(), counters: event.counters })
      case 'agent-frame':
        return this.#hear(event.type, event.untrustedPayload)
      case 'spinning':
        return owner.spinning(event.forMs)
      case 'disk-trouble':
        return owner.diskTrouble(event.message)
      case 'powered-off':
        return owner.poweredOff(this.#goodbye)
      case 'reset-requested':
        return owner.poweredOff('reboot')
      case 'crashed':
        // The halt of a guest that has said goodbye is its end, even where the two messages crossed.
        if (event.report.cause.kind === 'halted' && this.#goodbye !== undefined)
          return owner.poweredOff(this.#goodbye)
        return owner.crashed(event.report.cause, event.report)
      case 'let-go':
        return this.#gone?.()
      case 'captured':
      case 'capture-refused':
        return this.#captures.heard(event)
      default:
        return assertNever(event)
    }
  }

  #count(sample: Sample): void {
    // What a machine had done before it was asked for was not done in this interval.
    if (this.#sample === undefined && this.#wasAhead) {
      this.#sample = sample
      return
    }
    const figures = interval(this.#sample, this.#startedAt, sample, this.#granted?.grantPercent ?? 100)
    if (figures === undefined) return
    this.#sample = sample
    this.#interval = figures
    this.#fresh = true
  }

  #hear(type: number, untrustedPayload: Uint8Array): void {
    this.#framesLeft -= 1
    if (this.#framesLeft < 0) return
    const message = decodeGuestFrame(type, untrustedPayload)
    if (message.ok) this.#answer(message.value)
    else this.#owner.log('warning', `${this.#owner.name}: ${message.error.message}.`)
  }

  #answer(message: GuestMessage): void {
    const owner = this.#owner
    switch (message.kind) {
      case 'hello':
        this.#agentUp = message.abi === AGENT_ABI
        if (!this.#agentUp)
          owner.log('warning', `${owner.name}: its agent speaks ABI ${message.abi}, not ${AGENT_ABI}.`)
        this.#send(
          encodeHostFrame({ kind: 'welcome', domainName: owner.name, supervisorVersion: owner.version }),
        )
        return this.tellScreen()
      case 'ready':
        return owner.ready()
      case 'checkpoint':
        // Booted with the checkpoint's word although nobody takes its state: it waits to be told to go on.
        return this.#tellWho({ hostname: owner.id, mac: owner.mac, stage: 'checkpoint', shown: false })
      case 'call':
        void this.#call(message.callId, message.number, message.untrustedArguments)
        return undefined
      case 'goodbye':
        this.#goodbye = message.end
        return this.post({ kind: 'expect-halt' })
      case 'answer':
        return this.#asks.answered(message)
      case 'pong':
        return this.#pong(message.nonce)
      default:
        return assertNever(message)
    }
  }

  /** A guest that resumes is told who it is before it could act as who it was. */
  #wakeUp(): void {
    if (this.#awakening !== undefined) this.#tellWho(this.#awakening)
  }

  #tellWho(awakening: Awakening): void {
    const { screen, environment } = this.#owner
    const { frames, nonce } = wakeUp({ ...awakening, screen }, environment.wallClock())
    this.#awakening = { ...awakening, nonce }
    for (const frame of frames) this.#send(frame)
  }

  #pong(nonce: number): void {
    if (this.#awakening?.nonce !== nonce) return
    const { stage } = this.#awakening
    this.#awakening = undefined
    // Its agent said hello in the life whose state this was.
    this.#agentUp = true
    if (stage === 'ready') this.#owner.ready()
  }

  async #call(callId: number, number: number, untrustedArguments: readonly string[]): Promise<void> {
    const reply = await this.#owner.hypercall(number, untrustedArguments)
    if (!this.#over) this.#send(encodeHostFrame({ kind: 'reply', callId, reply }))
  }
}
