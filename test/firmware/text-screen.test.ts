import xterm from '@xterm/headless'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PALETTE } from '../../src/firmware/brand.ts'
import { isCodePage437, toCodePage437 } from '../../src/firmware/cp437.ts'
import { AnsiPainter, COLUMNS, ROWS, TextScreen } from '../../src/firmware/text-screen.ts'

/** What a real terminal holds: its rows as text, and each cell's colours. */
class Terminal {
  readonly #terminal = new xterm.Terminal({
    cols: COLUMNS,
    rows: ROWS,
    scrollback: 0,
    allowProposedApi: true,
  })

  write(ansi: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(ansi, resolve))
  }

  text(): string {
    const rows = Array.from(
      { length: ROWS },
      (_, row) => this.#line(row)?.translateToString().trimEnd() ?? '',
    )
    return rows.join('\n')
  }

  cells(): { character: string; foreground: number; background: number }[] {
    return Array.from({ length: COLUMNS * ROWS }, (_, at) => {
      const cell = this.#line(Math.floor(at / COLUMNS))?.getCell(at % COLUMNS)
      const character = cell?.getChars() ?? ''
      return {
        character: character === '' ? ' ' : character,
        foreground: cell?.isFgRGB() === true ? cell.getFgColor() : -1,
        background: cell?.isBgRGB() === true ? cell.getBgColor() : -1,
      }
    })
  }

  #line(row: number): ReturnType<xterm.IBuffer['getLine']> {
    return this.#terminal.buffer.active.getLine(row)
  }
}

function rgb(colour: number): number {
  const [red, green, blue] = PALETTE[colour] ?? [0, 0, 0]
  return (red << 16) | (green << 8) | blue
}

function cellsOf(page: TextScreen): ReturnType<Terminal['cells']> {
  return page.characters.map((character, at) => {
    const style = page.attributes[at] ?? 0
    return { character, foreground: rgb(style & 15), background: rgb(style >> 4) }
  })
}

const put = fc.record({
  row: fc.integer({ min: 0, max: ROWS - 1 }),
  column: fc.integer({ min: 0, max: COLUMNS - 1 }),
  text: fc.string({ maxLength: 90, unit: fc.constantFrom(...Array.from('abc 12│─╔█▀░√≥é☺\u001b\n…→')) }),
  style: fc.integer({ min: 0, max: 255 }),
})

describe('a page painted on a real terminal', () => {
  test('shows every cell as it is, after any sequence of changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(put, { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        async (pages) => {
          const terminal = new Terminal()
          const painter = new AnsiPainter()
          const page = new TextScreen()
          for (const changes of pages) {
            for (const { row, column, text, style } of changes) page.put(row, column, text, style)
            await terminal.write(painter.paint(page))
            expect(terminal.text()).toBe(page.text())
            expect(terminal.cells()).toEqual(cellsOf(page))
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('costs nothing where nothing changed, and little where little did', () => {
    const painter = new AnsiPainter()
    const page = new TextScreen()
    painter.paint(page)
    expect(painter.paint(page)).toBe('')
    page.put(12, 40, 'x', 7)
    expect(painter.paint(page).length).toBeLessThan(60)
  })

  test('is sent whole again to a terminal that lost it', async () => {
    const painter = new AnsiPainter()
    const page = new TextScreen()
    page.put(0, 0, 'still here', 7)
    painter.paint(page)
    painter.reset()
    const terminal = new Terminal()
    await terminal.write(painter.paint(page))
    expect(terminal.text()).toContain('still here')
  })

  test('never scrolls, even when its last cell is written', async () => {
    const terminal = new Terminal()
    const painter = new AnsiPainter()
    const page = new TextScreen()
    page.fill(0, 0, COLUMNS, ROWS, 7, '#')
    await terminal.write(painter.paint(page))
    page.put(ROWS - 1, COLUMNS - 1, '!', 7)
    page.put(0, 0, '?', 7)
    await terminal.write(painter.paint(page))
    expect(terminal.text()).toBe(page.text())
  })
})

describe('drawing on a page', () => {
  test('clips at the right edge instead of running into the next row', () => {
    const page = new TextScreen()
    expect(page.put(3, 75, 'beyond', 7)).toBe(COLUMNS)
    expect(page.text().split('\n')[3]).toBe(`${' '.repeat(75)}beyon`)
    expect(page.text().split('\n')[4]).toBe('')
  })

  test('frames a box', () => {
    const page = new TextScreen()
    page.box(0, 0, 4, 3, 7, 'double')
    expect(page.text().trimEnd()).toBe('╔══╗\n║  ║\n╚══╝')
  })

  test('puts two pixels into a cell', () => {
    const page = new TextScreen()
    page.putPixels(
      0,
      0,
      4,
      2,
      (x, y) => [[1, undefined, 1, undefined][x], [1, 2, undefined, undefined][x]][y],
    )
    expect(page.text().trimEnd()).toBe('█▄▀')
  })
})

describe('code page 437', () => {
  test('has 254 printable characters: all but NUL and the no-break space', () => {
    const all = Array.from({ length: 0x2700 }, (_, code) => String.fromCharCode(code)).filter(isCodePage437)
    expect(all).toHaveLength(31 + 95 + 1 + 127)
  })

  test('lets nothing through that it lacks, escape sequences least of all', () => {
    expect(toCodePage437('a\u001b[2Jb…“c”—€')).toBe('a?[2Jb..."c"-?')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(Array.from(toCodePage437(text)).every(isCodePage437)).toBe(true)
      }),
    )
  })
})
