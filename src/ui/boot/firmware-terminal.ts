/** The firmware's 80 × 25 text screen on xterm.js: the VGA's palette and font, scaled to fit without distortion. */

import { Terminal, type ITheme } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { Disposables } from '../../base/disposables.ts'
import { hasAcceleratedWebgl } from '../stage/accelerated-webgl.ts'
import { forgetCharacterWidths, measureCharactersByCanvas } from '../stage/character-widths.ts'

const COLUMNS = 80
const ROWS = 25
/** Height in pixels of a VGA text cell: a font size that is a multiple of it keeps the bitmap's edges sharp. */
const CELL = 16
/** A sharp multiple is taken where it fills at least this share of what would fit; small screens need every pixel. */
const SHARP_SHARE = 0.8
const SMALLEST = 4

/** The default palette of the VGA's text modes, as its DAC puts it out. */
const VGA_PALETTE: ITheme = {
  background: '#000000',
  foreground: '#aaaaaa',
  cursor: '#aaaaaa',
  black: '#000000',
  blue: '#0000aa',
  green: '#00aa00',
  cyan: '#00aaaa',
  red: '#aa0000',
  magenta: '#aa00aa',
  yellow: '#aa5500',
  white: '#aaaaaa',
  brightBlack: '#555555',
  brightBlue: '#5555ff',
  brightGreen: '#55ff55',
  brightCyan: '#55ffff',
  brightRed: '#ff5555',
  brightMagenta: '#ff55ff',
  brightYellow: '#ffff55',
  brightWhite: '#ffffff',
}

export class FirmwareTerminal {
  /** Resolves when the first picture has been handed to the compositor, or at once where the page is hidden. */
  readonly painted: Promise<void>
  readonly #terminal: Terminal
  readonly #host: HTMLElement
  readonly #disposables = new Disposables()
  #hasFont = false
  #metrics: CanvasRenderingContext2D | undefined
  #resolvePainted: () => void = () => undefined
  #written = false

  /** Opens the screen in `host`, which has a size; it follows that size until disposed. */
  constructor(host: HTMLElement) {
    this.#host = host
    this.painted = new Promise((resolve) => (this.#resolvePainted = resolve))
    this.#terminal = new Terminal({
      cols: COLUMNS,
      rows: ROWS,
      scrollback: 0,
      fontFamily: getComputedStyle(host).fontFamily,
      fontSize: CELL,
      lineHeight: 1,
      theme: VGA_PALETTE,
      disableStdin: true,
      cursorInactiveStyle: 'none',
      drawBoldTextInBrightColors: true,
      customGlyphs: true,
    })
    this.#disposables.add(() => this.#terminal.dispose())
    this.#terminal.open(host)
    measureCharactersByCanvas(host)

    const resized = new ResizeObserver(() => this.#fit())
    resized.observe(host)
    this.#disposables.add(() => resized.disconnect())

    // The face it begins with is on its way from the server, too; once the VGA's own is there, no other matters.
    const measureAgain = () => {
      if (!this.#hasFont) this.#measureFont()
    }
    document.fonts.addEventListener('loadingdone', measureAgain)
    this.#disposables.add(() => document.fonts.removeEventListener('loadingdone', measureAgain))
    this.#fit()
  }

  write(output: string): void {
    this.#terminal.write(output, () => this.#markPainted())
    this.#takeFont()
  }

  /** For whoever waits, the browser's timeline and the bench: xterm.js draws in the frame after the one that parsed. */
  #markPainted(): void {
    if (this.#written) return
    this.#written = true
    const painted = () => {
      performance.mark('hyperspace:firmware-painted')
      this.#resolvePainted()
      void this.#accelerate()
    }
    // A hidden page draws no frames, and nobody waits for them.
    if (document.hidden) painted()
    else requestAnimationFrame(() => afterFrame(painted))
  }

  /** The VGA's own face arrives while the firmware runs; no event tells that a loaded face was added. */
  #takeFont(): void {
    if (this.#hasFont || ![...document.fonts].some(isVgaFont)) return
    this.#hasFont = true
    this.#measureFont()
  }

  #measureFont(): void {
    forgetCharacterWidths()
    // xterm.js measures a font when the option changes; the family list is the same, what it leads to is not.
    this.#terminal.options.fontFamily = 'monospace'
    this.#terminal.options.fontFamily = getComputedStyle(this.#host).fontFamily
    this.#fit()
    // The GPU renderer takes a new font's size over with its next frame.
    requestAnimationFrame(() => this.#fit())
  }

  dispose(): void {
    this.#disposables.dispose()
  }

  /**
   * Box-drawing characters join without gaps on the GPU renderer; where there is no WebGL the DOM renderer does. Only
   * after the first picture: a context takes longer to make than that picture to draw.
   */
  async #accelerate(): Promise<void> {
    if (!hasAcceleratedWebgl()) return
    try {
      const { WebglAddon } = await import('@xterm/addon-webgl')
      if (this.#disposables.disposed) return
      const addon = new WebglAddon()
      addon.onContextLoss(() => addon.dispose())
      this.#terminal.loadAddon(addon)
      requestAnimationFrame(() => this.#fit())
    } catch {
      // No WebGL2 here: xterm.js goes on with its DOM renderer.
    }
  }

  /** Every change of size makes xterm.js measure each character anew, a layout for each: it is told of the result alone. */
  #fit(): void {
    const { clientWidth, clientHeight } = this.#host
    if (this.#disposables.disposed || clientWidth === 0 || clientHeight === 0) return
    const largest = this.#largestFitting(clientWidth, clientHeight)
    const step = CELL / devicePixelRatio
    const sharp = Math.floor(largest / step) * step
    const takeSharp = largest >= CELL && sharp >= largest * SHARP_SHARE
    this.#terminal.options.fontSize = takeSharp ? sharp : largest
  }

  /** Cell sizes are rounded to device pixels, so the proportional guess is corrected downwards by trial. */
  #largestFitting(width: number, height: number): number {
    const screen = this.#screenSize(CELL)
    let size = Math.floor(CELL * Math.min(width / screen.width, height / screen.height) * 2) / 2
    for (; size > SMALLEST; size -= 0.5) {
      const tried = this.#screenSize(size)
      if (tried.width <= width && tried.height <= height) break
    }
    return Math.max(size, SMALLEST)
  }

  /** In CSS pixels, as xterm.js makes it of the same font: a cell's height is rounded up to device pixels, its width is not. */
  #screenSize(fontSize: number): { width: number; height: number } {
    const { width, height } = this.#measure(fontSize)
    return {
      width: Math.round(width * COLUMNS),
      height: Math.round((Math.ceil(height * devicePixelRatio) * ROWS) / devicePixelRatio),
    }
  }

  #measure(fontSize: number): { width: number; height: number } {
    this.#metrics ??= document.createElement('canvas').getContext('2d') ?? undefined
    // Proportions of a VGA cell where nothing can be measured.
    if (this.#metrics === undefined) return { width: fontSize / 2, height: fontSize }
    this.#metrics.font = `${fontSize}px ${this.#terminal.options.fontFamily ?? 'monospace'}`
    const { width, fontBoundingBoxAscent, fontBoundingBoxDescent } = this.#metrics.measureText('W')
    return { width, height: fontBoundingBoxAscent + fontBoundingBoxDescent }
  }
}

function isVgaFont({ family, status }: FontFace): boolean {
  return status === 'loaded' && family.includes('HyperSpace VGA')
}

/** In the first task after the frame that is being made: the page's thread has laid it out and painted it by then. */
function afterFrame(action: () => void): void {
  const channel = new MessageChannel()
  channel.port1.onmessage = () => {
    channel.port1.close()
    action()
  }
  channel.port2.postMessage(undefined)
}
