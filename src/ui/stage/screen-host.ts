/** One domain's display on the page: its picture scaled to the stage, and the person's keyboard, pointer and touch on it. */

import { Disposables } from '../../base/disposables.ts'
import type { DisplaySession } from '../../state/display-session.ts'
import { keyForCharacter } from '../../state/scancodes.ts'
import { modifiersDown, spendModifiers, type StickyStore } from './sticky-modifiers.ts'

/** Whole multiples keep a guest's pixels even; they are taken where they fill at least this share of what would fit. */
const SHARP_SHARE = 0.75

/** Pixels that one notch of a wheel scrolls, in browsers that report pixels. */
const NOTCH_PIXELS = 100
const NOTCH_LINES = 3

/** Keeps a phone's keyboard telling Backspace, which an empty field would swallow. */
const SENTINEL = ' '

export type ScreenHostOptions = {
  readonly session: DisplaySession
  readonly modifiers: StickyStore
  readonly label: string
}

export class ScreenHost {
  readonly element = document.createElement('div')
  readonly #canvas: HTMLCanvasElement
  /** Has the keyboard focus: keys come with their positions, a phone's keyboard with text. */
  readonly #keys = document.createElement('textarea')
  readonly #session: DisplaySession
  readonly #modifiers: StickyStore
  readonly #disposables = new Disposables()
  #wheelRest = 0

  constructor(options: ScreenHostOptions) {
    this.#session = options.session
    this.#modifiers = options.modifiers
    const { canvas } = options.session
    if (!(canvas instanceof HTMLCanvasElement))
      throw new TypeError('a display on the page needs a canvas of the page')
    this.#canvas = canvas
    this.#canvas.setAttribute('role', 'img')
    this.#canvas.setAttribute('aria-label', options.label)
    Object.assign(this.#keys, {
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: false,
      value: SENTINEL,
    })
    this.#keys.setAttribute('autocorrect', 'off')
    this.#keys.setAttribute('aria-label', `Keyboard of ${options.label}`)
    // No phone keyboard until it is asked for: a tap is the guest's mouse.
    this.#keys.inputMode = 'none'
    this.setReachable(false)
    this.element.append(this.#keys, this.#canvas)
    this.#listenToKeys()
    this.#listenToPointer()
    this.#disposables.add(options.session.events.on('screen', () => this.fit()))
  }

  #listenToKeys(): void {
    const keys = this.#keys
    keys.addEventListener('keydown', (event) => this.#keyDown(event))
    keys.addEventListener('keyup', (event) => {
      if (event.code !== '') event.preventDefault()
      this.#session.keyboard.up(event.code)
    })
    keys.addEventListener('blur', () => {
      this.#session.releaseInput()
      keys.inputMode = 'none'
    })
    keys.addEventListener('beforeinput', (event) => {
      if (event.inputType === 'deleteContentBackward') this.press('Backspace')
      else if (event.inputType === 'insertLineBreak') this.press('Enter')
      else if (event.data !== null) this.#type(event.data)
      event.preventDefault()
    })
    keys.addEventListener('input', () => this.#resetField())
    keys.addEventListener('compositionend', () => this.#resetField())
    keys.addEventListener('paste', (event) => {
      event.preventDefault()
      this.#session.type(event.clipboardData?.getData('text/plain') ?? '')
    })
  }

  #resetField(): void {
    this.#keys.value = SENTINEL
    this.#keys.setSelectionRange(SENTINEL.length, SENTINEL.length)
  }

  #keyDown(event: KeyboardEvent): void {
    // A phone's keyboard names no position: its text comes with beforeinput.
    if (event.code === '' || event.isComposing || event.key === 'Unidentified') return
    event.preventDefault()
    const isModifier = /^(?:Control|Alt|Shift|Meta)/.test(event.code)
    if (!isModifier && modifiersDown(this.#modifiers) !== undefined) return this.press(event.code)
    const typed = keyForCharacter(event.key)
    // Remote control and speech input type a shifted character without pressing Shift.
    const lacksShift = typed?.shift === true && typed.code === event.code && !event.shiftKey
    if (lacksShift && !event.ctrlKey && !event.altKey && !event.getModifierState('CapsLock'))
      return this.#session.keyboard.type(event.key)
    this.#session.keyboard.down(event.code)
  }

  #type(text: string): void {
    const modifiers = modifiersDown(this.#modifiers)
    if (modifiers === undefined) return this.#session.type(text)
    spendModifiers(this.#modifiers)
    this.#session.keyboard.type(text, modifiers)
  }

  #listenToPointer(): void {
    const canvas = this.#canvas
    const session = this.#session
    canvas.addEventListener('pointerenter', (event) => {
      session.pointerEnter()
      this.#point(event)
    })
    canvas.addEventListener('pointermove', (event) => {
      this.#point(event)
      session.pointerButtons(guestButtons(event.buttons))
    })
    canvas.addEventListener('pointerdown', (event) => {
      event.preventDefault()
      this.focus()
      canvas.setPointerCapture(event.pointerId)
      this.#point(event)
      session.pointerButtons(guestButtons(event.buttons))
    })
    for (const type of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(type, (event) => {
        this.#point(event)
        session.pointerButtons(guestButtons(event.buttons))
      })
    canvas.addEventListener('contextmenu', (event) => event.preventDefault())
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false })
  }

  #point(event: PointerEvent): void {
    const { screen } = this.#session
    const box = this.#canvas.getBoundingClientRect()
    if (screen === undefined || box.width === 0 || box.height === 0) return
    const x = ((event.clientX - box.left) / box.width) * screen.width
    const y = ((event.clientY - box.top) / box.height) * screen.height
    this.#session.pointerMove(x, y)
  }

  /** A trackpad reports many small distances: they add up to notches. */
  #wheel(event: WheelEvent): void {
    event.preventDefault()
    const perNotch = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? NOTCH_PIXELS : NOTCH_LINES
    this.#wheelRest += event.deltaY / perNotch
    const notches = Math.trunc(this.#wheelRest)
    this.#wheelRest -= notches
    this.#session.pointerWheel(notches)
  }

  /** Scales the picture to the element: in whole device pixels where that is nearly as large, else to fit. */
  fit(): void {
    const { screen } = this.#session
    const { clientWidth, clientHeight } = this.element
    if (screen === undefined || clientWidth === 0 || clientHeight === 0) return
    const largest = Math.min(clientWidth / screen.width, clientHeight / screen.height)
    const wholePixels = Math.floor(largest * devicePixelRatio) / devicePixelRatio
    const sharp = wholePixels >= largest * SHARP_SHARE
    const scale = sharp ? wholePixels : largest
    this.#canvas.style.width = `${screen.width * scale}px`
    this.#canvas.style.height = `${screen.height * scale}px`
    this.#canvas.style.imageRendering = sharp ? 'pixelated' : 'auto'
    this.element.dataset['mode'] = screen.mode
  }

  /** A key of the on-screen keyboard. */
  press(code: string): void {
    const modifiers = modifiersDown(this.#modifiers) ?? { control: false, alt: false, shift: false }
    spendModifiers(this.#modifiers)
    this.#session.keyboard.stroke(code, modifiers)
  }

  /** Whether its view shows it, be that on top or beneath another. */
  setShown(shown: boolean): void {
    const visibility = shown ? 'visible' : 'hidden'
    if (this.element.style.visibility !== visibility) this.element.style.visibility = visibility
  }

  /** Whether Tab leads to it. */
  setReachable(reachable: boolean): void {
    this.#keys.tabIndex = reachable ? 0 : -1
  }

  focus(): void {
    if (document.activeElement !== this.#keys) this.#keys.focus({ preventScroll: true })
  }

  raiseKeyboard(): void {
    this.#keys.blur()
    this.#keys.inputMode = 'text'
    this.focus()
  }

  paste(text: string): void {
    this.#session.type(text)
  }

  paint(
    context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
    width: number,
    height: number,
  ): void {
    context.imageSmoothingQuality = 'medium'
    context.drawImage(this.#canvas, 0, 0, width, height)
  }

  /** The guest's own screen; undefined before its first picture. */
  size(): { readonly width: number; readonly height: number } | undefined {
    return this.#session.screen
  }

  dispose(): void {
    this.#disposables.dispose()
    this.element.remove()
  }
}

/** The DOM counts right before middle (Pointer Events, 6.1); a mouse report does not. */
function guestButtons(domButtons: number): number {
  return (domButtons & 1) | ((domButtons & 4) >> 1) | ((domButtons & 2) << 1)
}
