/**
 * Snapshots, clones and what becomes of them: refuses what must not be kept, brings a domain and the store together over a
 * port of their own, and tells the page what there is. The states themselves never pass through here.
 */

import { assertNever } from '../base/assert.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Watch } from '../base/watch.ts'
import { parseDomainId, type DomainId, type Keeping } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { ResumeSource } from '../protocol/guest.ts'
import type { MachineFingerprint } from '../protocol/machine-state.ts'
import {
  MAX_THUMBNAIL_BYTES,
  type SnapshotId,
  type SnapshotInfo,
  type SnapshotStorage,
  type SnapshotTaken,
} from '../protocol/snapshot.ts'
import type { StoreCallName, StoreCalls, StoreFailure, StoreListing } from '../protocol/store.ts'
import type { CallRequest, SupervisorEvent } from '../protocol/supervisor.ts'
import type { Transfers } from './broker/transfers.ts'
import type { Domain } from './domain.ts'
import type { HyperCoreEnvironment } from './environment.ts'
import { HibernationSchedule } from './hibernation.ts'
import type { LogLevel } from './life.ts'
import { checkText } from './snapshot-text.ts'
import { StoreClient } from './store-client.ts'

export type SnapshotCall = Extract<
  CallRequest,
  {
    name:
      | 'clone'
      | 'snapshot'
      | 'restore'
      | 'describeSnapshot'
      | 'removeSnapshot'
      | 'snapshotThumbnail'
      | 'exportSnapshot'
      | 'importSnapshot'
      | 'setHibernate'
      | 'leaving'
  }
>

/** The supervisor around it. */
export type SnapshotsHost = {
  readonly environment: HyperCoreEnvironment
  /** Of the store's worker, as the firmware measured it. */
  readonly storeScriptUrl: string
  readonly transfers: Transfers
  domains(): readonly Domain[]
  log(level: LogLevel, text: string, domain?: Domain): void
  emit(event: SupervisorEvent): void
  /** The machine that a start of it makes. */
  fingerprint(domain: Domain): Result<MachineFingerprint, Fault>
  /** A new domain of the appliance for a state of a machine; its disk, if any, is a copy. */
  add(appliance: string, machine: MachineFingerprint, id?: string): Result<Domain, Fault>
  remove(domain: Domain): Result<void, Fault>
  startFrom(domain: Domain, source: ResumeSource): Promise<Result<void, Fault>>
}

/** Why nothing of a running domain is kept. */
const NEVER: Readonly<Partial<Record<Keeping, string>>> = {
  never:
    'its memory holds the key of its open vault, and a snapshot would be a copy of that. Its encrypted disk is what lasts',
  'not-yet': 'the drive with an image of your own cannot be part of a snapshot yet',
}

type SaveRequest = {
  readonly name: string
  readonly note: string
  readonly thumbnail: Uint8Array<ArrayBuffer>
  readonly automatic: boolean
}

function noSuchSnapshot(): { ok: false; error: Fault } {
  return err(fault('failed', 'That snapshot is not kept here any more.'))
}

function failed({ message }: StoreFailure): { ok: false; error: Fault } {
  return err(fault('failed', message))
}

export class Snapshots {
  readonly #host: SnapshotsHost
  readonly #store: StoreClient
  #storage: SnapshotStorage
  #listed: readonly SnapshotInfo[] = []
  readonly #current = new Map<DomainId, SnapshotId>()
  readonly #hibernating: Set<string>
  readonly #schedule = new HibernationSchedule()
  /** One transfer a domain at a time; others wait for it. */
  readonly #queues = new Map<DomainId, Promise<unknown>>()
  readonly #saving = new Map<DomainId, () => void>()
  #opened: Promise<void> | undefined
  /** This window has storage at all. */
  readonly #mayOpen: boolean

  /** `unavailable`: why nothing can be kept. `hibernating`: what the person chose in an earlier visit. */
  constructor(host: SnapshotsHost, unavailable: string | undefined, hibernating: readonly string[]) {
    this.#host = host
    this.#store = new StoreClient((listener) => host.environment.spawnStore(host.storeScriptUrl, listener))
    this.#hibernating = new Set(hibernating)
    this.#storage =
      unavailable === undefined ? { kind: 'opening' } : { kind: 'unavailable', why: unavailable }
    this.#mayOpen = unavailable === undefined
    if (unavailable !== undefined) this.#tell()
  }

  /** Reads what is stored, once: when it is first needed, or when the boot has left the processors free. */
  open(): Promise<void> {
    this.#opened ??= this.#mayOpen ? this.#refresh() : Promise.resolve()
    return this.#opened
  }

  async call(request: SnapshotCall): Promise<Result<unknown, Fault>> {
    const { name, args } = request
    if (name === 'clone') return this.#onDomain(args.id, (domain) => this.#clone(domain))
    if (name === 'leaving') return this.#leaving()
    await this.open()
    // What was busy or full may not be any more.
    if (this.#storage.kind === 'unavailable' && this.#mayOpen) await this.#refresh()
    if (this.#storage.kind === 'unavailable') return err(fault('failed', this.#storage.why))
    switch (name) {
      case 'snapshot':
        return this.#onDomain(args.id, (domain) => this.#take(domain, { ...args, automatic: false }))
      case 'restore':
        return this.#restore(args.snapshotId)
      case 'describeSnapshot': {
        const text = checkText(args.name, args.note)
        if (!text.ok) return text
        return this.#change('describe', { id: args.snapshotId, ...text.value })
      }
      case 'removeSnapshot':
        return this.#remove(args.snapshotId)
      case 'snapshotThumbnail':
        return this.#ask('thumbnail', { id: args.snapshotId })
      case 'exportSnapshot':
        return this.#export(args.snapshotId)
      case 'importSnapshot':
        return this.#onDomain(args.id, (domain) => this.#import(domain, args.file))
      case 'setHibernate':
        return this.#onDomain(args.id, (domain) => this.#setHibernate(domain, args.on))
      default:
        return assertNever(name)
    }
  }

  #onDomain(
    id: DomainId,
    act: (domain: Domain) => Promise<Result<unknown, Fault>>,
  ): Promise<Result<unknown, Fault>> {
    const domain = this.#host.domains().find((each) => each.id === id)
    if (domain === undefined)
      return Promise.resolve(err(fault('no-such-domain', `There is no domain “${id}”.`)))
    return act(domain)
  }

  async #ask<Name extends StoreCallName>(
    name: Name,
    args: StoreCalls[Name]['args'],
    watch?: Watch,
  ): Promise<Result<StoreCalls[Name]['result'], Fault>> {
    const answer = await this.#store.begin(name, args, [], watch).answer
    return answer.ok ? ok(answer.value) : failed(answer.error)
  }

  /** A call after which there is something else to show. */
  async #change<Name extends StoreCallName>(
    name: Name,
    args: StoreCalls[Name]['args'],
  ): Promise<Result<StoreCalls[Name]['result'], Fault>> {
    const answer = await this.#ask(name, args)
    await this.#refresh()
    return answer
  }

  async #refresh(): Promise<void> {
    const answer = await this.#store.call('list', undefined)
    if (answer.ok) this.#show(answer.value)
    else {
      this.#storage = { kind: 'unavailable', why: answer.error.message }
      this.#host.log('warning', `Snapshots: ${answer.error.message}`)
    }
    this.#tell()
  }

  #show({ snapshots, usage }: StoreListing): void {
    this.#listed = snapshots
    this.#storage = { kind: 'open', usage }
  }

  #tell(): void {
    const ids = this.#host.domains().map(({ id }) => id)
    this.#host.emit({
      type: 'snapshots',
      report: {
        storage: this.#storage,
        snapshots: this.#listed,
        current: [...this.#current],
        hibernating: ids.filter((id) => this.#hibernating.has(id)),
      },
    })
  }

  /** Runs after what is under way with the domain, one after the other. */
  #inTurn<T>(domain: Domain, action: () => Promise<T>): Promise<T> {
    const turn = (this.#queues.get(domain.id) ?? Promise.resolve()).then(action)
    this.#queues.set(
      domain.id,
      turn.catch(() => undefined),
    )
    return turn
  }

  async #take(domain: Domain, request: SaveRequest): Promise<Result<SnapshotTaken, Fault>> {
    const never = NEVER[domain.identity.definition.keeping]
    if (never !== undefined) return err(fault('forbidden', `${domain.name} cannot be snapshotted: ${never}.`))
    const text = checkText(request.name, request.note)
    if (!text.ok) return text
    if (request.thumbnail.length > MAX_THUMBNAIL_BYTES)
      return err(fault('malformed', `A picture has ${MAX_THUMBNAIL_BYTES} bytes at most.`))
    const checked = { ...request, ...text.value }
    const taken = await this.#inTurn(domain, async () => {
      const first = await this.#save(domain, checked)
      // What the pages were compared with has been removed meanwhile: they are stored whole.
      return first === 'missing' ? this.#save(domain, checked) : first
    })
    await this.#refresh()
    return taken === 'missing' ? noSuchSnapshot() : taken
  }

  async #save(
    domain: Domain,
    { name, note, thumbnail, automatic }: SaveRequest,
  ): Promise<Result<SnapshotTaken, Fault> | 'missing'> {
    const legal = domain.mayCapture()
    if (!legal.ok) return legal
    const machine = this.#host.fingerprint(domain)
    if (!machine.ok) return machine
    const { port1, port2 } = new MessageChannel()
    const options = {
      domain: domain.id,
      appliance: domain.identity.definition.name,
      parent: this.#current.get(domain.id),
      name,
      note,
      time: this.#host.environment.wallClock(),
      machine: machine.value,
      automatic,
      thumbnail,
      replaces: automatic ? this.#automaticOf(domain.id)?.id : undefined,
    }
    const saving = this.#store.begin('save', { options, from: port1 }, [port1])
    this.#saving.set(domain.id, () => saving.abandon())
    const captured = await domain.capture('store', port2)
    if (!captured.ok) saving.abandon()
    const stored = await saving.answer
    this.#saving.delete(domain.id)
    if (!captured.ok) return captured
    if (!stored.ok) {
      domain.abandonCapture()
      return stored.error.kind === 'missing' ? 'missing' : failed(stored.error)
    }
    const { pauseMs, changedPages } = captured.value
    if (!automatic) {
      this.#current.set(domain.id, stored.value)
      const figures = `${Math.round(pauseMs)} ms of pause, ${changedPages} pages that differ`
      this.#host.log('info', `${domain.name}: snapshot “${name}” taken; ${figures}.`, domain)
    }
    return ok({ id: stored.value, pauseMs, changedPages })
  }

  async #restore(id: SnapshotId): Promise<Result<DomainId, Fault>> {
    const info = this.#listed.find((snapshot) => snapshot.id === id)
    if (info === undefined) return noSuchSnapshot()
    const known = this.#host.domains().find((domain) => domain.id === info.domain)
    const added = known === undefined ? this.#host.add(info.appliance, info.machine, info.domain) : ok(known)
    if (!added.ok) return added
    const domain = added.value
    const restored = await this.#inTurn(domain, () => this.#resume(domain, id, 'from-state'))
    if (!restored.ok) {
      if (known === undefined && !domain.live) this.#host.remove(domain)
      return restored
    }
    this.#current.set(domain.id, id)
    this.#host.log('info', `${domain.name} is back at “${info.name}”.`, domain)
    this.#tell()
    return ok(domain.id)
  }

  /** Everything of the snapshot is read and checked before the present life of the domain is given up for it. */
  async #resume(
    domain: Domain,
    id: SnapshotId,
    disks: 'from-state' | 'unchanged',
  ): Promise<Result<void, Fault>> {
    const machine = this.#host.fingerprint(domain)
    if (!machine.ok) return machine
    const { port1, port2 } = new MessageChannel()
    const loaded = await this.#store.call('load', { id, machine: machine.value, to: port1 }, [port1])
    if (!loaded.ok) return failed(loaded.error)
    if (domain.live) {
      const killed = await domain.killAndLetGo()
      if (!killed.ok) return killed
    }
    const started = await this.#host.startFrom(domain, { kind: 'state', from: port2, disks })
    if (started.ok) domain.keepsCopy()
    return started
  }

  async #clone(origin: Domain): Promise<Result<DomainId, Fault>> {
    const { definition } = origin.identity
    const never = NEVER[definition.keeping]
    if (never !== undefined) return err(fault('forbidden', `${origin.name} cannot be cloned: ${never}.`))
    const legal = origin.mayCapture()
    if (!legal.ok) return legal
    const machine = this.#host.fingerprint(origin)
    if (!machine.ok) return machine
    const added = this.#host.add(definition.name, machine.value)
    if (!added.ok) return added
    const clone = added.value
    const { port1, port2 } = new MessageChannel()
    const starting = this.#host.startFrom(clone, { kind: 'state', from: port2, disks: 'from-state' })
    const captured = await this.#inTurn(origin, () => origin.capture('clone', port1))
    if (!captured.ok && clone.live) clone.kill()
    const started = await starting
    const outcome = captured.ok ? started : captured
    if (!outcome.ok) {
      if (!clone.live) this.#host.remove(clone)
      return outcome
    }
    const pause = `${Math.round(captured.ok ? captured.value.pauseMs : 0)} ms of pause`
    this.#host.log('info', `${clone.name} is a clone of ${origin.name}; ${pause}.`, clone)
    return ok(clone.id)
  }

  async #import(domain: Domain, file: Blob): Promise<Result<SnapshotId, Fault>> {
    const never = NEVER[domain.identity.definition.keeping]
    if (never !== undefined) return err(fault('forbidden', `${domain.name} takes no snapshots: ${never}.`))
    const name = file instanceof File ? file.name : `${domain.id}.hssnap`
    const imported = await this.#host.transfers.watched(
      { what: 'snapshot', source: 'host', destination: domain.id, file: name, totalBytes: file.size },
      (watch) => this.#ask('import', { file, domain: domain.id }, watch),
    )
    await this.#refresh()
    return imported
  }

  async #export(id: SnapshotId): Promise<Result<Blob, Fault>> {
    const info = this.#listed.find((snapshot) => snapshot.id === id)
    if (info === undefined) return noSuchSnapshot()
    // Its domain may be gone; whose name it has is of no use to anything but words.
    const source = parseDomainId(info.domain) ?? 'host'
    return this.#host.transfers.watched(
      { what: 'snapshot', source, destination: 'host', file: info.name, totalBytes: 0 },
      (watch) => this.#ask('export', { id }, watch),
    )
  }

  async #remove(id: SnapshotId): Promise<Result<void, Fault>> {
    for (const [domain, current] of this.#current) {
      const parent = this.#listed.find((snapshot) => snapshot.id === current)?.parent
      if (current !== id) continue
      if (parent === undefined) this.#current.delete(domain)
      else this.#current.set(domain, parent)
    }
    const removed = await this.#change('remove', { id })
    if (removed.ok) void this.#change('collect', undefined)
    return removed
  }

  #automaticOf(id: string): SnapshotInfo | undefined {
    return this.#listed.find((snapshot) => snapshot.automatic && snapshot.domain === id)
  }

  async #setHibernate(domain: Domain, on: boolean): Promise<Result<void, Fault>> {
    const { keeping } = domain.identity.definition
    if (on && keeping !== 'always') {
      const why = NEVER[keeping] ?? 'it is disposable: what is in it ends with it'
      return err(fault('forbidden', `${domain.name} does not hibernate: ${why}.`))
    }
    if (on) this.#hibernating.add(domain.id)
    else this.#hibernating.delete(domain.id)
    if (!on) return this.#forgetAutomatic(domain.id)
    this.#tell()
    if (!domain.mayCapture().ok) return ok(undefined)
    const taken = await this.#takeAutomatic(domain)
    return taken.ok ? ok(undefined) : taken
  }

  async #forgetAutomatic(id: DomainId): Promise<Result<void, Fault>> {
    this.#schedule.forget(id)
    const automatic = this.#automaticOf(id)
    if (automatic !== undefined) return this.#change('remove', { id: automatic.id })
    this.#tell()
    return ok(undefined)
  }

  #takeAutomatic(domain: Domain): Promise<Result<SnapshotTaken, Fault>> {
    this.#schedule.taken(domain, this.#host.environment.now())
    const note = 'Taken while it ran, for the next visit.'
    const request = { name: 'Hibernation', note, thumbnail: new Uint8Array(), automatic: true }
    return this.#take(domain, request)
  }

  /** To be called once a second or so: brings what hibernates up to date. */
  tick(): void {
    if (this.#storage.kind !== 'open') return
    for (const domain of this.#host.domains()) {
      if (!this.#hibernating.has(domain.id) || !domain.ready || !domain.mayCapture().ok) continue
      if (this.#schedule.isDue(domain, this.#host.environment.now())) void this.#keepUp(domain)
    }
  }

  async #keepUp(domain: Domain): Promise<void> {
    const taken = await this.#takeAutomatic(domain)
    if (!taken.ok) this.#host.log('warning', `${domain.name} is not kept: ${taken.error.message}`, domain)
  }

  async #leaving(): Promise<Result<void, Fault>> {
    const domains = this.#host
      .domains()
      .filter((domain) => this.#hibernating.has(domain.id) && domain.mayCapture().ok)
    const taken = await Promise.all(domains.map((domain) => this.#takeAutomatic(domain)))
    return taken.find((each) => !each.ok) ?? ok(undefined)
  }

  /** A start of a domain that hibernated, from where it was; false where it boots as any other. */
  async resumeHibernated(domain: Domain): Promise<boolean> {
    if (!this.#hibernating.has(domain.id) || domain.identity.definition.keeping !== 'always') return false
    await this.open()
    const automatic = this.#automaticOf(domain.id)
    if (automatic === undefined) return false
    const resumed = await this.#resume(domain, automatic.id, 'unchanged')
    if (resumed.ok) {
      if (automatic.parent !== undefined) this.#current.set(domain.id, automatic.parent)
      this.#host.log('info', `${domain.name} goes on where it was left.`, domain)
      this.#tell()
      return true
    }
    this.#host.log('warning', `${domain.name} starts afresh: ${resumed.error.message}`, domain)
    await this.#forgetAutomatic(domain.id)
    return false
  }

  /** A life of the domain is over: what was under way with it ends, and a reload shall not bring it back. */
  ended(domain: Domain): void {
    this.#saving.get(domain.id)?.()
    if (this.#current.delete(domain.id)) this.#tell()
    if (this.#automaticOf(domain.id) !== undefined) void this.#forgetAutomatic(domain.id)
  }
}
