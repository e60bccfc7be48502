/** What a terminal sends for keys, as xterm does (“XTerm Control Sequences”, PC-style function keys). */

import type { KeyModifiers } from '../../state/keyboard.ts'

const CURSOR_FINAL: Readonly<Record<string, string>> = {
  ArrowUp: 'A',
  ArrowDown: 'B',
  ArrowRight: 'C',
  ArrowLeft: 'D',
  End: 'F',
  Home: 'H',
}

const F1_TO_F4: Readonly<Record<string, string>> = { F1: 'P', F2: 'Q', F3: 'R', F4: 'S' }

const TILDE_NUMBER: Readonly<Record<string, number>> = {
  Insert: 2,
  Delete: 3,
  PageUp: 5,
  PageDown: 6,
  F5: 15,
  F6: 17,
  F7: 18,
  F8: 19,
  F9: 20,
  F10: 21,
  F11: 23,
  F12: 24,
}

const PLAIN: Readonly<Record<string, string>> = { Escape: '\x1b', Enter: '\r', Tab: '\t', Backspace: '\x7f' }

/**
 * @param code as in KeyboardEvent.code
 * @param applicationCursor the guest has set DECCKM
 * @returns undefined for a key without a sequence of its own
 */
export function terminalKey(
  code: string,
  modifiers: KeyModifiers,
  applicationCursor: boolean,
): string | undefined {
  const mask = (modifiers.shift ? 1 : 0) + (modifiers.alt ? 2 : 0) + (modifiers.control ? 4 : 0)
  const cursor = CURSOR_FINAL[code]
  if (cursor !== undefined) {
    if (mask !== 0) return `\x1b[1;${mask + 1}${cursor}`
    return `\x1b${applicationCursor ? 'O' : '['}${cursor}`
  }
  const low = F1_TO_F4[code]
  if (low !== undefined) return mask === 0 ? `\x1bO${low}` : `\x1b[1;${mask + 1}${low}`
  const tilde = TILDE_NUMBER[code]
  if (tilde !== undefined) return mask === 0 ? `\x1b[${tilde}~` : `\x1b[${tilde};${mask + 1}~`
  if (code === 'Tab' && modifiers.shift) return '\x1b[Z'
  const plain = PLAIN[code]
  return plain === undefined ? undefined : (modifiers.alt ? '\x1b' : '') + plain
}

/** Control characters beside the letters' own (ECMA-48, 5.2). */
const CONTROL: Readonly<Record<string, string>> = {
  ' ': '\x00',
  '@': '\x00',
  '[': '\x1b',
  '\\': '\x1c',
  ']': '\x1d',
  '^': '\x1e',
  _: '\x1f',
  '/': '\x1f',
  '?': '\x7f',
}

/** Applies modifiers to a character that was typed without them; longer input (a paste, a sequence) stays as it is. */
export function modifiedText(text: string, modifiers: KeyModifiers): string {
  if (Array.from(text).length !== 1 || text < ' ' || text === '\x7f') return text
  let modified = modifiers.shift ? text.toUpperCase() : text
  if (modifiers.control) {
    const isLetter = /^[a-z]$/i.test(text)
    modified = isLetter
      ? String.fromCharCode(text.toUpperCase().charCodeAt(0) - 0x40)
      : (CONTROL[text] ?? modified)
  }
  return modifiers.alt ? `\x1b${modified}` : modified
}
