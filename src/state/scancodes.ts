/**
 * PS/2 scancodes, set 1, as an i8042 with translation delivers them: what a key of the browser's `KeyboardEvent.code`
 * sends when it goes down and up. Codes name positions, so the guest's own keymap decides what they mean.
 */

/** One byte, or 0xE000 | byte for keys of the extended pad. */
const SET_1: Readonly<Record<string, number>> = {
  Escape: 0x01,
  Digit1: 0x02,
  Digit2: 0x03,
  Digit3: 0x04,
  Digit4: 0x05,
  Digit5: 0x06,
  Digit6: 0x07,
  Digit7: 0x08,
  Digit8: 0x09,
  Digit9: 0x0a,
  Digit0: 0x0b,
  Minus: 0x0c,
  Equal: 0x0d,
  Backspace: 0x0e,
  Tab: 0x0f,
  KeyQ: 0x10,
  KeyW: 0x11,
  KeyE: 0x12,
  KeyR: 0x13,
  KeyT: 0x14,
  KeyY: 0x15,
  KeyU: 0x16,
  KeyI: 0x17,
  KeyO: 0x18,
  KeyP: 0x19,
  BracketLeft: 0x1a,
  BracketRight: 0x1b,
  Enter: 0x1c,
  ControlLeft: 0x1d,
  KeyA: 0x1e,
  KeyS: 0x1f,
  KeyD: 0x20,
  KeyF: 0x21,
  KeyG: 0x22,
  KeyH: 0x23,
  KeyJ: 0x24,
  KeyK: 0x25,
  KeyL: 0x26,
  Semicolon: 0x27,
  Quote: 0x28,
  Backquote: 0x29,
  ShiftLeft: 0x2a,
  Backslash: 0x2b,
  KeyZ: 0x2c,
  KeyX: 0x2d,
  KeyC: 0x2e,
  KeyV: 0x2f,
  KeyB: 0x30,
  KeyN: 0x31,
  KeyM: 0x32,
  Comma: 0x33,
  Period: 0x34,
  Slash: 0x35,
  ShiftRight: 0x36,
  NumpadMultiply: 0x37,
  AltLeft: 0x38,
  Space: 0x39,
  CapsLock: 0x3a,
  F1: 0x3b,
  F2: 0x3c,
  F3: 0x3d,
  F4: 0x3e,
  F5: 0x3f,
  F6: 0x40,
  F7: 0x41,
  F8: 0x42,
  F9: 0x43,
  F10: 0x44,
  NumLock: 0x45,
  ScrollLock: 0x46,
  Numpad7: 0x47,
  Numpad8: 0x48,
  Numpad9: 0x49,
  NumpadSubtract: 0x4a,
  Numpad4: 0x4b,
  Numpad5: 0x4c,
  Numpad6: 0x4d,
  NumpadAdd: 0x4e,
  Numpad1: 0x4f,
  Numpad2: 0x50,
  Numpad3: 0x51,
  Numpad0: 0x52,
  NumpadDecimal: 0x53,
  IntlBackslash: 0x56,
  F11: 0x57,
  F12: 0x58,
  NumpadEqual: 0x59,
  KanaMode: 0x70,
  IntlRo: 0x73,
  Convert: 0x79,
  NonConvert: 0x7b,
  IntlYen: 0x7d,
  NumpadComma: 0x7e,
  NumpadEnter: 0xe01c,
  ControlRight: 0xe01d,
  NumpadDivide: 0xe035,
  AltRight: 0xe038,
  Home: 0xe047,
  ArrowUp: 0xe048,
  PageUp: 0xe049,
  ArrowLeft: 0xe04b,
  ArrowRight: 0xe04d,
  End: 0xe04f,
  ArrowDown: 0xe050,
  PageDown: 0xe051,
  Insert: 0xe052,
  Delete: 0xe053,
  MetaLeft: 0xe05b,
  MetaRight: 0xe05c,
  ContextMenu: 0xe05d,
}

/** PrintScreen comes with a fake Shift; Pause has no break code and sends both at once. */
const PRINT_SCREEN = { make: [0xe0, 0x2a, 0xe0, 0x37], break: [0xe0, 0xb7, 0xe0, 0xaa] }
const PAUSE = [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]
/** Pause with Ctrl is Break. */
const BREAK = [0xe0, 0x46, 0xe0, 0xc6]

export const KEY_CODES: readonly string[] = [...Object.keys(SET_1), 'PrintScreen', 'Pause']

const BREAK_BIT = 0x80

function sequence(code: string, breakBit: 0 | typeof BREAK_BIT): number[] | undefined {
  const scancode = SET_1[code]
  if (scancode === undefined) return undefined
  const last = (scancode & 0xff) | breakBit
  return scancode > 0xff ? [scancode >> 8, last] : [last]
}

/** What the key sends when it goes down (and again when it repeats); undefined for a key that a PC does not have. */
export function makeCodes(code: string, control = false): readonly number[] | undefined {
  if (code === 'PrintScreen') return PRINT_SCREEN.make
  if (code === 'Pause') return control ? BREAK : PAUSE
  return sequence(code, 0)
}

/** What it sends when it goes up; empty for Pause. */
export function breakCodes(code: string): readonly number[] | undefined {
  if (code === 'PrintScreen') return PRINT_SCREEN.break
  if (code === 'Pause') return []
  return sequence(code, BREAK_BIT)
}

const UNSHIFTED = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ \n\t\b\x1b"
const SHIFTED = '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'
const CODES = [
  'Backquote',
  ...Array.from('1234567890', (digit) => `Digit${digit}`),
  'Minus',
  'Equal',
  ...Array.from('QWERTYUIOP', (letter) => `Key${letter}`),
  'BracketLeft',
  'BracketRight',
  'Backslash',
  ...Array.from('ASDFGHJKL', (letter) => `Key${letter}`),
  'Semicolon',
  'Quote',
  ...Array.from('ZXCVBNM', (letter) => `Key${letter}`),
  'Comma',
  'Period',
  'Slash',
  'Space',
  'Enter',
  'Tab',
  'Backspace',
  'Escape',
]

/** The key that types `character` on a US layout, the guests' default; undefined for one it does not have. */
export function keyForCharacter(character: string): { code: string; shift: boolean } | undefined {
  const key = character === '\r' ? '\n' : character
  const unshifted = UNSHIFTED.indexOf(key)
  const code = CODES[unshifted >= 0 ? unshifted : SHIFTED.indexOf(key)]
  return code === undefined || key.length !== 1 ? undefined : { code, shift: unshifted < 0 }
}
