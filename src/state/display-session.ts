/**
 * The page's end of one domain's display: its last picture, the credits by which new ones come, its keyboard and mouse.
 *
 * A domain sends a frame for a credit and never without one. The display a person looks at gets a credit with every
 * animation frame that has drawn its last one, those of which a thumbnail may be drawn about one a second, and the others
 * none: a domain with a credit looks for changes as often as a screen would. Nobody gets any while the page is hidden.
 */

import { Disposables, type Dispose } from '../base/disposables.ts'
import { Emitter } from '../base/emitter.ts'
import type { DisplayEvent, DisplayRequest } from '../protocol/channels.ts'
import type { SessionPort } from './console-session.ts'
import { Keyboard } from './keyboard.ts'
import type { PageEnvironment, PictureCanvas } from './page-environment.ts'
import { Pointer } from './pointer.ts'

/** Between two pictures of a display that is shown as a thumbnail at most. */
export const THUMBNAIL_INTERVAL_MS = 1000

/** The Bochs VBE adapter that v86 models ends at 2560×1600; anything beyond is not a screen. */
const MAX_SIDE = 4096

/** A guest's keyboard controller holds 32 bytes: typed text goes one stroke (≤ 6 bytes) at a time, 100 a second. */
const TYPING_INTERVAL_MS = 10

export type Screen = DisplayEvent['screen']

/** live: a person looks at it. thumbnail: its domain is shown by it, elsewhere or small. none: by its terminal. */
export type Demand = 'live' | 'thumbnail' | 'none'

export type DisplayEvents = {
  /** The screen's size or mode is another. */
  screen: Screen
  /** The canvas shows something new. */
  picture: undefined
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export class DisplaySession {
  readonly events = new Emitter<DisplayEvents>()
  readonly keyboard = new Keyboard((scancodes) => this.#post({ kind: 'keys', scancodes }))
  /** The last picture, at the screen's own size. Empty before the first. */
  readonly canvas: PictureCanvas
  readonly #pointer = new Pointer()
  readonly #environment: PageEnvironment
  readonly #disposables = new Disposables()
  readonly #context: Context | null
  #port: SessionPort<DisplayRequest> | undefined
  #screen: Screen | undefined
  #demand: Demand = 'none'
  #creditOut = false
  #waitingFrame: DisplayEvent | undefined
  #recycled: ArrayBuffer | undefined
  #lastCreditAt = -Infinity
  #stopFrame: Dispose | undefined
  #stopPointerFrame: Dispose | undefined
  #stopTimer: Dispose | undefined
  #stopTyping: Dispose | undefined

  constructor(environment: PageEnvironment) {
    this.#environment = environment
    this.canvas = environment.makeCanvas(1, 1)
    // Opaque: a guest has nothing to say about what lies behind its screen.
    this.#context = this.canvas.getContext('2d', { alpha: false })
    this.#disposables.add(environment.onVisibilityChange(() => this.#paceCredits()))
  }

  /** Takes a started domain's display over; the picture of the machine before stays until a new one comes. */
  connect(port: SessionPort<DisplayRequest>): void {
    this.#disconnect()
    this.#port = port
    this.#creditOut = false
    this.#lastCreditAt = -Infinity
    port.onmessage = (event) => this.#receive(event.data)
    port.postMessage({ kind: 'refresh' })
    this.#paceCredits()
  }

  /** The guest lets the page have its processor for so long; 0: no longer. */
  standAside(forMs: number): void {
    this.#post({ kind: 'stand-aside', forMs })
  }

  #disconnect(): void {
    this.#stop()
    this.#waitingFrame = undefined
    this.#recycled = undefined
    this.keyboard.releaseAll()
    this.#pointer.release()
    this.#pointer.take()
    if (this.#port === undefined) return
    this.#port.onmessage = null
    this.#port.close()
    this.#port = undefined
  }

  #post(request: DisplayRequest): void {
    this.#port?.postMessage(request)
  }

  get screen(): Screen | undefined {
    return this.#screen
  }

  /** How this display is looked at (were the page visible). One that is not live any more has nothing pressed. */
  setDemand(demand: Demand): void {
    if (this.#demand === demand) return
    if (this.#demand === 'live') this.releaseInput()
    this.#demand = demand
    this.#paceCredits()
  }

  #receive(frame: DisplayEvent): void {
    this.#creditOut = false
    if (!isSound(frame)) return this.#paceCredits()
    if (this.#demand === 'live' && !this.#environment.hidden()) {
      this.#waitingFrame = frame
      this.#stopFrame ??= this.#environment.requestFrame(() => {
        this.#stopFrame = undefined
        this.#drawWaiting()
      })
    } else {
      this.#draw(frame)
      this.#paceCredits()
    }
  }

  #drawWaiting(): void {
    const frame = this.#waitingFrame
    this.#waitingFrame = undefined
    if (frame !== undefined) this.#draw(frame)
    this.#paceCredits()
  }

  #draw(frame: DisplayEvent): void {
    const { screen, x, y, width, height, pixels } = frame
    const before = this.#screen
    const resized = before?.width !== screen.width || before.height !== screen.height
    if (resized) {
      this.canvas.width = screen.width
      this.canvas.height = screen.height
      this.#pointer.setScreen(screen.width, screen.height)
      // Setting a canvas's size has emptied it.
      if (width !== screen.width || height !== screen.height) this.#post({ kind: 'refresh' })
    }
    const bytes = new Uint8ClampedArray(pixels, 0, width * height * 4)
    this.#context?.putImageData(new ImageData(bytes, width, height), x, y)
    this.#recycled = pixels
    this.#screen = screen
    if (resized || before.mode !== screen.mode) this.events.emit('screen', screen)
    this.events.emit('picture', undefined)
  }

  /** Gives a credit now, later or not at all, as the display is looked at, shown small, or hidden. */
  #paceCredits(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    if (this.#environment.hidden()) {
      // Animation frames have stopped: what came in the meantime is drawn at once.
      this.#stopFrame?.()
      this.#stopFrame = undefined
      const frame = this.#waitingFrame
      this.#waitingFrame = undefined
      if (frame !== undefined) this.#draw(frame)
      return
    }
    if (this.#port === undefined || this.#creditOut || this.#waitingFrame !== undefined) return
    if (this.#demand === 'none') return
    const wait =
      this.#demand === 'live' ? 0 : this.#lastCreditAt + THUMBNAIL_INTERVAL_MS - this.#environment.now()
    if (wait <= 0) return this.#grantCredit()
    this.#stopTimer = this.#environment.setTimer(() => this.#paceCredits(), wait)
  }

  #grantCredit(): void {
    const recycle = this.#recycled
    this.#recycled = undefined
    this.#creditOut = true
    this.#lastCreditAt = this.#environment.now()
    if (recycle === undefined) this.#post({ kind: 'credit' })
    else this.#port?.postMessage({ kind: 'credit', recycle }, [recycle])
  }

  /** The pointer enters the picture: its guest's twin is sent home first. */
  pointerEnter(): void {
    this.#pointer.enter()
  }

  /** @param x, y a point of the guest's screen */
  pointerMove(x: number, y: number): void {
    this.#pointer.moveTo(x, y)
    this.#flushPointer()
  }

  /** @param buttons bits 0 left, 1 middle, 2 right */
  pointerButtons(buttons: number): void {
    this.#pointer.press(buttons)
    this.#flushPointer()
  }

  /** @param notches positive scrolls down */
  pointerWheel(notches: number): void {
    this.#pointer.wheel(notches)
    this.#flushPointer()
  }

  #flushPointer(): void {
    if (!this.#pointer.pending) return
    this.#stopPointerFrame ??= this.#environment.requestFrame(() => {
      this.#stopPointerFrame = undefined
      for (const report of this.#pointer.take()) this.#post({ kind: 'mouse', ...report })
      this.#flushPointer()
    })
  }

  /** Types text as keys; a text typed before and not finished is given up. */
  type(text: string): void {
    this.#stopTyping?.()
    this.#typeRest(Array.from(text.replaceAll('\r\n', '\n')), 0)
  }

  #typeRest(characters: readonly string[], at: number): void {
    this.#stopTyping = undefined
    const character = characters[at]
    if (character === undefined || this.#port === undefined) return
    this.keyboard.type(character)
    this.#stopTyping = this.#environment.setTimer(
      () => this.#typeRest(characters, at + 1),
      TYPING_INTERVAL_MS,
    )
  }

  /** Nothing stays pressed in the guest. */
  releaseInput(): void {
    this.keyboard.releaseAll()
    this.#pointer.release()
    for (const report of this.#pointer.take()) this.#post({ kind: 'mouse', ...report })
  }

  #stop(): void {
    for (const stop of [this.#stopFrame, this.#stopPointerFrame, this.#stopTimer, this.#stopTyping]) stop?.()
    this.#stopFrame = this.#stopPointerFrame = this.#stopTimer = this.#stopTyping = undefined
  }

  /** The machine is off: its last picture stays. */
  dispose(): void {
    this.#disconnect()
    this.#disposables.dispose()
  }
}

/** A frame's numbers come from another thread: they must describe a part of the screen that its bytes can fill. */
function isSound(untrustedFrame: DisplayEvent): boolean {
  const { screen, x, y, width, height, pixels } = untrustedFrame
  return (
    [screen.width, screen.height, width, height].every((side) => isWithin(side, 1, MAX_SIDE)) &&
    isWithin(x, 0, screen.width - width) &&
    isWithin(y, 0, screen.height - height) &&
    pixels.byteLength >= width * height * 4
  )
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
