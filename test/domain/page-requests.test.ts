import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConsoleRequest, parseDisplayRequest } from '../../src/domain/page-requests.ts'

describe('requests of the page', () => {
  it('come through as they are meant', () => {
    const recycle = new ArrayBuffer(4)
    const display = [
      { kind: 'credit' },
      { kind: 'credit', recycle },
      { kind: 'refresh' },
      { kind: 'stand-aside', forMs: 150 },
      { kind: 'stand-aside', forMs: 0 },
      { kind: 'keys', scancodes: [0xe0, 0x48] },
      { kind: 'mouse', dx: -3.5, dy: 2, wheel: 1, buttons: 5, settle: true },
    ]
    expect(display.map(parseDisplayRequest)).toEqual(display)
    const console = [
      { kind: 'input', bytes: Uint8Array.of(1, 2) },
      { kind: 'ack', bytes: 10 },
      { kind: 'resize', columns: 80, rows: 25 },
    ]
    expect(console.map(parseConsoleRequest)).toEqual(console)
  })

  it('are dropped when a field is missing or out of range', () => {
    const wrong = [
      { kind: 'stand-aside' },
      { kind: 'stand-aside', forMs: 151 },
      { kind: 'stand-aside', forMs: -1 },
      { kind: 'keys', scancodes: [256] },
      { kind: 'keys', scancodes: Array.from({ length: 65 }, () => 1) },
      { kind: 'keys', scancodes: 'no' },
      { kind: 'mouse', dx: Number.NaN, dy: 0, wheel: 0, buttons: 0, settle: false },
      { kind: 'mouse', dx: 0, dy: 0, wheel: 0, buttons: 8, settle: false },
      { kind: 'mouse', dx: 0, dy: 0, buttons: 0, settle: false },
      { kind: 'mouse', dx: 0, dy: 0, wheel: 0, buttons: 0 },
    ]
    expect(wrong.map(parseDisplayRequest)).toEqual(wrong.map(() => undefined))
    const wrongConsole = [
      { kind: 'input', bytes: [1, 2] },
      { kind: 'ack', bytes: -1 },
      { kind: 'resize', columns: 0, rows: 25 },
      { kind: 'resize', columns: 80, rows: 1001 },
    ]
    expect(wrongConsole.map(parseConsoleRequest)).toEqual(wrongConsole.map(() => undefined))
  })

  it('never make the domain throw, whatever arrives', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        expect([undefined, 'credit', 'refresh', 'keys', 'mouse']).toContain(
          parseDisplayRequest(anything)?.kind,
        )
        expect([undefined, 'input', 'ack', 'resize']).toContain(parseConsoleRequest(anything)?.kind)
      }),
    )
  })
})
