/** The keys that the firmware knows. */

const FIRMWARE_KEYS = [
  'F1',
  'F2',
  'F9',
  'F10',
  'F12',
  'Escape',
  'Enter',
  'ArrowUp',
  'ArrowDown',
  'ArrowLeft',
  'ArrowRight',
  'Tab',
  '+',
  '-',
  'Space',
  'Home',
  'End',
  'PageUp',
  'PageDown',
  'Backspace',
  'Delete',
] as const

export type FirmwareKey = (typeof FIRMWARE_KEYS)[number]

/** What else a `KeyboardEvent.key` may be called: the unshifted neighbours of + and the typographic minus included. */
const OTHER_NAMES: ReadonlyMap<string, FirmwareKey> = new Map([
  [' ', 'Space'],
  ['=', '+'],
  ['_', '-'],
  ['\u2212', '-'],
  ['Esc', 'Escape'],
  ['Del', 'Delete'],
])

/** The character that a `KeyboardEvent.key` types into a line of text, where it is one of ASCII and can be seen. */
export function typedCharacter(name: string): string | undefined {
  return /^[!-~]$/.test(name) ? name : undefined
}

/** The firmware's name for a `KeyboardEvent.key`, or undefined where it knows no such key. */
export function firmwareKey(name: string): FirmwareKey | undefined {
  return FIRMWARE_KEYS.find((key) => key === name) ?? OTHER_NAMES.get(name)
}
