/**
 * The display without a screen: text and graphics modes drawn into one picture, of which changed rectangles leave as
 * RGBA, one a credit. Without a credit nothing is drawn, copied or sent.
 */

import type { DisplayEvent } from '../protocol/channels.ts'
import { FLAG_BLINKING, FLAG_FONT_PAGE_B, TextScreen, type Rectangle } from './text-screen.ts'
import type { Layer, ScreenAdapter, Vga } from './v86-internals.ts'

/** The frame period of the modelled screen, 60 Hz. Vertical retrace, which some guests wait for, comes with it. */
const FRAME_MS = 1000 / 60

/** Credits are one an animation frame; more that wait at once are a mistake and mean no more than this. */
const LARGEST_CREDIT = 4

/** v86's largest mode is 2560×1600; a guest's register values beyond that are not believed. */
const LARGEST_SIDE = 4096

export type DisplayFrame = Extract<DisplayEvent, { kind: 'frame' }>

export class Display {
  readonly #vga: Vga
  readonly #send: (frame: DisplayFrame) => void
  readonly #text = new TextScreen()
  #mode: 'text' | 'graphics' = 'text'
  #graphicsSize = { width: 0, height: 0 }
  /** The picture as the person last saw it or will with the next frame. */
  #picture = new Uint32Array(0)
  #width = 0
  #height = 0
  #dirty: Rectangle | undefined
  #seenLayers: readonly Layer[] | undefined
  /** The picture's memory is new or shows another mode: everything is to be drawn again. */
  #stale = true
  #credit = 0
  #lastFrame = 0
  #lastRetrace = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #recycled: ArrayBuffer[] = []
  #sequence = 0
  #framesSent = 0

  constructor(vga: Vga, screen: ScreenAdapter, send: (frame: DisplayFrame) => void) {
    this.#vga = vga
    this.#send = send
    this.#takeOver(screen)
  }

  get framesSent(): number {
    return this.#framesSent
  }

  /** Gives one credit, and perhaps the buffer of an earlier frame to be filled again. */
  credit(recycle: ArrayBuffer | undefined): void {
    this.#credit = Math.min(this.#credit + 1, LARGEST_CREDIT)
    // Two suffice: one being filled while the other is looked at.
    if (recycle !== undefined && recycle.byteLength > 0 && this.#recycled.length < 2)
      this.#recycled.push(recycle)
    this.#pump()
  }

  /** The next frame shows everything. */
  refresh(): void {
    this.#dirty = { x: 0, y: 0, width: this.#width, height: this.#height }
    this.#pump()
  }

  /** After every slice, which ended at `now`. */
  sliceEnded(now: number): void {
    if (this.#credit > 0) {
      if (this.#timer === undefined) this.#pump()
      return
    }
    // Nobody looks: only the retrace bit goes on, for guests that wait for it.
    if (now - this.#lastRetrace < FRAME_MS) return
    this.#lastRetrace = now
    this.#vga.update_vertical_retrace()
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#credit = 0
  }

  /** Sends a frame if one is due, wanted and different; otherwise looks again a frame period later. */
  #pump(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#credit === 0) return
    const now = performance.now()
    const wait = this.#lastFrame + FRAME_MS - now
    if (wait <= 0) {
      this.#lastFrame = now
      this.#lastRetrace = now
      this.#render()
      if (this.#dirty !== undefined) this.#emit(this.#dirty)
      if (this.#credit === 0) return
    }
    this.#timer = setTimeout(() => this.#pump(), wait <= 0 ? FRAME_MS : wait)
  }

  #render(): void {
    const { width, height } = this.#mode === 'text' ? this.#text : this.#graphicsSize
    if (width !== this.#width || height !== this.#height) {
      this.#width = width
      this.#height = height
      this.#picture = new Uint32Array(width * height).fill(0xff000000)
      this.#stale = true
    }
    if (this.#stale) {
      this.#stale = false
      this.#seenLayers = undefined
      this.#vga.complete_redraw()
      this.#dirty = { x: 0, y: 0, width, height }
    }
    if (this.#mode === 'text') {
      const changed = this.#text.draw(this.#picture)
      if (changed !== undefined) this.#dirty = union(this.#dirty, changed)
      this.#vga.update_vertical_retrace()
      return
    }
    // Between two modes v86 is in graphics without a size, and would look for a picture that is not there.
    if (width === 0 || height === 0) return
    // In planar modes v86 always shows its layers: look first whether anything was drawn.
    const planar = !this.#vga.svga_enabled
    const unchanged =
      this.#vga.diff_addr_min > this.#vga.diff_addr_max && this.#seenLayers === this.#vga.layers
    if (planar && unchanged) this.#vga.update_vertical_retrace()
    else this.#vga.screen_fill_buffer()
    this.#seenLayers = this.#vga.layers
  }

  #emit(dirty: Rectangle): void {
    this.#dirty = undefined
    const { x, y } = dirty
    const width = Math.min(dirty.width, this.#width - x)
    const height = Math.min(dirty.height, this.#height - y)
    if (width <= 0 || height <= 0) return
    const pixels = this.#buffer(width * height * 4)
    const target = new Uint32Array(pixels)
    for (let row = 0; row < height; row++) {
      const from = (y + row) * this.#width + x
      target.set(this.#picture.subarray(from, from + width), row * width)
    }
    this.#credit--
    this.#framesSent++
    this.#send({
      kind: 'frame',
      screen: { width: this.#width, height: this.#height, mode: this.#mode },
      x,
      y,
      width,
      height,
      pixels,
      sequence: this.#sequence++,
    })
  }

  /** A frame's buffer has exactly the size of its pixels. */
  #buffer(bytes: number): ArrayBuffer {
    const index = this.#recycled.findIndex((buffer) => buffer.byteLength === bytes)
    if (index >= 0) return this.#recycled.splice(index, 1)[0] ?? new ArrayBuffer(bytes)
    this.#recycled = []
    return new ArrayBuffer(bytes)
  }

  /** Copies what v86 drew; its image data aliases memory that the next slice may move. */
  #take(layer: Layer): void {
    const { data, width: stride } = layer.image_data
    const source = new Uint32Array(data.buffer, data.byteOffset, data.byteLength >> 2)
    // A layer may begin left of or above the screen (panning, split screen).
    const skipX = Math.max(0, -layer.screen_x)
    const skipY = Math.max(0, -layer.screen_y)
    const x = layer.screen_x + skipX
    const y = layer.screen_y + skipY
    const width = Math.min(layer.buffer_width - skipX, this.#width - x)
    const height = Math.min(layer.buffer_height - skipY, this.#height - y)
    if (width <= 0 || height <= 0) return
    for (let row = 0; row < height; row++) {
      const from = (layer.buffer_y + skipY + row) * stride + layer.buffer_x + skipX
      if (from + width > source.length) break
      this.#picture.set(source.subarray(from, from + width), (y + row) * this.#width + x)
    }
    this.#dirty = union(this.#dirty, { x, y, width, height })
  }

  #takeOver(screen: ScreenAdapter): void {
    screen.FLAG_BLINKING = FLAG_BLINKING
    screen.FLAG_FONT_PAGE_B = FLAG_FONT_PAGE_B
    screen.put_char = (row, column, glyph, flags, background, ink) => {
      this.#text.put(row, column, glyph, flags, background, ink)
    }
    screen.update_cursor = (row, column) => this.#text.moveCursor(row, column)
    screen.update_cursor_scanline = (start, end, visible) => this.#text.shapeCursor(start, end, visible)
    screen.set_mode = (graphical) => {
      this.#mode = graphical ? 'graphics' : 'text'
      this.#stale = true
    }
    screen.set_font_bitmap = (height, nineWide, doubleWide, copyEighthColumn, plane) => {
      this.#text.setFont(height, nineWide, doubleWide, copyEighthColumn, plane)
    }
    screen.set_font_page = (pageA, pageB) => this.#text.setFontPages(pageA, pageB)
    screen.clear_screen = () => {
      this.#picture.fill(0xff000000)
      this.#dirty = { x: 0, y: 0, width: this.#width, height: this.#height }
    }
    screen.set_size_text = (columns, rows) => this.#text.setSize(columns, rows)
    screen.set_size_graphical = (width, height) => {
      this.#graphicsSize = { width: Math.min(width, LARGEST_SIDE), height: Math.min(height, LARGEST_SIDE) }
    }
    screen.update_buffer = (layers) => {
      for (const layer of layers) this.#take(layer)
    }
  }
}

function union(a: Rectangle | undefined, b: Rectangle): Rectangle {
  if (a === undefined) return b
  const x = Math.min(a.x, b.x)
  const y = Math.min(a.y, b.y)
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  }
}
