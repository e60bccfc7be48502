import { Terminal } from '@xterm/headless'
import { describe, expect, it } from 'vitest'
import { paintTerminal } from '../../../src/ui/stage/terminal-picture.ts'
import { palette256, terminalTheme } from '../../../src/ui/stage/terminal-theme.ts'

type Drawn = {
  readonly what: 'rectangle' | 'text'
  readonly text: string
  readonly colour: string
  readonly x: number
  readonly y: number
}

/** Writes down what is drawn on it. */
class FakeContext {
  fillStyle = ''
  font = ''
  textBaseline = ''
  globalAlpha = 1
  readonly drawn: Drawn[] = []

  fillRect(x: number, y: number): void {
    this.drawn.push({ what: 'rectangle', text: '', colour: this.fillStyle, x, y })
  }

  fillText(text: string, x: number, y: number): void {
    this.drawn.push({ what: 'text', text, colour: this.fillStyle, x, y })
  }
}

const THEME = terminalTheme(true)
const COLUMNS = 20
const ROWS = 5

async function paint(output: string, cellHeight = 10): Promise<FakeContext> {
  const terminal = new Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(output, resolve))
  const context = new FakeContext()
  paintTerminal(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the part of a context that the picture uses
    context as unknown as CanvasRenderingContext2D,
    {
      buffer: terminal.buffer.active,
      columns: COLUMNS,
      rows: ROWS,
      theme: THEME,
      fontFamily: 'monospace',
      showCursor: false,
    },
    COLUMNS * 6,
    ROWS * cellHeight,
  )
  terminal.dispose()
  return context
}

describe('picture of a terminal', () => {
  it('draws what is there in its colours, one text for cells of one style', async () => {
    const { drawn } = await paint('plain \x1b[31mred\x1b[0m\r\n\x1b[38;2;1;2;3mrgb\x1b[38;5;208m256')
    const texts = drawn
      .filter(({ what }) => what === 'text')
      .map(({ text, colour, x, y }) => [text, colour, x, y])
    expect(texts).toEqual([
      ['plain', THEME.foreground, 0, 5],
      ['red', THEME.red, 36, 5],
      ['rgb', '#010203', 0, 15],
      ['256', palette256(THEME)[208], 18, 15],
    ])
    expect(palette256(THEME)[208]).toBe('rgb(255 135 0)')
  })

  it('fills backgrounds, inverts, brightens bold and hides what is invisible', async () => {
    const { drawn } = await paint('\x1b[44mon\x1b[0m\x1b[7minv\x1b[0m\x1b[1;32mbold\x1b[0m\x1b[8mhid\x1b[0m')
    const shown = drawn.slice(1).map(({ what, text, colour }) => [what, text, colour])
    expect(shown).toEqual([
      ['rectangle', '', THEME.blue],
      ['text', 'on', THEME.foreground],
      ['rectangle', '', THEME.foreground],
      ['text', 'inv', THEME.background],
      ['text', 'bold', THEME.brightGreen],
    ])
  })

  it('gives wide characters their two cells', async () => {
    const { drawn } = await paint('a漢b')
    expect(drawn.filter(({ what }) => what === 'text').map(({ text, x }) => [text, x])).toEqual([
      ['a', 0],
      ['漢', 6],
      ['b', 18],
    ])
  })

  it('draws words as bars where letters would not be legible', async () => {
    const { drawn } = await paint('two words', 3)
    expect(drawn.map(({ what, x }) => [what, x])).toEqual([
      ['rectangle', 0],
      ['rectangle', 0],
      ['rectangle', 24],
    ])
  })
})
