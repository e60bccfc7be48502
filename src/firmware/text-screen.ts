/**
 * A VGA text page: 80 columns by 25 rows of cells, each a character and an attribute byte. `AnsiPainter` brings a
 * terminal from what it shows to what the page holds, in the fewest runs of changed cells.
 */

import { assert, defined } from '../base/assert.ts'
import { attribute, Colour, PALETTE, Style } from './brand.ts'
import { toCodePage437 } from './cp437.ts'

export const COLUMNS = 80
export const ROWS = 25

type Frame = { readonly corners: string; readonly horizontal: string; readonly vertical: string }
const FRAMES = {
  single: { corners: '┌┐└┘', horizontal: '─', vertical: '│' },
  double: { corners: '╔╗╚╝', horizontal: '═', vertical: '║' },
} satisfies Record<string, Frame>

export class TextScreen {
  readonly characters: string[] = Array.from({ length: COLUMNS * ROWS }, () => ' ')
  readonly attributes = new Uint8Array(COLUMNS * ROWS)

  clear(style: number): void {
    this.fill(0, 0, COLUMNS, ROWS, style)
  }

  /** Writes `text` from a cell on, clipped at the row's end or after `width` cells. Answers the column behind it. */
  put(row: number, column: number, text: string, style: number, width = COLUMNS): number {
    assert(row >= 0 && row < ROWS && column >= 0, `no cell ${row}, ${column}`)
    const shown = toCodePage437(text).slice(0, Math.max(0, Math.min(width, COLUMNS - column)))
    let at = row * COLUMNS + column
    for (const character of shown) {
      this.characters[at] = character
      this.attributes[at] = style
      at += 1
    }
    return column + shown.length
  }

  /** Writes `text` so that it ends before column `end`. */
  putRight(row: number, end: number, text: string, style: number): void {
    const shown = toCodePage437(text)
    this.put(row, Math.max(0, end - shown.length), shown, style)
  }

  putCentred(row: number, text: string, style: number, column = 0, width = COLUMNS): void {
    const shown = toCodePage437(text).slice(0, width)
    this.put(row, column + Math.floor((width - shown.length) / 2), shown, style)
  }

  fill(row: number, column: number, width: number, height: number, style: number, character = ' '): void {
    for (let y = row; y < row + height; y++) this.put(y, column, character.repeat(width), style)
  }

  /** A frame of box-drawing characters with its inside blanked. */
  box(
    row: number,
    column: number,
    width: number,
    height: number,
    style: number,
    kind: keyof typeof FRAMES,
  ): void {
    const { corners, horizontal, vertical } = FRAMES[kind]
    const [topLeft = '', topRight = '', bottomLeft = '', bottomRight = ''] = corners
    const line = horizontal.repeat(width - 2)
    this.put(row, column, topLeft + line + topRight, style)
    for (let y = row + 1; y < row + height - 1; y++) {
      this.put(y, column, vertical + ' '.repeat(width - 2) + vertical, style)
    }
    this.put(row + height - 1, column, bottomLeft + line + bottomRight, style)
  }

  /** A box in the middle of the page with the shadow of its time. Answers the row and column of its first cell inside. */
  popup(width: number, height: number, title: string): { readonly row: number; readonly column: number } {
    const row = Math.floor((ROWS - height) / 2)
    const column = Math.floor((COLUMNS - width) / 2)
    this.#shade(row + 1, column + 2, width, height)
    this.box(row, column, width, height, Style.popup, 'double')
    if (title !== '') this.putCentred(row, ` ${title} `, Style.popupTitle, column, width)
    return { row: row + 1, column: column + 2 }
  }

  #shade(row: number, column: number, width: number, height: number): void {
    for (let y = row; y < Math.min(ROWS, row + height); y++) {
      const start = y * COLUMNS + column
      this.attributes.fill(Style.shadow, start, Math.min(start + width, (y + 1) * COLUMNS))
    }
  }

  /** Pixels two to a cell, upper and lower half; `colour` answers undefined where the page shall show through as black. */
  putPixels(
    row: number,
    column: number,
    width: number,
    height: number,
    colour: (x: number, y: number) => number | undefined,
  ): void {
    for (let y = 0; y < height; y += 2) {
      for (let x = 0; x < width; x++) {
        const upper = colour(x, y)
        const lower = colour(x, y + 1)
        if (upper === undefined && lower === undefined) continue
        const cell =
          upper === undefined
            ? (['▄', lower, undefined] as const)
            : upper === lower
              ? (['█', upper, undefined] as const)
              : (['▀', upper, lower] as const)
        const style = attribute(cell[1] ?? Colour.black, cell[2] ?? Colour.black)
        this.put(row + y / 2, column + x, cell[0], style)
      }
    }
  }

  /** The page's rows without trailing blanks, joined by newlines. */
  text(): string {
    const rows: string[] = []
    for (let row = 0; row < ROWS; row++) {
      rows.push(
        this.characters
          .slice(row * COLUMNS, (row + 1) * COLUMNS)
          .join('')
          .trimEnd(),
      )
    }
    return rows.join('\n')
  }
}

/**
 * Unchanged cells between two changed ones that are cheaper sent again than jumped over: a cursor address
 * (`ESC [ 12 ; 34 H`) takes eight bytes.
 */
const GAP = 8

/** Twenty-four bit colours, so that the terminal's own palette has no say. */
function selectGraphicRendition(style: number): string {
  const foreground = defined(PALETTE[style & 15], 'sixteen colours').join(';')
  const background = defined(PALETTE[style >> 4], 'sixteen colours').join(';')
  return `\x1b[38;2;${foreground};48;2;${background}m`
}

export class AnsiPainter {
  readonly #characters: string[] = []
  readonly #attributes = new Uint8Array(COLUMNS * ROWS)
  #known = false

  /** Forgets what the terminal shows: the next `paint` sends the whole page. */
  reset(): void {
    this.#known = false
  }

  /** The bytes that make the terminal show `page`; empty where it does already. */
  paint(page: TextScreen): string {
    const whole = !this.#known
    // Reset attributes, cursor off, clear.
    let output = whole ? '\x1b[0m\x1b[?25l\x1b[2J' : ''
    let style = -1
    for (let row = 0; row < ROWS; row++) {
      const start = row * COLUMNS
      const end = start + COLUMNS
      let at = start
      while (at < end) {
        if (!whole && this.#shows(page, at)) {
          at += 1
          continue
        }
        let last = at
        for (let probe = at; probe < Math.min(end, last + GAP); probe++) {
          if (whole || !this.#shows(page, probe)) last = probe
        }
        output += `\x1b[${row + 1};${at - start + 1}H`
        for (; at <= last; at++) {
          const wanted = page.attributes[at] ?? 0
          if (wanted !== style) output += selectGraphicRendition(wanted)
          style = wanted
          output += page.characters[at] ?? ' '
          this.#characters[at] = page.characters[at] ?? ' '
          this.#attributes[at] = wanted
        }
      }
    }
    this.#known = true
    return output
  }

  #shows(page: TextScreen, at: number): boolean {
    return this.#characters[at] === page.characters[at] && this.#attributes[at] === page.attributes[at]
  }
}
