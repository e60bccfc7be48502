/**
 * A person's seat at the machine, in the sense of a multi-seat system: what of it they see, the ports of every domain's
 * console and display, and the focus. The page makes one; it lives from before the firmware to the page's end.
 */

import { createStore } from 'zustand/vanilla'
import { Disposables } from '../base/disposables.ts'
import { Emitter } from '../base/emitter.ts'
import { LONGEST_ASIDE_MS, SWITCH_IS_NEAR_MS } from '../protocol/channels.ts'
import type { DomainId, DomainInfo, ViewKind } from '../protocol/domain.ts'
import { fault, FaultError } from '../protocol/fault.ts'
import type { HandOff } from '../protocol/hand-off.ts'
import type { HypercoreEvents } from '../protocol/hypercore-api.ts'
import type { NetworkReport } from '../protocol/network.ts'
import type { CallName, Calls, SupervisorEvent } from '../protocol/supervisor.ts'
import { ConsoleSession } from './console-session.ts'
import { Crossings } from './crossings.ts'
import { DisplaySession } from './display-session.ts'
import {
  createMachineStore,
  findDomain,
  isLive,
  shownView,
  toggleTarget,
  withDomain,
  withFocus,
  withJournalEntry,
  withoutDomain,
  type MachineState,
  type SwitchFigure,
} from './machine-store.ts'
import { browserEnvironment, type PageEnvironment } from './page-environment.ts'
import { PacketLog } from './packet-log.ts'
import { PolicyDesk } from './policy-desk.ts'
import { StatsHistory } from './stats-history.ts'
import { SupervisorClient, type SupervisorPort } from './supervisor-client.ts'
import { TerminalFeed } from './terminal-feed.ts'
import { thumbnailOf } from './thumbnail.ts'
import { TrunkPeers } from './trunk-peers.ts'

type Sessions = { readonly console: ConsoleSession; readonly display: DisplaySession }

export class Seat {
  readonly store = createMachineStore()
  readonly history = new StatsHistory()
  readonly events = new Emitter<HypercoreEvents>()
  /** Files on their way, and text for clipboards. */
  readonly crossings = new Crossings((answer) => this.call('answerClip', { answer }))
  readonly policy = new PolicyDesk((text) => this.call('setPolicy', { text }))
  readonly packets = new PacketLog()
  /** The switch's ports and stations, and the relay. */
  readonly network = createStore<NetworkReport>(() => ({ ports: [], stations: [], relay: undefined }))
  /** Machines of other browsers, joined by code. */
  readonly trunkPeers = new TrunkPeers((port) => this.#client?.joinPeer(port))
  /** Resolves when HyperCore has taken over; rejects when it died before. */
  readonly ready: Promise<void>
  readonly #environment: PageEnvironment
  readonly #feed: TerminalFeed
  /** The stage is putting another guest in front; the sessions are told after. */
  #isPlacing = false
  readonly #sessions = new Map<DomainId, Sessions>()
  readonly #disposables = new Disposables()
  readonly #settleReady: { resolve(): void; reject(error: Error): void }
  #client: SupervisorClient | undefined
  /** What the stage shows first: a name, an id or an appliance. Given up when a person chooses. */
  #preferredFocus: string | undefined
  #mayBeSwitched: () => boolean = () => true
  #screenshot: ((id: DomainId) => Promise<Blob>) | undefined

  constructor(environment: PageEnvironment = browserEnvironment()) {
    this.#environment = environment
    this.#feed = new TerminalFeed(environment)
    let resolveReady: () => void = () => {}
    let rejectReady: (error: Error) => void = resolveReady
    this.ready = new Promise((resolve, reject) => {
      resolveReady = resolve
      rejectReady = reject
    })
    this.#settleReady = { resolve: resolveReady, reject: rejectReady }
    // Nobody has to wait for `ready`: that it failed is in the store, too.
    this.ready.catch(() => undefined)
    this.#disposables.add(() => this.#feed.dispose())
    this.#disposables.add(environment.onVisibilityChange(() => this.#feed.wake()))
    this.#disposables.add(this.store.subscribe((state, before) => this.#showFocused(state, before)))
  }

  /** Hands the machine over to HyperCore's worker; once, when the firmware is done. */
  connect(
    worker: SupervisorPort,
    handOff: HandOff,
    options: {
      readonly preferredFocus?: string | undefined
      readonly policyText?: string | undefined
      /** Domains that shall go on where they were left. */
      readonly hibernating?: readonly string[]
    } = {},
  ): void {
    if (this.#client !== undefined) throw new Error('a seat is connected once')
    this.#preferredFocus = options.preferredFocus ?? handOff.settings.firstScreen
    this.store.setState({ handOff, memoryBudgetMiB: handOff.memoryBudgetMiB })
    const client = new SupervisorClient(worker, {
      event: (event) => this.#receive(event),
      lost: (reason) => this.#halt(reason),
    })
    this.#client = client
    this.#disposables.add(client.dispose)
    client.handOff(handOff, options.policyText, options.hibernating ?? [])
  }

  #receive(event: SupervisorEvent): void {
    switch (event.type) {
      case 'ready':
        this.store.setState({ phase: 'running', memoryBudgetMiB: event.memoryBudgetMiB })
        return this.#settleReady.resolve()
      case 'domain-changed':
        return this.#domainChanged(event.domain)
      case 'domain-removed':
        return this.#domainRemoved(event.id)
      case 'domain-ports': {
        const sessions = this.#open(event.id)
        sessions.console.connect(event.console)
        return sessions.display.connect(event.display)
      }
      case 'snapshots':
        this.store.setState({ snapshots: event.report })
        return this.events.emit('snapshots', event.report)
      case 'stats':
        for (const [id, stats] of event.stats) {
          this.history.add(id, stats)
          this.events.emit('stats', { id, stats })
        }
        return
      case 'trunk':
        return this.store.setState({ trunk: event.report })
      case 'network':
        return this.network.setState(event.report)
      case 'policy':
      case 'decisions':
      case 'consents':
        return this.policy.receive(event)
      case 'packets':
        return this.packets.receive(event)
      case 'transfers':
      case 'clip-offer':
      case 'clip-wanted':
        return this.crossings.receive(event)
      case 'picture-wanted':
        // The snapshot waits no longer for it where this comes too late.
        return void this.#givePicture(event.id, event.request).catch(() => undefined)
      case 'log': {
        const { at, level, text, id } = event
        this.store.setState((state) => withJournalEntry(state, { at, level, text, id }))
        return this.events.emit('log', { at, level, text, id })
      }
    }
  }

  async #givePicture(id: DomainId, request: number): Promise<void> {
    const picture = await thumbnailOf(this, id)
    await this.call('answerPicture', { request, picture })
  }

  #domainChanged(domain: DomainInfo): void {
    const before = this.domain(domain.id)
    const { console } = this.#open(domain.id)
    if (domain.state === 'off' || domain.state === 'crashed') console.end(`${domain.name} is ${domain.state}`)
    // After the port, should that have come first: a connected console is not ended by it.
    else if (domain.state === 'starting') console.expect()
    this.store.setState((state) => withDomain(state, domain))
    this.#followFocus(domain)
    const current = this.domain(domain.id)
    if (current === undefined) return
    this.events.emit('domain', current)
    if (domain.state === 'crashed' && before?.state !== 'crashed') this.events.emit('crash', current)
  }

  /** The first focus, and a focus that a guest with the right to it has asked the supervisor for. */
  #followFocus(domain: DomainInfo): void {
    const { focusedId } = this.store.getState()
    const wanted = this.#preferredFocus
    const isWanted = wanted !== undefined && [domain.id, domain.appliance, domain.name].includes(wanted)
    if (isWanted) this.#preferredFocus = undefined
    // While calls of ours are under way, what the supervisor says of the focus is older than they are.
    const isToldSo = domain.focused && wanted === undefined && this.#client?.pendingCalls('focus') === 0
    if (domain.id === focusedId) return
    if (isWanted) this.#setFocus(domain.id, undefined)
    else if (isToldSo && focusedId !== undefined && !this.#mayBeSwitched())
      this.#refuseSwitch(domain, focusedId)
    else if (isToldSo) this.store.setState((state) => withFocus(state, domain.id, undefined))
    else if (focusedId === undefined) this.store.setState((state) => withFocus(state, domain.id, undefined))
  }

  /** What is typed shall not end up in a domain that put itself in front: the supervisor is told what is shown. */
  #refuseSwitch(wanted: DomainInfo, shown: DomainId): void {
    this.#note(
      `A guest asked for ${wanted.name} on the screen; the stage stays as the person left it.`,
      wanted.id,
    )
    this.call('focus', { id: shown }).catch((error: unknown) => this.#note(String(error), shown))
  }

  #domainRemoved(id: DomainId): void {
    const sessions = this.#sessions.get(id)
    this.#sessions.delete(id)
    this.history.forget(id)
    this.crossings.dropOffer(id)
    this.store.setState((state) => withoutDomain(state, id))
    sessions?.console.dispose()
    sessions?.display.dispose()
    this.events.emit('removed', { id })
  }

  #open(id: DomainId): Sessions {
    const open = this.#sessions.get(id)
    if (open !== undefined) return open
    const sessions = {
      console: new ConsoleSession(this.#environment, this.#feed),
      display: new DisplaySession(this.#environment),
    }
    this.#sessions.set(id, sessions)
    return sessions
  }

  /** Tells the sessions which of them is looked at. */
  #showFocused(state: MachineState, before: MachineState): void {
    if (this.#isPlacing) return
    if (
      state.focusedId === before.focusedId &&
      state.views === before.views &&
      state.domains === before.domains
    )
      return
    for (const domain of state.domains) {
      const sessions = this.#sessions.get(domain.id)
      const view = shownView(state, domain)
      sessions?.console.setForeground(domain.focused && view === 'terminal')
      sessions?.display.setDemand(view === 'terminal' ? 'none' : domain.focused ? 'live' : 'thumbnail')
    }
  }

  #halt(reason: string): void {
    this.store.setState({ phase: 'halted', haltReason: reason })
    for (const { console } of this.#sessions.values()) console.end('HyperCore has stopped')
    this.#settleReady.reject(new FaultError(fault('failed', `HyperCore has stopped: ${reason}.`)))
  }

  /** @throws (rejects) FaultError */
  call<Name extends CallName>(name: Name, args: Calls[Name]['args']): Promise<Calls[Name]['result']> {
    if (this.#client === undefined) {
      const message = 'HyperCore is not running yet: wait until the firmware has handed off.'
      return Promise.reject(new FaultError(fault('illegal-state', message)))
    }
    return this.#client.call(name, args)
  }

  domain(id: string): DomainInfo | undefined {
    return findDomain(this.store.getState(), id)
  }

  /**
   * Shows another domain: on the page at once, the supervisor is told after.
   * @param startedAt timestamp of the person's event, for the measurement
   * @returns false where there is no such domain
   */
  focus(id: string, startedAt?: number): boolean {
    const domain = this.domain(id)
    if (domain === undefined) return false
    this.#preferredFocus = undefined
    if (domain.id !== this.store.getState().focusedId) this.#setFocus(domain.id, startedAt)
    return true
  }

  /** A switch is near: for a moment the guests leave the processors to it, and their output the page's thread. */
  prepareSwitch(): void {
    this.#standAside(SWITCH_IS_NEAR_MS)
  }

  /** The page has painted the guest that it switched to: all go on. */
  switchPainted(): void {
    this.#standAside(0)
  }

  #standAside(milliseconds: number): void {
    this.#feed.rest(milliseconds)
    for (const { display } of this.#sessions.values()) display.standAside(milliseconds)
  }

  #setFocus(id: DomainId, startedAt: number | undefined): void {
    // The picture first: a word to a guest's thread wakes it, and it would go before the page's.
    const before = this.store.getState()
    this.#isPlacing = true
    try {
      this.store.setState((state) => withFocus(state, id, startedAt))
    } finally {
      this.#isPlacing = false
    }
    this.#standAside(LONGEST_ASIDE_MS)
    this.#showFocused(this.store.getState(), before)
    // The supervisor's scheduler may favour what is looked at; the page's picture does not depend on its answer.
    this.call('focus', { id }).catch((error: unknown) => this.#note(`focus ${id}: ${String(error)}`, id))
  }

  #note(text: string, id: DomainId | undefined): void {
    this.store.setState((state) => withJournalEntry(state, { at: Date.now(), level: 'warning', text, id }))
  }

  /** F4: the primary OS and the last appliance. */
  toggle(startedAt?: number): boolean {
    const target = toggleTarget(this.store.getState())
    return target !== undefined && this.focus(target, startedAt)
  }

  /** Ctrl+Alt+1…9. */
  focusShortcut(digit: number, startedAt?: number): boolean {
    const target = this.store.getState().domains.find((domain) => domain.shortcut === digit)
    return target !== undefined && this.focus(target.id, startedAt)
  }

  /** What the stage shows of a domain: its serial console or its display. */
  setView(id: DomainId, view: ViewKind): void {
    this.store.setState((state) => ({ views: { ...state.views, [id]: view } }))
  }

  /** The stage has measured a switch. */
  reportSwitch(figure: SwitchFigure): void {
    this.store.setState({ lastSwitch: figure })
    this.events.emit('switch', figure)
  }

  console(id: string): ConsoleSession | undefined {
    return this.#sessionsOf(id)?.console
  }

  display(id: string): DisplaySession | undefined {
    return this.#sessionsOf(id)?.display
  }

  #sessionsOf(id: string): Sessions | undefined {
    const domain = this.domain(id)
    return domain === undefined ? undefined : this.#sessions.get(domain.id)
  }

  /** Whether a guest with the right to it may change what the stage shows; asked each time. */
  setMayBeSwitched(mayBeSwitched: () => boolean): void {
    this.#mayBeSwitched = mayBeSwitched
  }

  /** Whoever draws the domains says how to take a picture of one. */
  setScreenshot(screenshot: ((id: DomainId) => Promise<Blob>) | undefined): void {
    this.#screenshot = screenshot
  }

  /** @throws (rejects) FaultError: illegal-state where no stage is on the page */
  screenshot(id: DomainId): Promise<Blob> {
    return (
      this.#screenshot?.(id) ??
      Promise.reject(new FaultError(fault('illegal-state', 'No stage is on the page: nothing is drawn yet.')))
    )
  }

  /** Domains that would lose something if the page went away now. */
  losses(): readonly DomainInfo[] {
    return this.store
      .getState()
      .domains.filter((domain) => isLive(domain.state) && domain.lossOnKill !== undefined)
  }

  dispose(): void {
    for (const { console, display } of this.#sessions.values()) {
      console.dispose()
      display.dispose()
    }
    this.#sessions.clear()
    this.#disposables.dispose()
  }
}
