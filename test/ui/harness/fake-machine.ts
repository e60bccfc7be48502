/** A supervisor that is none: speaks the protocol to the console under test, and does what a scene tells it. */

import { assertNever } from '../../../src/base/assert.ts'
import {
  parseDomainId,
  type Colour,
  type CrashReport,
  type DomainId,
  type DomainInfo,
  type DomainState,
  type DomainStats,
  type ViewKind,
} from '../../../src/protocol/domain.ts'
import type { DisplayEvent } from '../../../src/protocol/channels.ts'
import type { Fault } from '../../../src/protocol/fault.ts'
import type { SnapshotInfo, SnapshotsReport } from '../../../src/protocol/snapshot.ts'
import type {
  CallRequest,
  SupervisorEvent,
  SupervisorMessage,
  SupervisorRequest,
} from '../../../src/protocol/supervisor.ts'
import type { ConsentRequest, PolicyDecision } from '../../../src/protocol/policy.ts'
import type { NetworkReport } from '../../../src/protocol/network.ts'
import type { CaptureAct, PacketSummary } from '../../../src/protocol/packets.ts'
import type { TransferInfo } from '../../../src/protocol/transfers.ts'

const MIB = 2 ** 20

export function domainId(text: string): DomainId {
  const id = parseDomainId(text)
  if (id === undefined) throw new Error(`not an id: ${text}`)
  return id
}

type Seed = {
  readonly appliance: string
  readonly name: string
  readonly colour: Colour
  readonly memoryMiB: number
  readonly view?: ViewKind
  readonly lossOnKill?: string
}

export const SEEDS: readonly Seed[] = [
  {
    appliance: 'primary',
    name: 'Primary',
    colour: 'teal',
    memoryMiB: 96,
    lossOnKill: 'What its programs have not yet written to its disk.',
  },
  { appliance: 'web', name: 'Web', colour: 'red', memoryMiB: 96, view: 'screen' },
  { appliance: 'messaging', name: 'Messaging', colour: 'blue', memoryMiB: 48 },
  { appliance: 'management', name: 'Management', colour: 'amber', memoryMiB: 32 },
  {
    appliance: 'vault',
    name: 'Vault',
    colour: 'violet',
    memoryMiB: 64,
    lossOnKill: 'What the open vault has not yet written.',
  },
]

/** A person's own image, once there is one. */
const OWN: Seed = { appliance: 'own', name: 'Own', colour: 'green', memoryMiB: 64, view: 'screen' }

export class FakeMachine extends EventTarget {
  readonly domains = new Map<DomainId, DomainInfo>()
  readonly calls: CallRequest[] = []
  /** Answers every call of this name with this fault. */
  readonly faults = new Map<CallRequest['name'], Fault>()
  /** Calls of these names wait until `release`. */
  readonly held = new Set<CallRequest['name']>()
  /** Domains that hear a shutdown and go on. */
  readonly deaf = new Set<string>()
  readonly #consoles = new Map<DomainId, MessagePort>()
  readonly #waiting: Extract<SupervisorRequest, { kind: 'call' }>[] = []
  #report: SnapshotsReport = { storage: { kind: 'opening' }, snapshots: [], current: [], hibernating: [] }
  #clock = 0
  #recording = false
  #seen = 0

  postMessage(message: SupervisorRequest): void {
    if (message.kind === 'hand-off') {
      this.#event({ type: 'ready', memoryBudgetMiB: message.handOff.memoryBudgetMiB })
      return
    }
    if (message.kind === 'trunk-peer' || message.kind === 'prepare') return
    this.calls.push(message.call)
    if (this.held.has(message.call.name)) this.#waiting.push(message)
    else this.#answer(message)
  }

  /** Lets the calls go on that wait, and those of this name that come. */
  release(name: CallRequest['name']): void {
    this.held.delete(name)
    for (const message of this.#waiting.splice(0)) this.#answer(message)
  }

  #answer({ callId, call }: Extract<SupervisorRequest, { kind: 'call' }>): void {
    const fault = this.faults.get(call.name)
    if (fault !== undefined) return this.#send({ kind: 'failed', callId, fault })
    this.#send({ kind: 'returned', callId, value: this.#perform(call) })
  }

  #perform(call: CallRequest): unknown {
    switch (call.name) {
      case 'start':
      case 'reset':
      case 'resume':
        return this.change(call.args.id, {
          state: 'running',
          ready: true,
          crash: undefined,
          diskTrouble: undefined,
          health: { kind: 'ok' },
        })
      case 'pause':
        return this.change(call.args.id, { state: 'paused' })
      case 'shutdown':
        if (this.deaf.has(call.args.id)) return undefined
        return this.change(call.args.id, { state: 'off', ready: false })
      case 'kill':
        return this.change(call.args.id, { state: 'off', ready: false })
      case 'remove':
        this.domains.delete(call.args.id)
        return this.#event({ type: 'domain-removed', id: call.args.id })
      case 'create': {
        if (call.args.config.image !== undefined) return this.add(OWN, 'Own 2', 'off')
        const seed = SEEDS.find(({ appliance }) => appliance === call.args.config.appliance)
        return seed === undefined ? undefined : this.add(seed, `${seed.name} 2`)
      }
      case 'setLimits': {
        const domain = this.domains.get(call.args.id)
        return domain && this.change(domain.id, { limits: { ...domain.limits, ...call.args.limits } })
      }
      case 'sendFile':
        return `/root/inbox/${call.args.file}`
      case 'fetchFile':
        return new Blob([call.args.path])
      case 'joinTabs':
        return this.trunk(call.args.on)
      case 'setPolicy':
        return this.#event({ type: 'policy', text: call.args.text })
      case 'answerConsent':
        return this.#event({ type: 'consents', open: [] })
      case 'capture':
        return this.#capture(call.args.act)
      case 'exportCapture':
        return new Blob([`of ${call.args.of ?? 'all'}`])
      case 'diskUsage':
        return { sizeBytes: 2 ** 28, storedBytes: 21 * 2 ** 20, originBytes: 2 ** 27, quotaBytes: 2 ** 34 }
      case 'exportDisk':
        return new Blob()
      case 'snapshot': {
        const { id, name, note } = call.args
        const current = this.#report.current.find(([domain]) => domain === id)?.[1]
        const snapshot = this.snapshotOf(id, { name, note, parent: current })
        this.describeSnapshots({ current: [[id, snapshot.id]] })
        return { id: snapshot.id, pauseMs: 12.4, changedPages: 410 }
      }
      case 'restore': {
        const snapshot = this.#report.snapshots.find(({ id }) => id === call.args.snapshotId)
        if (snapshot === undefined) return undefined
        const id = domainId(snapshot.domain)
        this.describeSnapshots({ current: [[id, snapshot.id]] })
        return id
      }
      case 'removeSnapshot':
        return this.describeSnapshots({
          snapshots: this.#report.snapshots.filter(({ id }) => id !== call.args.snapshotId),
        })
      case 'describeSnapshot': {
        const { snapshotId, name, note } = call.args
        return this.describeSnapshots({
          snapshots: this.#report.snapshots.map((each) =>
            each.id === snapshotId ? { ...each, name, note } : each,
          ),
        })
      }
      case 'setHibernate':
        return this.describeSnapshots({ hibernating: call.args.on ? [call.args.id] : [] })
      case 'exportSnapshot':
        return new Blob(['a snapshot'])
      case 'snapshotThumbnail':
        return new Uint8Array()
      case 'importDisk':
      case 'resetDisk':
      case 'setScreenSize':
      case 'focus':
      case 'setPrimary':
      case 'newIdentity':
      case 'clone':
      case 'importSnapshot':
      case 'leaving':
      case 'cancelTransfer':
      case 'answerClip':
      case 'answerPicture':
        return undefined
      default:
        return assertNever(call)
    }
  }

  /** One more snapshot in the list. */
  snapshotOf(
    id: DomainId,
    fields: Pick<SnapshotInfo, 'name' | 'note' | 'parent'> & Partial<SnapshotInfo>,
  ): SnapshotInfo {
    const count = this.#report.snapshots.length
    const snapshot: SnapshotInfo = {
      id: (count + 1).toString(16).padStart(32, '0'),
      domain: id,
      appliance: this.domains.get(id)?.appliance ?? 'primary',
      time: Date.UTC(2026, 10, 22, 18, 5 + count * 7),
      machine: { engine: '', memoryMiB: 96, devices: '' },
      automatic: false,
      imageBytes: 96 * MIB,
      ownBytes: 900_000 * (1 + (count % 3)),
      sharedBytes: 38 * MIB,
      state: 'sound',
      ...fields,
    }
    this.describeSnapshots({ snapshots: [...this.#report.snapshots, snapshot] })
    return snapshot
  }

  describeSnapshots(more: Partial<SnapshotsReport>): void {
    this.#report = { ...this.#report, ...more }
    const { snapshots } = this.#report
    const usage = {
      snapshots: snapshots.length,
      liveBytes: 41e6 + snapshots.length * 2e6,
      fileBytes: 60e6,
      separateBytes: snapshots.length * 40e6,
    }
    const storage =
      this.#report.storage.kind === 'opening' ? { kind: 'open' as const, usage } : this.#report.storage
    this.#event({ type: 'snapshots', report: { ...this.#report, storage } })
  }

  #send(data: SupervisorMessage): void {
    queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data })))
  }

  #event(event: SupervisorEvent): void {
    this.#send({ kind: 'event', event })
  }

  /** A new domain with its ports open. */
  add(seed: Seed, name = seed.name, state: DomainState = 'running'): DomainId {
    const id = domainId(name.toLowerCase().replace(' ', '-'))
    const console = new MessageChannel()
    const display = new MessageChannel()
    this.#consoles.set(id, console.port1)
    if (seed.view === 'screen') paintDisplay(display.port1)
    this.domains.set(id, {
      id,
      name,
      appliance: seed.appliance,
      state,
      health: { kind: 'ok' },
      colour: seed.colour,
      shortcut: this.domains.size < 9 ? this.domains.size + 1 : undefined,
      view: seed.view ?? 'terminal',
      memoryBytes: seed.memoryMiB * MIB,
      focused: false,
      primary: seed.appliance === 'primary',
      ready: state === 'running',
      readyAfterMs: state === 'running' ? 612 : undefined,
      origin: state === 'running' ? { kind: 'boot', why: undefined } : undefined,
      limits: { capPercent: 100, weight: 100 },
      keeping: seed.appliance === 'vault' ? 'never' : seed.appliance === 'web' ? 'asked' : 'always',
      lossOnKill: seed.lossOnKill,
      crash: undefined,
      disk:
        seed.appliance === 'primary' || seed.appliance === 'vault'
          ? { sizeBytes: 2 ** 28, kept: true }
          : undefined,
      diskTrouble: undefined,
    })
    this.#event({ type: 'domain-ports', id, display: display.port2, console: console.port2 })
    this.change(id, {})
    return id
  }

  change(id: DomainId, fields: Partial<DomainInfo>): void {
    const domain = this.domains.get(id)
    if (domain === undefined) return
    const changed = { ...domain, ...fields }
    this.domains.set(id, changed)
    this.#event({ type: 'domain-changed', domain: changed })
  }

  crash(id: DomainId, crash: CrashReport): void {
    this.change(id, { state: 'crashed', ready: false, crash })
  }

  print(id: DomainId, text: string): void {
    this.#consoles
      .get(id)
      ?.postMessage({ kind: 'output', bytes: new TextEncoder().encode(text.replaceAll('\n', '\r\n')) })
  }

  log(level: 'info' | 'warning' | 'error', text: string, id?: DomainId): void {
    this.#event({ type: 'log', at: Date.UTC(2026, 10, 22, 18, 45, this.#clock++), level, text, id })
  }

  transfers(transfers: readonly TransferInfo[]): void {
    this.#event({ type: 'transfers', transfers })
  }

  #capture(act: CaptureAct): void {
    if (act === 'clear') this.#seen = 0
    else this.#recording = act === 'start'
    this.packets([])
  }

  /** Frames that have passed, numbered on. */
  packets(rows: readonly Omit<PacketSummary, 'number'>[]): void {
    const numbered = rows.map((row, index) => Object.assign({}, row, { number: this.#seen + index + 1 }))
    this.#seen += rows.length
    const ports = [...this.domains.keys()].slice(0, 3).map((id, index) => ({
      id,
      mac: `02:48:53:00:00:0${index + 1}`,
      address: `10.83.7.1${index}`,
    }))
    const report = {
      recording: this.#recording,
      packets: this.#seen,
      bytes: this.#seen * 98,
      seen: this.#seen,
      ports,
    }
    this.#event({ type: 'packets', report, rows: numbered })
  }

  network(report: NetworkReport): void {
    this.#event({ type: 'network', report })
  }

  trunk(tabs: boolean): void {
    const stations = [{ name: 'messaging.m83', address: '10.83.83.12' }]
    const machines = tabs ? [{ machine: 83, stations }] : []
    this.#event({ type: 'trunk', report: { machine: 117, tabs, machines, clash: false } })
  }

  decisions(rows: readonly PolicyDecision[], denied: number): void {
    this.#event({ type: 'decisions', rows, denied })
  }

  consents(open: readonly ConsentRequest[]): void {
    this.#event({ type: 'consents', open })
  }

  offerClip(id: DomainId, text: string): void {
    this.#event({ type: 'clip-offer', id, text })
  }

  wantClip(id: DomainId, request: number): void {
    this.#event({ type: 'clip-wanted', id, request })
  }

  /** One sample of every running domain. */
  sample(cpuPercent: (id: DomainId) => number): void {
    this.#clock += 250
    const running = [...this.domains.values()].filter(({ state }) => state === 'running')
    this.#event({
      type: 'stats',
      stats: running.map(({ id }) => [id, statsOf(this.#clock, cpuPercent(id))] as const),
    })
  }
}

function statsOf(at: number, cpuPercent: number): DomainStats {
  return {
    at,
    instructions: at * 91_000,
    mips: cpuPercent * 4.2,
    cpuPercent,
    exits: [
      { reason: 'pio-in', device: 'uart0', count: at * 31 },
      { reason: 'timer', device: 'pit', count: at * 7 },
    ],
    interrupts: at * 9,
    jitModules: 212,
    throttledMs: 0,
    grantedPercent: 100,
    network: { rxFrames: 120, rxBytes: 48_200, txFrames: 84, txBytes: 9_120, dropped: 0 },
    disk: { reads: 410, readBytes: 5_242_880, writes: 12, writeBytes: 98_304 },
    console: { outBytes: 4100, inBytes: 60 },
    framesSent: 3,
  }
}

/** A screen with a shape on it, one frame a credit. */
function paintDisplay(port: MessagePort): void {
  const width = 1024
  const height = 768
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (context === null) return
  context.fillStyle = '#e8e6df'
  context.fillRect(0, 0, width, height)
  context.fillStyle = '#c9c6bb'
  context.fillRect(0, 0, width, 36)
  context.fillStyle = '#fff'
  context.fillRect(160, 7, 700, 22)
  context.fillStyle = '#222'
  context.font = '14px sans-serif'
  context.fillText('http://welcome.hyperspace/', 170, 23)
  context.font = 'bold 38px serif'
  context.fillText('Welcome to the web domain', 120, 140)
  context.font = '19px serif'
  for (let line = 0; line < 14; line++) {
    context.fillText(
      'This picture stands for a browser in a guest of its own, as the harness draws it.',
      120,
      200 + line * 30,
    )
  }
  const { data } = context.getImageData(0, 0, width, height)
  let sequence = 0
  port.onmessage = ({ data: request }: MessageEvent<{ kind: string }>) => {
    if (request.kind !== 'credit') return
    const pixels = data.slice().buffer
    const frame: DisplayEvent = {
      kind: 'frame',
      screen: { width, height, mode: 'graphics' },
      x: 0,
      y: 0,
      width,
      height,
      pixels,
      sequence: sequence++,
    }
    if (sequence <= 2) port.postMessage(frame, [pixels])
  }
}
