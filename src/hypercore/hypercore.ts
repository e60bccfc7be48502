/**
 * HyperCore, the supervisor: takes over from the firmware, owns the domains, answers the page's calls and the guests'
 * hypercalls, and shares the processors. Everything outside is handed in (environment.ts).
 */

import { assertNever } from '../base/assert.ts'
import { err, ok, type Result } from '../base/result.ts'
import { APPLIANCES, findAppliance, type ApplianceDefinition } from '../appliances/definitions.ts'
import type { CpuLimits, DomainConfig, DomainId } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { ResumeSource } from '../protocol/guest.ts'
import type { HandOff } from '../protocol/hand-off.ts'
import type { CallRequest, SupervisorEvent, SupervisorRequest } from '../protocol/supervisor.ts'
import { Boot, prepareBoot } from './boot.ts'
import { Broker } from './broker/broker.ts'
import { mergeLimits } from './cpu-limits.ts'
import { Disks } from './disks.ts'
import { Domain, type DomainHost } from './domain.ts'
import type { HyperCoreEnvironment } from './environment.ts'
import { HEARTBEAT_MS } from './heartbeat.ts'
import { hypercall } from './hypercalls.ts'
import { Identities, type Descent } from './identities.ts'
import { Journal } from './journal.ts'
import { keptDisk } from './kept-disk.ts'
import type { LogLevel } from './life.ts'
import { insert, OWN_IMAGE, type InsertedImage } from './own-image.ts'
import { checkBudget } from './memory-budget.ts'
import { Network, type Cable } from './network.ts'
import { Nursery } from './nursery.ts'
import { Packets } from './packets.ts'
import { Pictures } from './pictures.ts'
import { PrimaryRole } from './primary-role.ts'
import { Guard } from './policy/guard.ts'
import { RESTART_LIMIT, RestartLimit } from './restart-limit.ts'
import { allot, guestProcessors } from './scheduler.ts'
import { Snapshots, type SnapshotCall, type SnapshotsHost } from './snapshots.ts'
import { Starter, writableBytes, type StartMode } from './starter.ts'

/** Told to guests and shown to people; the version of package.json. */
export const HYPERCORE_VERSION = '0.1.0'

/** How often statistics go out and shares are set anew. */
const SCHEDULE_MS = 250

/** What exists once the firmware has handed off. */
type Board = {
  readonly handOff: HandOff
  readonly starter: Starter
  readonly identities: Identities
  readonly network: Network
  readonly snapshots: Snapshots
}

const NOT_ADDED = fault('failed', 'The domain could not be added.')

export class HyperCore implements DomainHost {
  readonly environment: HyperCoreEnvironment
  readonly version = HYPERCORE_VERSION
  readonly broker: Broker
  readonly guard: Guard
  readonly pictures: Pictures
  readonly #domains = new Map<string, Domain>()
  readonly #restarts = new RestartLimit<DomainId>()
  readonly #journal: Journal
  readonly #disks: Disks
  readonly #packets: Packets
  readonly #primary = new PrimaryRole(() => this.domains())
  readonly #nursery: Nursery
  #board: Board | undefined
  #focused: DomainId | undefined

  constructor(environment: HyperCoreEnvironment) {
    this.environment = environment
    this.#journal = new Journal(
      (event) => this.#emit(event),
      () => environment.wallClock(),
    )
    this.#nursery = new Nursery(environment)
    this.pictures = new Pictures({
      after: (ms, action) => environment.after(ms, action),
      emit: (event) => this.#emit(event),
    })
    this.guard = new Guard({
      applianceOf: (id) => {
        const domain = this.#domains.get(id)
        return domain === undefined ? undefined : this.#primary.nameOf(domain)
      },
      now: () => environment.now(),
      wallClock: () => environment.wallClock(),
      after: (ms, action) => environment.after(ms, action),
      emit: (event) => this.#emit(event),
      changed: () => this.#board?.network.policyChanged(),
    })
    this.#packets = new Packets(environment, (event) => this.#emit(event), HYPERCORE_VERSION)
    this.broker = new Broker({
      judges: this.guard,
      domains: () => this.domains(),
      now: () => environment.now(),
      after: (ms, action) => environment.after(ms, action),
      emit: (event) => this.#emit(event),
      log: (level, text, domain) => this.log(level, text, domain),
    })
    this.#disks = new Disks(environment.disks, {
      transfers: this.broker.transfers,
      log: (text, domain) => this.log('info', text, domain),
      changed: (domain) => this.#board?.snapshots.ended(domain),
    })
  }

  domains(): readonly Domain[] {
    return [...this.#domains.values()]
  }

  /** Everything the page says comes in here. */
  receive(request: SupervisorRequest): void {
    switch (request.kind) {
      case 'prepare':
        if (this.#board !== undefined)
          return this.log('error', 'a preparation after the hand-off was ignored')
        return prepareBoot(request.handOff, request.hibernating, this.environment, this.#nursery)
      case 'hand-off':
        return this.#takeOver(request)
      case 'trunk-peer':
        return this.#board?.network.trunk.joinPeer(request.port)
      case 'call':
        void this.#answer(request.callId, request.call)
        return undefined
      default:
        return assertNever(request)
    }
  }

  async call(request: CallRequest): Promise<Result<unknown, Fault>> {
    switch (request.name) {
      case 'create':
        return this.#create(request.args.config)
      case 'clone':
      case 'snapshot':
      case 'restore':
      case 'describeSnapshot':
      case 'removeSnapshot':
      case 'snapshotThumbnail':
      case 'exportSnapshot':
      case 'importSnapshot':
      case 'setHibernate':
      case 'leaving':
        if (this.#board !== undefined) return this.#board.snapshots.call(request)
        return err(fault('failed', 'The firmware has not handed off yet.'))
      case 'setPolicy':
        return this.guard.setPolicy(request.args.text)
      case 'answerConsent':
        return this.guard.answer(request.args.id, request.args.answer)
      case 'capture':
        return this.#packets.act(request.args.act)
      case 'exportCapture':
        return ok(this.#packets.file(request.args.of))
      case 'joinTabs':
        return ok(this.#board?.network.trunk.joinTabs(request.args.on))
      case 'answerPicture':
        return ok(this.pictures.answer(request.args.request, request.args.picture))
      case 'cancelTransfer':
        return this.broker.cancelTransfer(request.args.transfer)
      case 'answerClip':
        return this.broker.clip.answer(request.args.answer)
      case 'exportDisk':
      case 'importDisk':
      case 'resetDisk':
      case 'diskUsage':
      case 'sendFile':
      case 'fetchFile':
      case 'start':
      case 'pause':
      case 'resume':
      case 'shutdown':
      case 'reset':
      case 'kill':
      case 'newIdentity':
      case 'remove':
      case 'focus':
      case 'setScreenSize':
      case 'setPrimary':
      case 'setLimits': {
        const domain = this.#domains.get(request.args.id)
        if (domain !== undefined) return this.#callOn(domain, request)
        return err(fault('no-such-domain', `There is no domain “${request.args.id}”.`))
      }
      default:
        return assertNever(request)
    }
  }

  changed(domain: Domain): void {
    if (!domain.live) this.guard.domainEnded(domain.id)
    if (this.#domains.get(domain.id) !== domain) return
    const standing = { focused: domain.id === this.#focused, primary: domain === this.#primary.holder }
    this.#emit({ type: 'domain-changed', domain: domain.info(standing) })
  }

  log(level: LogLevel, text: string, domain?: Domain): void {
    this.#journal.log(level, text, domain?.id)
  }

  ports(domain: Domain, display: MessagePort, console: MessagePort): void {
    this.#emit({ type: 'domain-ports', id: domain.id, display, console }, [display, console])
  }

  plug(domain: Domain): Cable | undefined {
    const { id, mac } = domain.identity
    return mac === undefined ? undefined : this.#board?.network.plug(id, mac)
  }

  hypercall(domain: Domain, number: number, untrustedArguments: readonly string[]) {
    return hypercall(this, domain, number, untrustedArguments)
  }

  ended(domain: Domain): void {
    this.#board?.snapshots.ended(domain)
  }

  rebooted(domain: Domain): void {
    if (this.#restarts.allows(domain.id, this.environment.now())) return void this.#start(domain, 'boot')
    const words = `${domain.name} has restarted itself ${RESTART_LIMIT} times in a row and is left off.`
    return this.log('warning', words, domain)
  }

  #emit(event: SupervisorEvent, transfer: readonly Transferable[] = []): void {
    this.environment.post({ kind: 'event', event }, transfer)
  }

  async #answer(callId: number, call: CallRequest): Promise<void> {
    let result: Result<unknown, Fault>
    try {
      result = await this.call(call)
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.log('error', `the call “${call.name}” failed: ${detail}`)
      result = err(
        fault('failed', `HyperCore made a mistake in “${call.name}”; its journal has the details.`),
      )
    }
    this.environment.post(
      result.ok
        ? { kind: 'returned', callId, value: result.value }
        : { kind: 'failed', callId, fault: result.error },
      [],
    )
  }

  #takeOver({ handOff, policyText, hibernating }: Extract<SupervisorRequest, { kind: 'hand-off' }>): void {
    if (this.#board !== undefined) return this.log('error', 'a second hand-off was ignored')
    const { relayUrl } = handOff.settings
    const network = new Network(this.environment, this.guard, this.#packets, relayUrl, (event) =>
      this.#emit(event),
    )
    const starter = new Starter(handOff, this.environment, this.#nursery)
    const { storage } = handOff.platform
    const unavailable = storage.kind === 'opfs' ? undefined : storage.why
    const snapshots = new Snapshots(this.#snapshotsHost(handOff, starter), unavailable, hibernating)
    const identities = new Identities(handOff, starter.flash)
    this.#board = { handOff, starter, identities, network, snapshots }
    for (const definition of APPLIANCES) {
      const added = this.#add(definition, {}, 'original')
      if (!added.ok) this.log('error', `${definition.title}: ${added.error.message}`)
    }
    // POST's screen is gone in a second; what it had to change of a person's settings can be read up.
    for (const { id, detail } of handOff.post) if (id === 'settings') this.log('warning', detail)
    const host = {
      domains: () => this.domains(),
      start: (domain: Domain) => this.#start(domain),
      log: (level: LogLevel, text: string, domain: Domain) => this.log(level, text, domain),
    }
    const boot = new Boot(host, { handOff, starter, nursery: this.#nursery, snapshots })
    this.environment.every(HEARTBEAT_MS, () => {
      this.#journal.tick()
      for (const domain of this.domains()) domain.tick(this.environment.now())
      snapshots.tick()
      boot.tick()
    })
    this.environment.every(SCHEDULE_MS, () => this.#schedule())
    const applied = policyText === undefined ? ok(undefined) : this.guard.setPolicy(policyText)
    if (!applied.ok) this.log('warning', `${applied.error.message} The default policy is in force.`)
    if (policyText === undefined || !applied.ok) this.guard.announce()
    this.#emit({ type: 'ready', memoryBudgetMiB: handOff.memoryBudgetMiB })
    void boot.run()
  }

  #snapshotsHost(handOff: HandOff, starter: Starter): SnapshotsHost {
    return {
      environment: this.environment,
      storeScriptUrl: handOff.scripts.store.url,
      transfers: this.broker.transfers,
      domains: () => this.domains(),
      log: (level, text, domain) => this.log(level, text, domain),
      emit: (event) => this.#emit(event),
      fingerprint: (domain) => starter.fingerprint(domain.identity),
      add: (appliance, machine, id) => {
        const definition = findAppliance(appliance)
        if (definition === undefined) return err(fault('failed', `There is no appliance “${appliance}”.`))
        const { memoryMiB } = machine
        const added = this.#add(definition, { memoryMiB }, { id, copiedDisk: writableBytes(machine) })
        const domain = added.ok ? this.#domains.get(added.value) : undefined
        return added.ok && domain !== undefined ? ok(domain) : err(added.ok ? NOT_ADDED : added.error)
      },
      remove: (domain) => this.#remove(domain),
      startFrom: (domain, source) => this.#start(domain, source),
    }
  }

  async #callOn(
    domain: Domain,
    request: Exclude<Extract<CallRequest, { args: { id: DomainId } }>, SnapshotCall>,
  ): Promise<Result<unknown, Fault>> {
    switch (request.name) {
      case 'exportDisk':
      case 'importDisk':
      case 'resetDisk':
      case 'diskUsage':
        return this.#disks.call(domain, request)
      case 'sendFile':
        return this.broker.sendFile(domain, request.args.file, request.args.content)
      case 'fetchFile':
        return this.broker.fetchFile(domain, request.args.path)
      case 'start':
        return this.#start(domain)
      case 'reset': {
        // A crashed domain has nothing left to end.
        const ended = domain.live ? await domain.killAndLetGo() : domain.may('start')
        return ended.ok ? this.#start(domain, 'boot') : ended
      }
      case 'kill':
        return domain.kill()
      case 'newIdentity':
        return this.#newIdentity(domain)
      case 'pause':
        return domain.pause()
      case 'resume':
        return domain.resume()
      case 'shutdown':
        return domain.shutdown()
      case 'remove':
        return this.#remove(domain)
      case 'focus':
        return this.#focus(domain)
      case 'setScreenSize':
        return domain.setScreenSize(request.args.size)
      case 'setPrimary':
        return this.#moveRole(() => this.#primary.give(domain))
      case 'setLimits':
        return this.#setLimits(domain, request.args.limits)
      default:
        return assertNever(request)
    }
  }

  async #newIdentity(domain: Domain): Promise<Result<void, Fault>> {
    if (domain.identity.definition.keeping !== 'asked')
      return err(fault('forbidden', `${domain.name} is no disposable: it would lose what it is to keep.`))
    const ended = domain.live ? domain.kill() : domain.may('start')
    if (!ended.ok) return ended
    return this.#start(domain)
  }

  async #start(domain: Domain, how: StartMode | ResumeSource = 'resume'): Promise<Result<void, Fault>> {
    const board = this.#board
    if (board === undefined) return err(fault('failed', 'The firmware has not handed off yet.'))
    const legal = domain.may('start')
    if (!legal.ok) return legal
    const free = this.#disks.free(domain)
    if (!free.ok) return free
    const live = this.domains().flatMap((other) => (other.live ? other.memoryUses : []))
    const fits = checkBudget(board.handOff.memoryBudgetMiB, live, domain.identity)
    if (!fits.ok) return fits
    return domain.start((notFrom) => board.starter.build(domain.identity, how, notFrom))
  }

  async #create(config: DomainConfig): Promise<Result<DomainId, Fault>> {
    if (config.image !== undefined) {
      const image = await insert(config.image, (disk) => this.#mayKeep(disk))
      if (!image.ok) return image
      const added = this.#add(OWN_IMAGE, config, 'fresh', image.value)
      const domain = added.ok ? this.#domains.get(added.value) : undefined
      if (domain !== undefined) void this.#disks.tellWhatIsKept(domain)
      return added
    }
    const definition = findAppliance(config.appliance)
    if (definition === undefined) {
      const known = APPLIANCES.map(({ name }) => name).join(', ')
      return err(fault('malformed', `There is no appliance “${config.appliance}”; there are ${known}.`))
    }
    return this.#add(definition, config, 'fresh')
  }

  #add(
    definition: ApplianceDefinition,
    config: Omit<DomainConfig, 'appliance'>,
    descent: Descent,
    image?: InsertedImage,
  ): Result<DomainId, Fault> {
    const board = this.#board
    if (board === undefined) return err(fault('failed', 'The firmware has not handed off yet.'))
    const made = board.identities.make(definition, config, descent, image, this.#domains)
    if (!made.ok) return made
    const domain = new Domain(made.value.identity, made.value.limits, this)
    this.#domains.set(domain.id, domain)
    this.guard.domainsChanged()
    this.changed(domain)
    return ok(domain.id)
  }

  /** Two machines with the same disk would each lose what the other writes. */
  #mayKeep(disk: string): boolean {
    const isTaken = [...this.#domains.values()].some(({ identity }) => keptDisk(identity)?.name === disk)
    return !isTaken && this.#board?.handOff.platform.storage.kind === 'opfs'
  }

  #remove(domain: Domain): Result<void, Fault> {
    const legal = domain.may('remove')
    if (!legal.ok) return legal
    return this.#moveRole(() => {
      this.#domains.delete(domain.id)
      this.#restarts.forget(domain.id)
      if (this.#focused === domain.id) this.#focused = undefined
      this.#emit({ type: 'domain-removed', id: domain.id })
      return ok(undefined)
    })
  }

  /** `act` may let another domain be the primary: what the policy's names stand for changes with it. */
  #moveRole(act: () => Result<void, Fault>): Result<void, Fault> {
    const before = this.#primary.holder
    const done = act()
    const after = this.#primary.holder
    this.guard.domainsChanged()
    if (before === after) return done
    this.#board?.network.policyChanged()
    for (const domain of [before, after]) if (domain !== undefined) this.changed(domain)
    return done
  }

  #focus(domain: Domain): Result<void, Fault> {
    const before = this.#focused
    this.#focused = domain.id
    if (before === domain.id) return ok(undefined)
    const left = before === undefined ? undefined : this.#domains.get(before)
    if (left !== undefined) this.changed(left)
    this.changed(domain)
    return ok(undefined)
  }

  #setLimits(domain: Domain, wanted: Partial<CpuLimits>): Result<void, Fault> {
    const limits = mergeLimits(domain.limits, wanted)
    if (!limits.ok) return limits
    domain.setLimits(limits.value)
    this.#schedule()
    return ok(undefined)
  }

  /** Sends the newest figures and grants everyone their part of the processors. */
  #schedule(): void {
    this.guard.report()
    this.#packets.report()
    this.#board?.network.tell()
    const running = this.domains().filter(({ live }) => live)
    const stats = running.flatMap((domain) => {
      const figures = domain.takeStats()
      return figures === undefined ? [] : [[domain.id, figures] as const]
    })
    if (stats.length > 0) this.#emit({ type: 'stats', stats })
    const claims = running.map(({ demandPercent, limits }) => ({ demandPercent, ...limits }))
    const allotments = allot(guestProcessors(this.#board?.handOff.platform.processors ?? 1), claims)
    for (const [index, domain] of running.entries()) {
      const allotment = allotments[index]
      if (allotment !== undefined) domain.grant(allotment)
    }
  }
}
