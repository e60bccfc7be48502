/**
 * The stage without React: every domain's view, stacked, the shown one on top. A view has its domain's terminal and
 * display, one of which it shows. A switch brings another view to the top inside the event that asked for it; nothing is
 * laid out, mounted or rendered for it. What lies beneath is out of reach: no Tab leads to it and no reader reads it.
 */

import { Disposables, type Dispose } from '../../base/disposables.ts'
import { Emitter } from '../../base/emitter.ts'
import type { DomainId } from '../../protocol/domain.ts'
import { fault, FaultError } from '../../protocol/fault.ts'
import type { ScreenSize } from '../../protocol/screen.ts'
import {
  anyStarting,
  focusedDomain,
  shownView,
  type FocusChange,
  type MachineState,
} from '../../state/machine-store.ts'
import type { PreferencesStore } from '../../state/preferences.ts'
import type { Seat } from '../../state/seat.ts'
import { ScreenHost } from './screen-host.ts'
import { createStickyModifiers, type StickyStore } from './sticky-modifiers.ts'
import { TerminalHost } from './terminal-host.ts'

type Host = TerminalHost | ScreenHost
type Hosts = {
  readonly terminal: TerminalHost
  readonly screen: ScreenHost
  /** Where both are; undefined before React has laid it out. */
  view: HTMLElement | undefined
}

export class StageController {
  /** Modifiers of the on-screen keyboard. */
  readonly modifiers: StickyStore = createStickyModifiers()
  readonly #seat: Seat
  readonly #preferences: PreferencesStore
  readonly #hosts = new Map<DomainId, Hosts>()
  readonly #disposables = new Disposables()
  readonly #afterPaint = new MessageChannel()
  readonly #events = new Emitter<{ room: undefined }>()
  #shown: Host | undefined
  /** The view on top. */
  #front: HTMLElement | undefined
  #bootIsOver = false

  constructor(seat: Seat, preferences: PreferencesStore) {
    this.#seat = seat
    this.#preferences = preferences
    this.#disposables.add(
      seat.store.subscribe((state, before) => {
        if (state.domains !== before.domains) {
          this.#dropRemoved()
          this.#openDue(state)
        }
        const shows = state.focusedId !== before.focusedId || state.views !== before.views
        const giveKeyboard = shows ? this.#bring() : undefined
        if (state.focusChange !== undefined && state.focusChange !== before.focusChange)
          this.#measure(state.focusChange)
        giveKeyboard?.()
      }),
    )
    seat.setScreenshot((id) => this.screenshot(id))
    this.#disposables.add(() => seat.setScreenshot(undefined))
    const themes = new MutationObserver(() => {
      for (const { terminal } of this.#hosts.values()) terminal.applyTheme()
    })
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    this.#disposables.add(() => themes.disconnect())
    this.#disposables.add(() => this.#afterPaint.port1.close())
  }

  /** Puts a domain's terminal and display into `container`, which the stage has laid out; they survive being taken out. */
  mount(id: DomainId, container: HTMLElement): Dispose {
    const hosts = this.#open(id)
    // React's effects come later than the store: the domain may be gone by then.
    if (hosts === undefined) return () => {}
    const { terminal, screen } = hosts
    container.append(terminal.element, screen.element)
    hosts.view = container
    container.setAttribute('aria-hidden', 'true')
    this.#show()
    this.#openDue(this.#seat.store.getState())
    screen.fit()
    // The first guest on the stage could not take the keyboard before it was opened; nobody else may have it by now.
    if (this.#shown === terminal && hasKeyboard(undefined)) terminal.focus()
    const resized = new ResizeObserver(() => {
      terminal.fit()
      screen.fit()
      if (this.#front === container) this.#events.emit('room', undefined)
    })
    resized.observe(container)
    return () => resized.disconnect()
  }

  #open(id: DomainId): Hosts | undefined {
    const open = this.#hosts.get(id)
    if (open !== undefined) return open
    const domain = this.#seat.domain(id)
    const console = this.#seat.console(id)
    const display = this.#seat.display(id)
    if (domain === undefined || console === undefined || display === undefined) return undefined
    const { modifiers } = this
    const hosts: Hosts = {
      view: undefined,
      terminal: new TerminalHost({
        session: console,
        preferences: this.#preferences,
        modifiers,
        label: `${domain.name}, terminal`,
      }),
      screen: new ScreenHost({ session: display, modifiers, label: `${domain.name}, screen` }),
    }
    hosts.terminal.element.dataset['pane'] = 'terminal'
    hosts.screen.element.dataset['pane'] = 'screen'
    this.#hosts.set(id, hosts)
    return hosts
  }

  /**
   * Opens the terminal that is shown, and the others once all guests are up: a terminal that is opened is laid out and tells
   * its guest a size, and the guest draws its screen anew, each of which keeps those waiting that are not up yet.
   */
  #openDue(state: MachineState): void {
    this.#bootIsOver ||= state.domains.length > 0 && !anyStarting(state)
    for (const [id, { terminal, view }] of this.#hosts)
      if (view !== undefined && (this.#bootIsOver || id === state.focusedId)) terminal.open()
  }

  #dropRemoved(): void {
    for (const [id, { terminal, screen }] of this.#hosts) {
      if (this.#seat.domain(id) !== undefined) continue
      this.#hosts.delete(id)
      terminal.dispose()
      screen.dispose()
    }
  }

  #show(): void {
    this.#bring()()
  }

  /** Puts in front what is to be seen; what it answers gives that the keyboard, which has the browser lay the page out. */
  #bring(): () => void {
    const state = this.#seat.store.getState()
    for (const [id, { terminal, screen }] of this.#hosts) {
      const domain = this.#seat.domain(id)
      const isTerminal = domain !== undefined && shownView(state, domain) === 'terminal'
      terminal.setShown(isTerminal)
      screen.setShown(!isTerminal)
    }
    const domain = focusedDomain(state)
    const hosts = domain === undefined ? undefined : this.#hosts.get(domain.id)
    const next = domain === undefined ? undefined : hosts?.[shownView(state, domain)]
    if (hosts?.view !== undefined) hosts.terminal.open()
    const before = this.#shown
    // Asked before anything changes that could take the focus away.
    const hadKeyboard = next !== before && hasKeyboard(before)
    this.#shown = next
    this.#bringToFront(hosts?.view)
    return () => {
      if (next === before) return
      before?.setReachable(false)
      next?.setReachable(true)
      if (!hadKeyboard) return
      if (next === undefined && document.activeElement instanceof HTMLElement) document.activeElement.blur()
      next?.focus()
    }
  }

  #bringToFront(view: HTMLElement | undefined): void {
    if (view === this.#front) return
    if (this.#front !== undefined) {
      delete this.#front.dataset['front']
      this.#front.setAttribute('aria-hidden', 'true')
    }
    this.#front = view
    if (view === undefined) return
    view.dataset['front'] = ''
    view.removeAttribute('aria-hidden')
  }

  /**
   * From the person's event to the other guest's picture. By now its view is on top, which is `placedMs`; the frame that the
   * browser begins next contains it. `frameMs` is measured when that frame begins (its callbacks run). `milliseconds` is measured
   * in the first task after it: the page's thread has styled, laid out and painted the frame by then and handed it to the
   * compositor. What the compositor and the display take from there, no page can see. The picture is the guest's last
   * one: a display that was not looked at is up to a second old and is brought up to date with the next frames.
   */
  #measure({ from, to, startedAt }: FocusChange): void {
    if (this.#shown === undefined) return
    const placedAt = performance.now()
    requestAnimationFrame(() => {
      // Another switch within the same frame: this one's guest was never painted.
      if (this.#seat.store.getState().focusedId !== to) return
      const frameAt = performance.now()
      this.#afterPaint.port1.addEventListener(
        'message',
        () => {
          this.#seat.switchPainted()
          // Nobody pressed anything for it.
          if (startedAt === undefined) return
          this.#seat.reportSwitch({
            from,
            to,
            placedMs: placedAt - startedAt,
            frameMs: frameAt - startedAt,
            milliseconds: performance.now() - startedAt,
          })
        },
        { once: true },
      )
      this.#afterPaint.port1.start()
      this.#afterPaint.port2.postMessage(undefined)
    })
  }

  /** What a guest's picture has room for, in CSS pixels; undefined while nothing is shown. */
  room(): ScreenSize | undefined {
    if (this.#front === undefined) return undefined
    return { width: this.#front.clientWidth, height: this.#front.clientHeight }
  }

  /** Calls back when the room may be another. */
  onRoom(listener: () => void): Dispose {
    return this.#events.on('room', listener)
  }

  /** Keyboard focus to the guest on the stage. */
  focusGuest(): void {
    this.#shown?.focus()
  }

  /** Presses a key by its KeyboardEvent.code, with the sticky modifiers. */
  press(code: string): void {
    this.#shown?.press(code)
  }

  /** Asks a phone for its own keyboard; must be called in a person's event. */
  raiseKeyboard(): void {
    this.#shown?.raiseKeyboard()
  }

  hasSelection(): boolean {
    return this.#selection() !== ''
  }

  #selection(): string {
    return this.#shown instanceof TerminalHost ? this.#shown.selection() : ''
  }

  /** @returns false where nothing is selected or the browser refuses its clipboard */
  async copySelection(): Promise<boolean> {
    const text = this.#selection()
    if (text === '') return false
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      return false
    }
  }

  /** @returns false where the clipboard is empty or the browser refuses it: then the person's own paste key works */
  async paste(): Promise<boolean> {
    try {
      const text = await navigator.clipboard.readText()
      this.pasteText(text)
      return text !== ''
    } catch {
      return false
    }
  }

  /** Into the terminal as a paste, into a display as keys of a US layout. */
  pasteText(text: string): void {
    this.#shown?.paste(text)
  }

  #hostOf(id: DomainId): Host | undefined {
    const domain = this.#seat.domain(id)
    if (domain === undefined) return undefined
    return this.#hosts.get(id)?.[shownView(this.#seat.store.getState(), domain)]
  }

  /**
   * Draws a domain's picture into `canvas`, centred, as large as fits.
   * @returns false where it has no picture yet; the canvas is then empty
   */
  paintThumbnail(id: DomainId, canvas: HTMLCanvasElement): boolean {
    const context = canvas.getContext('2d')
    if (context === null) return false
    const hosts = this.#hosts.get(id)
    if (hosts?.view !== undefined) hosts.terminal.open()
    const host = this.#hostOf(id)
    const size = host?.size()
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, canvas.width, canvas.height)
    if (host === undefined || size === undefined) return false
    const scale = Math.min(canvas.width / size.width, canvas.height / size.height)
    const width = Math.round(size.width * scale)
    const height = Math.round(size.height * scale)
    context.translate(Math.floor((canvas.width - width) / 2), Math.floor((canvas.height - height) / 2))
    host.paint(context, width, height)
    return true
  }

  /** @throws (rejects) FaultError illegal-state where the domain has no picture yet */
  async screenshot(id: DomainId): Promise<Blob> {
    const host = this.#hostOf(id)
    const size = host?.size()
    if (host === undefined || size === undefined)
      throw new FaultError(
        fault('illegal-state', `“${id}” has drawn nothing yet: take the picture once it runs.`),
      )
    const canvas = new OffscreenCanvas(size.width, size.height)
    const context = canvas.getContext('2d', { alpha: false })
    if (context === null)
      throw new FaultError(fault('failed', 'The browser has no canvas left for the picture.'))
    host.paint(context, size.width, size.height)
    return canvas.convertToBlob({ type: 'image/png' })
  }

  dispose(): void {
    for (const { terminal, screen } of this.#hosts.values()) {
      terminal.dispose()
      screen.dispose()
    }
    this.#hosts.clear()
    this.#disposables.dispose()
  }
}

/** Whether keys go to `host`, or to nothing: then a switch brings them to the guest that is shown. */
function hasKeyboard(host: Host | undefined): boolean {
  const active = document.activeElement
  return active === null || active === document.body || host?.element.contains(active) === true
}
