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

/** WCAG 2.2: contrast with the theme's background, which is all but black. */
function contrastOnDark(colour: string): number {
  const luminance = (hex: string): number => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    const [r = 0, g = 0, b = 0] = parts.map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  return (luminance(colour) + 0.05) / (luminance(THEME.background) + 0.05)
}

describe('picture of a terminal', () => {
  it('draws what is there in its colours, one text for cells of one style', async () => {
    const { drawn } = await paint('plain \x1b[31mred\x1b[0m\r\n\x1b[38;2;200;201;202mrgb\x1b[38;5;208m256')
    const texts = drawn
      .filter(({ what }) => what === 'text')
      .map(({ text, colour, x, y }) => [text, colour, x, y])
    expect(texts).toEqual([
      ['plain', THEME.foreground, 0, 5],
      ['red', THEME.red, 36, 5],
      ['rgb', '#c8c9ca', 0, 15],
      ['256', palette256(THEME)[208], 18, 15],
    ])
    expect(palette256(THEME)[208]).toBe('#ff8700')
  })

  it('fills backgrounds, inverts, brightens bold and hides what is invisible', async () => {
    const { drawn } = await paint(
      '\x1b[30;44mon\x1b[0m\x1b[7minv\x1b[0m\x1b[1;32mbold\x1b[0m\x1b[8mhid\x1b[0m',
    )
    const shown = drawn.slice(1).map(({ what, text, colour }) => [what, text, colour])
    expect(shown).toEqual([
      ['rectangle', '', THEME.blue],
      ['text', 'on', THEME.black],
      ['rectangle', '', THEME.foreground],
      ['text', 'inv', THEME.background],
      ['text', 'bold', THEME.brightGreen],
    ])
  })

  it('corrects what nobody could read, and nothing else', async () => {
    const texts = async (output: string) =>
      (await paint(output)).drawn.filter(({ what }) => what === 'text').map(({ colour }) => colour)
    const [dark = '', shade = ''] = await texts('\x1b[38;2;1;2;3mdark\x1b[0m \x1b[38;2;0;60;0mgreen')
    expect(contrastOnDark(dark)).toBeGreaterThanOrEqual(4.5)
    expect(contrastOnDark(shade)).toBeGreaterThanOrEqual(4.5)
    expect(contrastOnDark(shade)).toBeLessThan(6)
    expect(Number.parseInt(shade.slice(3, 5), 16)).toBeGreaterThan(Number.parseInt(shade.slice(1, 3), 16))
    expect(await texts('\x1b[48;5;54m\x1b[97mwhite on violet')).toEqual(['#ffffff'])
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
