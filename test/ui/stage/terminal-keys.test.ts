import { describe, expect, it } from 'vitest'
import {
  createStickyModifiers,
  modifiersDown,
  spendModifiers,
  tapModifier,
} from '../../../src/ui/stage/sticky-modifiers.ts'
import { modifiedText, terminalKey } from '../../../src/ui/stage/terminal-keys.ts'
import { formatBytes } from '../../../src/ui/stage/format-bytes.ts'

const NONE = { control: false, alt: false, shift: false }
const CONTROL = { ...NONE, control: true }

describe('keys of the on-screen keyboard in a terminal', () => {
  it('are xterm’s sequences', () => {
    expect(terminalKey('ArrowUp', NONE, false)).toBe('\x1b[A')
    expect(terminalKey('ArrowUp', NONE, true)).toBe('\x1bOA')
    expect(terminalKey('ArrowLeft', CONTROL, true)).toBe('\x1b[1;5D')
    expect(terminalKey('Home', { ...NONE, shift: true }, false)).toBe('\x1b[1;2H')
    expect(terminalKey('F1', NONE, false)).toBe('\x1bOP')
    expect(terminalKey('F4', CONTROL, false)).toBe('\x1b[1;5S')
    expect(terminalKey('F5', NONE, false)).toBe('\x1b[15~')
    expect(terminalKey('F12', { control: true, alt: true, shift: true }, false)).toBe('\x1b[24;8~')
    expect(terminalKey('Delete', NONE, false)).toBe('\x1b[3~')
    expect(terminalKey('Escape', NONE, false)).toBe('\x1b')
    expect(terminalKey('Tab', { ...NONE, shift: true }, false)).toBe('\x1b[Z')
    expect(terminalKey('Enter', { ...NONE, alt: true }, false)).toBe('\x1b\r')
    expect(terminalKey('Backspace', NONE, false)).toBe('\x7f')
    expect(terminalKey('KeyA', NONE, false)).toBeUndefined()
  })

  it('make control characters of what a phone’s keyboard types', () => {
    expect(modifiedText('c', CONTROL)).toBe('\x03')
    expect(modifiedText('Z', CONTROL)).toBe('\x1a')
    expect(modifiedText('[', CONTROL)).toBe('\x1b')
    expect(modifiedText(' ', CONTROL)).toBe('\x00')
    expect(modifiedText('x', { ...NONE, alt: true })).toBe('\x1bx')
    expect(modifiedText('x', { ...NONE, shift: true })).toBe('X')
    expect(modifiedText('1', CONTROL)).toBe('1')
  })

  it('leave sequences and longer text alone', () => {
    for (const text of ['\x1b[A', 'pasted text', '\r', '\x7f', ''])
      expect(modifiedText(text, { control: true, alt: true, shift: true })).toBe(text)
  })
})

describe('sticky modifiers', () => {
  it('hold for one key after a tap, until the next tap after two', () => {
    const store = createStickyModifiers()
    expect(modifiersDown(store)).toBeUndefined()
    tapModifier(store, 'control')
    expect(modifiersDown(store)).toEqual(CONTROL)
    spendModifiers(store)
    expect(modifiersDown(store)).toBeUndefined()
    tapModifier(store, 'control')
    tapModifier(store, 'control')
    spendModifiers(store)
    expect(modifiersDown(store)).toEqual(CONTROL)
    tapModifier(store, 'control')
    expect(modifiersDown(store)).toBeUndefined()
  })
})

describe('amounts', () => {
  it('are in words that fit them', () => {
    expect([812, 3480, 40_000, 12 * 2 ** 20].map(formatBytes)).toEqual([
      '812 bytes',
      '3.4 KiB',
      '39 KiB',
      '12 MiB',
    ])
  })
})
