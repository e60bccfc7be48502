/** VGA text mode drawn as pixels: cells of glyph, colours and flags, and the glyphs of the guest's own font plane. */

export const FLAG_BLINKING = 1
export const FLAG_FONT_PAGE_B = 2

/** A font in plane 2: 256 glyphs of 32 bytes, one byte a scan line; eight of them. */
const GLYPH_BYTES = 32
const FONT_BYTES = 256 * GLYPH_BYTES

/** Until the guest's BIOS has said otherwise: the 80×25 of every VGA, in cells of 9×16. */
const INITIAL = { columns: 80, rows: 25, cellHeight: 16, cellWidth: 9 }

/** Beyond any text mode in use (132×60); a guest's CRTC registers could ask for a picture of a gigabyte. */
const MOST_COLUMNS = 256
const MOST_ROWS = 128

/** Opaque black, little endian RGBA. */
const BLACK = 0xff000000

export type Rectangle = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export class TextScreen {
  #columns = INITIAL.columns
  #rows = INITIAL.rows
  #cellHeight = INITIAL.cellHeight
  #cellWidth = INITIAL.cellWidth
  #copyEighthColumn = false
  #glyphs = new Uint8Array(0)
  #flags = new Uint8Array(0)
  #ink = new Int32Array(0)
  #background = new Int32Array(0)
  #dirty = new Uint8Array(0)
  #fonts: Uint8Array = new Uint8Array(8 * FONT_BYTES)
  #pageA = 0
  #pageB = 0
  #cursor = { row: -1, column: -1, start: 14, end: 15, visible: true }

  constructor() {
    this.setSize(INITIAL.columns, INITIAL.rows)
  }

  get width(): number {
    return this.#columns * this.#cellWidth
  }

  get height(): number {
    return this.#rows * this.#cellHeight
  }

  setSize(untrustedColumns: number, untrustedRows: number): void {
    const columns = Math.min(untrustedColumns, MOST_COLUMNS)
    const rows = Math.min(untrustedRows, MOST_ROWS)
    if (columns === this.#columns && rows === this.#rows && this.#glyphs.length > 0) return
    this.#columns = columns
    this.#rows = rows
    const cells = columns * rows
    this.#glyphs = new Uint8Array(cells)
    this.#flags = new Uint8Array(cells)
    this.#ink = new Int32Array(cells)
    this.#background = new Int32Array(cells)
    this.#dirty = new Uint8Array(cells).fill(1)
  }

  put(row: number, column: number, glyph: number, flags: number, background: number, ink: number): void {
    if (row >= this.#rows || column >= this.#columns) return
    const cell = row * this.#columns + column
    this.#glyphs[cell] = glyph
    this.#flags[cell] = flags
    this.#ink[cell] = ink
    this.#background[cell] = background
    this.#dirty[cell] = 1
  }

  moveCursor(row: number, column: number): void {
    this.#touchCursor()
    this.#cursor = { ...this.#cursor, row, column }
    this.#touchCursor()
  }

  shapeCursor(start: number, end: number, visible: boolean): void {
    this.#cursor = { ...this.#cursor, start, end, visible }
    this.#touchCursor()
  }

  #touchCursor(): void {
    const { row, column } = this.#cursor
    if (row >= 0 && row < this.#rows && column >= 0 && column < this.#columns)
      this.#dirty[row * this.#columns + column] = 1
  }

  /** The font plane is the guest's memory; it is copied so that a later drawing does not mix two fonts. */
  setFont(
    height: number,
    nineWide: boolean,
    doubleWide: boolean,
    copyEighthColumn: boolean,
    plane: Uint8Array,
  ): void {
    this.#cellHeight = Math.min(height, GLYPH_BYTES)
    this.#cellWidth = doubleWide ? 16 : nineWide ? 9 : 8
    this.#copyEighthColumn = copyEighthColumn
    this.#fonts = plane.slice(0, 8 * FONT_BYTES)
    this.touch()
  }

  setFontPages(pageA: number, pageB: number): void {
    this.#pageA = pageA
    this.#pageB = pageB
    this.touch()
  }

  /** Everything is to be drawn again. */
  touch(): void {
    this.#dirty.fill(1)
  }

  /** Draws what changed into `pixels`, `width` × `height` RGBA. Answers the rectangle, undefined for none. */
  draw(pixels: Uint32Array): Rectangle | undefined {
    let [left, right, top, bottom] = [this.#columns, -1, this.#rows, -1]
    for (let cell = 0; cell < this.#dirty.length; cell++) {
      if (this.#dirty[cell] === 0) continue
      this.#dirty[cell] = 0
      const column = cell % this.#columns
      const row = (cell - column) / this.#columns
      this.#drawCell(pixels, row, column, cell)
      left = Math.min(left, column)
      right = Math.max(right, column)
      top = Math.min(top, row)
      bottom = Math.max(bottom, row)
    }
    if (right < 0) return undefined
    return {
      x: left * this.#cellWidth,
      y: top * this.#cellHeight,
      width: (right - left + 1) * this.#cellWidth,
      height: (bottom - top + 1) * this.#cellHeight,
    }
  }

  #drawCell(pixels: Uint32Array, row: number, column: number, cell: number): void {
    const ink = toRgba(this.#ink[cell] ?? 0)
    const background = toRgba(this.#background[cell] ?? 0)
    const glyph = this.#glyphs[cell] ?? 0
    const page = ((this.#flags[cell] ?? 0) & FLAG_FONT_PAGE_B) === 0 ? this.#pageA : this.#pageB
    const font = page * FONT_BYTES + glyph * GLYPH_BYTES
    const { width } = this
    // The ninth column continues the eighth for CP437's line-drawing characters, 0xC0–0xDF.
    const continued = this.#copyEighthColumn && glyph >= 0xc0 && glyph <= 0xdf
    const cursor = this.#cursor
    const underCursor = cursor.visible && cursor.row === row && cursor.column === column
    for (let line = 0; line < this.#cellHeight; line++) {
      const bits = this.#fonts[font + line] ?? 0
      const filled = underCursor && line >= cursor.start && line <= cursor.end
      let at = (row * this.#cellHeight + line) * width + column * this.#cellWidth
      for (let x = 0; x < this.#cellWidth; x++) {
        const bit = this.#cellWidth === 16 ? x >> 1 : x
        const set = bit < 8 ? (bits >> (7 - bit)) & 1 : continued ? bits & 1 : 0
        pixels[at++] = filled || set === 1 ? ink : background
      }
    }
  }
}

/** v86 gives 0xRRGGBB; a canvas wants the bytes R, G, B, A. */
function toRgba(colour: number): number {
  return (BLACK | ((colour & 0xff) << 16) | (colour & 0xff00) | ((colour >> 16) & 0xff)) >>> 0
}
