import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConsoleTail } from '../../src/machine/console-tail.ts'

const SIZE = 16 * 1024
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0'

function textOf(...parts: readonly string[]): string {
  const tail = new ConsoleTail()
  for (const part of parts) tail.push(new TextEncoder().encode(part))
  return tail.text()
}

describe('the console tail', () => {
  it('keeps the last 16 KiB, however they came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(SIZE * 2), { maxLength: 12 }), (lengths) => {
        const tail = new ConsoleTail()
        let all = ''
        for (const length of lengths) {
          const part = Array.from({ length }, (_, at) => LETTERS[(all.length + at) % LETTERS.length]).join('')
          all += part
          tail.push(new TextEncoder().encode(part))
        }
        expect(tail.text()).toBe(all.slice(-SIZE))
      }),
    )
  })

  it('removes escape sequences and control characters, and keeps lines', () => {
    expect(
      textOf('\u001b[1;31mred\u001b[0m\r\n', '\u001b]0;title\u0007a\tb\u0007\u001b(B\u001b[?25l\n'),
    ).toBe('red\na\tb\n')
  })

  it('removes a sequence that arrived in two pieces', () => {
    expect(textOf('x\u001b[3', '8;5;1my')).toBe('xy')
  })

  it('replaces what is not UTF-8', () => {
    const tail = new ConsoleTail()
    tail.push(Uint8Array.of(0x61, 0xff, 0x62))
    expect(tail.text()).toBe('a\ufffdb')
  })
})
