import { Terminal } from '@xterm/headless'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PlainText } from '../../src/state/plain-text.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function plain(text: string): string {
  return new PlainText().push(encode(text))
}

const SEQUENCES = [
  '\x1b[31m',
  '\x1b[0;1;38;5;12m',
  '\x1b[2J',
  '\x1b[?2004h',
  '\x1b(B',
  '\x1b=',
  '\x1b7',
  '\x1bM',
  '\x1b[6n',
  '\x1b]0;title\x07',
  '\x1b]8;;http://x\x1b\\',
  '\x1bP+q544e\x1b\\',
  '\x1b_apc\x1b\\',
  '\x1b[1',
  '\x1b',
  '\x18',
  '\r\n',
  '\n',
  '\r',
  '\t',
  '\x08',
  '\x07',
  '\x7f',
  'é',
  '漢',
  '\u{1f600}',
  '\x9b1m',
  '\x9d0;t\x9c',
]
const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...SEQUENCES))
const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))

describe('plain text of a terminal stream', () => {
  it('does not depend on where the chunks are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 30 }), (text, cuts) => {
        const bytes = encode(text)
        const chunked = new PlainText()
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].toSorted(
          (a, b) => a - b,
        )
        let joined = ''
        for (let index = 1; index < bounds.length; index++)
          joined += chunked.push(bytes.subarray(bounds[index - 1], bounds[index]))
        expect(joined).toBe(plain(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('has no escape, no control but tab and newline in it, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        // oxlint-disable-next-line no-control-regex -- these are what must not be there
        expect(new PlainText().push(bytes)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads as xterm.js shows it, for text with colours and titles in it', async () => {
    const word = fc.stringMatching(/^[!-~]{1,8}$/)
    const colour = fc.constantFrom(
      '\x1b[1;31m',
      '\x1b[m',
      '\x1b[38;2;1;2;3m',
      '\x1b]0;a title\x07',
      '\x1b(B',
      '\x1b>',
    )
    const line = fc
      .array(fc.oneof(word, colour, fc.constant(' ')), { maxLength: 8 })
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 10 }), async (lines) => {
        const text = lines.join('\r\n')
        const terminal = new Terminal({ cols: 200, rows: 12, allowProposedApi: true })
        await new Promise<void>((resolve) => terminal.write(text, resolve))
        const shown = lines.map(
          (_, row) => terminal.buffer.active.getLine(row)?.translateToString().trimEnd() ?? '',
        )
        terminal.dispose()
        expect(
          plain(text)
            .split('\n')
            .map((shownLine) => shownLine.trimEnd()),
        ).toEqual(shown)
      }),
      { numRuns: 200 },
    )
  })

  it('keeps line ends as one newline: CR LF, LF, CR CR LF, and a CR that begins a line anew', () => {
    expect(plain('a\r\nb\nc\r\r\nd')).toBe('a\nb\nc\nd')
    expect(plain('10%\r20%\r\ndone')).toBe('10%\n20%\ndone')
    expect(plain('\n\rlogin: ')).toBe('\nlogin: ')
  })

  it('knows the one-character forms of CSI and OSC', () => {
    expect(plain('\x9b1mbold\x9b0m \x9d0;title\x9ctext')).toBe('bold text')
  })

  it('goes on after a string that never ends', () => {
    expect(plain(`\x1b]0;${'x'.repeat(70_000)}\r\n$ `)).toMatch(/x\n\$ $/)
    expect(plain('\x1b]0;cut\x18text')).toBe('text')
  })

  it('decodes a character cut between chunks', () => {
    const text = new PlainText()
    const [first, ...rest] = encode('€')
    expect(text.push(Uint8Array.of(first ?? 0)) + text.push(Uint8Array.from(rest))).toBe('€')
  })
})
