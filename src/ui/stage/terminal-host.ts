/** One domain's terminal: xterm.js on the domain's console session. It lives as long as the domain, shown or not. */

import { FitAddon } from '@xterm/addon-fit'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '@xterm/xterm/css/xterm.css'
import { Disposables } from '../../base/disposables.ts'
import type { ConsoleSession, ConsoleTerminal } from '../../state/console-session.ts'
import type { Preferences, PreferencesStore } from '../../state/preferences.ts'
import { hasAcceleratedWebgl } from './accelerated-webgl.ts'
import { forgetCharacterWidths, measureCharactersByCanvas } from './character-widths.ts'
import { formatBytes } from './format-bytes.ts'
import { modifiersDown, spendModifiers, type StickyStore } from './sticky-modifiers.ts'
import { modifiedText, terminalKey } from './terminal-keys.ts'
import { paintTerminal } from './terminal-picture.ts'
import { MINIMUM_CONTRAST, terminalTheme, type TerminalTheme } from './terminal-theme.ts'

/** Lines above the screen: enough for a build's output; 12 bytes a cell make 5 MB at 100 columns. */
const SCROLLBACK = 4000

const FONT_FAMILY = "'JetBrains Mono Variable', ui-monospace, monospace"

/** Answers whether it came: without it, terminals have the next best face. */
export function loadTerminalFont(fontSize: number): Promise<boolean> {
  return document.fonts.load(`${fontSize}px ${FONT_FAMILY}`).then(
    (faces) => {
      forgetCharacterWidths()
      return faces.length > 0
    },
    () => false,
  )
}

/** Ends whatever sequence was cut off, and colours that were on. */
const CLEAN = '\x18\x1b[0m'

export type TerminalHostOptions = {
  readonly session: ConsoleSession
  readonly preferences: PreferencesStore
  readonly modifiers: StickyStore
  readonly label: string
}

export class TerminalHost implements ConsoleTerminal {
  /** Where the terminal lives; the stage shows and hides it. */
  readonly element = document.createElement('div')
  readonly #terminal: Terminal
  readonly #fit = new FitAddon()
  readonly #options: TerminalHostOptions
  readonly #disposables = new Disposables()
  #theme: TerminalTheme
  #opened = false
  #waitsForFont = false
  #reachable = false
  /** Whether xterm.js takes itself for the one that has the keyboard. */
  #toldOfKeyboard = false

  constructor(options: TerminalHostOptions) {
    this.#options = options
    this.#theme = terminalTheme(isDark())
    const { session, preferences } = options
    this.#terminal = new Terminal({
      fontFamily: FONT_FAMILY,
      fontSize: preferences.getState().fontSize,
      lineHeight: 1.15,
      scrollback: SCROLLBACK,
      screenReaderMode: preferences.getState().screenReader,
      theme: this.#theme,
      minimumContrastRatio: MINIMUM_CONTRAST,
      // A steady cursor: no timer draws while nothing happens.
      cursorBlink: false,
      cursorInactiveStyle: 'outline',
    })
    this.#disposables.add(() => this.#terminal.dispose())
    this.#terminal.loadAddon(this.#fit)
    this.#terminal.onData((data) => this.#typed(data))
    this.#terminal.onBinary((data) => session.input(Uint8Array.from(data, (unit) => unit.charCodeAt(0))))
    this.#terminal.onResize(({ cols, rows }) => session.resize(cols, rows))
    this.#disposables.add(preferences.subscribe((now, before) => this.#prefer(now, before)))
    this.#disposables.add(session.attach(this))
  }

  /** To be called when `element` is in the page; once is enough. */
  open(): void {
    if (this.#opened) return
    this.#opened = true
    this.#terminal.open(this.element)
    measureCharactersByCanvas(this.element)
    this.#accelerate()
    this.#terminal.textarea?.setAttribute('aria-label', this.#options.label)
    this.setReachable(this.#reachable)
    // A paste goes through the session, which takes out what could forge its end.
    const paste = (event: ClipboardEvent): void => {
      event.preventDefault()
      event.stopPropagation()
      this.#options.session.paste(event.clipboardData?.getData('text/plain') ?? '')
    }
    this.element.addEventListener('paste', paste, { capture: true })
    for (const type of ['focus', 'blur'] as const)
      this.element.addEventListener(type, (event) => this.#putOff(event), { capture: true })
    const { fontSize } = this.#options.preferences.getState()
    if (document.fonts.check(`${fontSize}px ${FONT_FAMILY}`)) this.fit()
    else void this.#fitWithFont(fontSize)
  }

  /**
   * xterm.js draws its rows anew when it gets or loses the keyboard. On a switch that is in the way of the other guest's
   * picture: it is told after that picture is painted, and where it lies beneath another, and its guest did not ask, not at
   * all: nobody sees its cursor. Keys reach it as they always do.
   */
  #putOff(event: FocusEvent): void {
    if (!event.isTrusted) return
    event.stopPropagation()
    requestAnimationFrame(() =>
      setTimeout(() => {
        const { textarea } = this.#terminal
        const hasKeyboard = textarea !== undefined && textarea === document.activeElement
        if (hasKeyboard === this.#toldOfKeyboard) return
        if (!this.#reachable && !this.#terminal.modes.sendFocusMode) return
        this.#toldOfKeyboard = hasKeyboard
        textarea?.dispatchEvent(new FocusEvent(hasKeyboard ? 'focus' : 'blur'))
      }),
    )
  }

  /** WebGL where the machine really has it: drawn by a processor it is slower than the DOM. */
  #accelerate(): void {
    if (!hasAcceleratedWebgl()) return
    try {
      const addon = new WebglAddon()
      // xterm.js goes on with its DOM renderer; browsers take the oldest contexts away when there are too many.
      addon.onContextLoss(() => addon.dispose())
      this.#terminal.loadAddon(addon)
    } catch {
      // No WebGL2 after all: the DOM renderer is in place already.
    }
  }

  /** Until then the guest is told no size: it would draw its screen twice. */
  async #fitWithFont(fontSize: number): Promise<void> {
    this.#waitsForFont = true
    const isLoaded = await loadTerminalFont(fontSize)
    this.#waitsForFont = false
    if (this.#disposables.disposed) return
    // xterm.js measures its font once: it has to be told when another one has come.
    if (isLoaded) {
      this.#terminal.options.fontFamily = 'monospace'
      this.#terminal.options.fontFamily = FONT_FAMILY
    }
    this.fit()
  }

  #prefer(now: Preferences, before: Preferences): void {
    if (now.screenReader !== before.screenReader) this.#terminal.options.screenReaderMode = now.screenReader
    if (now.fontSize === before.fontSize) return
    this.#terminal.options.fontSize = now.fontSize
    this.fit()
  }

  /** The page's theme is another. */
  applyTheme(): void {
    this.#theme = terminalTheme(isDark())
    this.#terminal.options.theme = this.#theme
  }

  /** As many columns and rows as the element has room for; the guest is told by the session. */
  fit(): void {
    if (!this.#opened || this.#waitsForFont || this.element.clientWidth === 0) return
    this.#fit.fit()
    this.#options.session.resize(this.#terminal.cols, this.#terminal.rows)
  }

  #typed(data: string): void {
    const modifiers = modifiersDown(this.#options.modifiers)
    if (modifiers !== undefined) spendModifiers(this.#options.modifiers)
    this.#options.session.input(modifiers === undefined ? data : modifiedText(data, modifiers))
  }

  /** A key of the on-screen keyboard. */
  press(code: string): void {
    const modifiers = modifiersDown(this.#options.modifiers) ?? { control: false, alt: false, shift: false }
    spendModifiers(this.#options.modifiers)
    const sequence = terminalKey(code, modifiers, this.#terminal.modes.applicationCursorKeysMode)
    if (sequence === undefined) return
    this.#terminal.scrollToBottom()
    this.#options.session.input(sequence)
  }

  /** Whether its view shows it, be that on top or beneath another. */
  setShown(shown: boolean): void {
    const visibility = shown ? 'visible' : 'hidden'
    if (this.element.style.visibility !== visibility) this.element.style.visibility = visibility
  }

  /** Whether Tab leads to it. */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable
    if (this.#terminal.textarea !== undefined) this.#terminal.textarea.tabIndex = reachable ? 0 : -1
  }

  focus(): void {
    // Asking for what is so already would still lay the page out.
    if (document.activeElement !== this.#terminal.textarea) this.#terminal.focus()
  }

  /** A phone shows its keyboard for a focused text field. */
  raiseKeyboard(): void {
    this.#terminal.textarea?.blur()
    this.#terminal.focus()
  }

  paste(text: string): void {
    this.#options.session.paste(text)
  }

  selection(): string {
    return this.#terminal.getSelection()
  }

  paint(
    context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
    width: number,
    height: number,
  ): void {
    paintTerminal(context, this.#picture(), width, height)
  }

  /** Size of the terminal as it is shown, in device pixels. */
  size(): { readonly width: number; readonly height: number } {
    const screen = this.element.querySelector<HTMLElement>('.xterm-screen')
    return {
      width: Math.max(1, Math.round((screen?.clientWidth ?? 0) * devicePixelRatio)),
      height: Math.max(1, Math.round((screen?.clientHeight ?? 0) * devicePixelRatio)),
    }
  }

  #picture(): Parameters<typeof paintTerminal>[1] {
    const { buffer, cols, rows } = this.#terminal
    return {
      buffer: buffer.active,
      columns: cols,
      rows,
      theme: this.#theme,
      fontFamily: FONT_FAMILY,
      showCursor: true,
    }
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.#terminal.write(bytes, done)
  }

  skipped(bytes: number): void {
    const full = this.#terminal.buffer.active.type === 'alternate'
    // A full-screen program draws its screen anew by itself: a line of ours would stand in it.
    const note = full ? '' : `\r\n\x1b[7m ${formatBytes(bytes)} of output were not shown \x1b[0m\r\n`
    this.#terminal.write(CLEAN + note)
  }

  restarted(): void {
    // In the stream (RIS), behind what is still to be parsed of the machine before.
    this.#terminal.write('\x18\x1bc')
  }

  bracketedPaste(): boolean {
    return this.#terminal.modes.bracketedPasteMode
  }

  dispose(): void {
    this.#disposables.dispose()
    this.element.remove()
  }
}

function isDark(): boolean {
  return document.documentElement.dataset['theme'] !== 'light'
}
