import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Keyboard } from '../../src/state/keyboard.ts'
import { breakCodes, KEY_CODES, keyForCharacter, makeCodes } from '../../src/state/scancodes.ts'

function setUp() {
  const sent: number[] = []
  const messages: (readonly number[])[] = []
  const keyboard = new Keyboard((scancodes) => {
    sent.push(...scancodes)
    messages.push(scancodes)
  })
  return { keyboard, sent, messages }
}

/** An i8042's other side: which keys a guest believes to be down after these bytes. */
function heldAfter(bytes: readonly number[]): Set<string> {
  const held = new Set<string>()
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0xe1) {
      // Pause: six bytes that leave nothing held.
      if (String(bytes.slice(at, at + 6)) !== String(makeCodes('Pause'))) throw new Error('a torn Pause')
      at += 5
      continue
    }
    const prefix = byte === 0xe0 ? 'e0 ' : ''
    const code = prefix === '' ? byte : (bytes[++at] ?? 0)
    const key = `${prefix}${code & 0x7f}`
    if ((code & 0x80) === 0) held.add(key)
    else held.delete(key)
  }
  return held
}

describe('scancodes', () => {
  it('are those of the IBM PC’s set 1', () => {
    expect(makeCodes('Escape')).toEqual([0x01])
    expect(breakCodes('Escape')).toEqual([0x81])
    expect(makeCodes('KeyA')).toEqual([0x1e])
    expect(makeCodes('ArrowUp')).toEqual([0xe0, 0x48])
    expect(breakCodes('ArrowUp')).toEqual([0xe0, 0xc8])
    expect(makeCodes('NumpadEnter')).toEqual([0xe0, 0x1c])
    expect(makeCodes('ControlRight')).toEqual([0xe0, 0x1d])
    expect(makeCodes('F12')).toEqual([0x58])
    expect(makeCodes('PrintScreen')).toEqual([0xe0, 0x2a, 0xe0, 0x37])
    expect(breakCodes('PrintScreen')).toEqual([0xe0, 0xb7, 0xe0, 0xaa])
    expect(makeCodes('Pause')).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5])
    expect(makeCodes('Pause', true)).toEqual([0xe0, 0x46, 0xe0, 0xc6])
    expect(makeCodes('BrowserHome')).toBeUndefined()
  })

  it('are different for every key', () => {
    const seen = new Map(KEY_CODES.map((code) => [String(makeCodes(code)), code]))
    expect(seen.size).toBe(KEY_CODES.length)
    expect(KEY_CODES.length).toBeGreaterThan(104)
  })

  it('exist for every printable ASCII character', () => {
    for (let unit = 0x20; unit < 0x7f; unit++) {
      const key = keyForCharacter(String.fromCharCode(unit))
      expect(key).toBeDefined()
      expect(makeCodes(key?.code ?? '')).toBeDefined()
    }
    expect(keyForCharacter('a')).toEqual({ code: 'KeyA', shift: false })
    expect(keyForCharacter('A')).toEqual({ code: 'KeyA', shift: true })
    expect(keyForCharacter('|')).toEqual({ code: 'Backslash', shift: true })
    expect(keyForCharacter('\r')).toEqual({ code: 'Enter', shift: false })
    expect(keyForCharacter('ß')).toBeUndefined()
  })
})

describe('keyboard', () => {
  const action = fc.tuple(fc.constantFrom('down', 'up', 'stroke'), fc.constantFrom(...KEY_CODES))

  it('leaves no key stuck, whatever was pressed before it was taken away', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { keyboard, sent, messages } = setUp()
        for (const [kind, code] of actions) {
          if (kind === 'down') keyboard.down(code)
          else if (kind === 'up') keyboard.up(code)
          else keyboard.stroke(code, { control: true, alt: true, shift: false })
        }
        keyboard.releaseAll()
        expect([...heldAfter(sent)]).toEqual([])
        for (const message of messages) expect(message.length).toBeLessThanOrEqual(64)
      }),
      { numRuns: 1000 },
    )
  })

  it('releases a whole keyboard in messages of at most 64 bytes', () => {
    const { keyboard, sent, messages } = setUp()
    for (const code of KEY_CODES) keyboard.down(code)
    const pressed = messages.length
    keyboard.releaseAll()
    expect([...heldAfter(sent)]).toEqual([])
    expect(messages.slice(pressed).map(({ length }) => length)).toEqual([64, 64, expect.any(Number)])
    const released = sent.length
    for (const code of KEY_CODES) keyboard.up(code)
    expect(sent).toHaveLength(released)
  })

  it('repeats a key’s make code while the browser repeats it', () => {
    const { keyboard, sent } = setUp()
    keyboard.down('KeyA')
    keyboard.down('KeyA')
    keyboard.up('KeyA')
    expect(sent).toEqual([0x1e, 0x1e, 0x9e])
  })

  it('keeps the release of a key whose press went elsewhere to itself', () => {
    const { keyboard, sent } = setUp()
    keyboard.up('F4')
    expect(sent).toEqual([])
  })

  it('lets go of everything with Meta, whose partners’ releases macOS does not tell', () => {
    const { keyboard, sent } = setUp()
    keyboard.down('MetaLeft')
    keyboard.down('KeyC')
    keyboard.up('MetaLeft')
    expect([...heldAfter(sent)]).toEqual([])
  })

  it('puts modifiers around a stroke, and does not release one that a person holds', () => {
    const { keyboard, sent } = setUp()
    keyboard.stroke('KeyC', { control: true, alt: false, shift: false })
    expect(sent.splice(0)).toEqual([0x1d, 0x2e, 0xae, 0x9d])
    keyboard.down('ControlLeft')
    keyboard.stroke('KeyC', { control: true, alt: false, shift: false })
    expect(sent).toEqual([0x1d, 0x2e, 0xae])
  })

  it('types text with Shift where a US layout needs it', () => {
    const { keyboard, sent } = setUp()
    keyboard.type('a!\n')
    expect(sent).toEqual([0x1e, 0x9e, 0x2a, 0x02, 0x82, 0xaa, 0x1c, 0x9c])
  })
})
