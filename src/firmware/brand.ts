/** Name, notice and colours of the firmware, in one place. The colours are the sixteen of a VGA text mode. */

export const FIRMWARE_NAME = 'HyperSpace VeriBoot Firmware'
export const FIRMWARE_VERSION = '1.0'
export const SETUP_NAME = 'HyperSpace VeriBoot Setup Utility'
export const MODEL = 'A model of a 2007 BIOS'
export const NOTICE = 'Inspired by Phoenix SecureCore and HyperCore (2007); not affiliated.'

/** The sixteen colours of the VGA's default palette (IBM VGA technical reference: 6-bit DAC values, scaled to 8). */
export const PALETTE: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0x00, 0x00, 0x00],
  [0x00, 0x00, 0xaa],
  [0x00, 0xaa, 0x00],
  [0x00, 0xaa, 0xaa],
  [0xaa, 0x00, 0x00],
  [0xaa, 0x00, 0xaa],
  [0xaa, 0x55, 0x00],
  [0xaa, 0xaa, 0xaa],
  [0x55, 0x55, 0x55],
  [0x55, 0x55, 0xff],
  [0x55, 0xff, 0x55],
  [0x55, 0xff, 0xff],
  [0xff, 0x55, 0x55],
  [0xff, 0x55, 0xff],
  [0xff, 0xff, 0x55],
  [0xff, 0xff, 0xff],
]

export const Colour = {
  black: 0,
  blue: 1,
  green: 2,
  cyan: 3,
  red: 4,
  magenta: 5,
  brown: 6,
  grey: 7,
  darkGrey: 8,
  lightBlue: 9,
  lightGreen: 10,
  lightCyan: 11,
  lightRed: 12,
  lightMagenta: 13,
  yellow: 14,
  white: 15,
} as const

/** A VGA attribute byte with blinking off: bits 0–3 foreground, 4–7 background. */
export function attribute(foreground: number, background: number): number {
  return (background << 4) | foreground
}

/** What the screens are painted with. */
export const Style = {
  post: attribute(Colour.grey, Colour.black),
  postBright: attribute(Colour.white, Colour.black),
  postTitle: attribute(Colour.lightCyan, Colour.black),
  postOk: attribute(Colour.lightGreen, Colour.black),
  postWarning: attribute(Colour.yellow, Colour.black),
  postFailed: attribute(Colour.lightRed, Colour.black),
  halt: attribute(Colour.white, Colour.red),

  setupTitle: attribute(Colour.black, Colour.cyan),
  setupTabs: attribute(Colour.grey, Colour.blue),
  setupTab: attribute(Colour.blue, Colour.grey),
  setupBody: attribute(Colour.blue, Colour.grey),
  setupStatic: attribute(Colour.black, Colour.grey),
  setupFocus: attribute(Colour.white, Colour.blue),
  setupHelp: attribute(Colour.blue, Colour.grey),
  setupKeys: attribute(Colour.black, Colour.cyan),
  setupKeyNames: attribute(Colour.white, Colour.blue),
  setupNotice: attribute(Colour.grey, Colour.blue),

  popup: attribute(Colour.white, Colour.blue),
  popupDim: attribute(Colour.grey, Colour.blue),
  popupTitle: attribute(Colour.yellow, Colour.blue),
  popupFocus: attribute(Colour.black, Colour.cyan),
  shadow: attribute(Colour.darkGrey, Colour.black),
} as const

/** One stripe a domain, in the colours the shell gives them: primary, web, messaging, management, vault. */
export const STRIPES: readonly number[] = [
  Colour.lightCyan,
  Colour.lightRed,
  Colour.lightBlue,
  Colour.yellow,
  Colour.lightMagenta,
]

/** The word mark, a row of pixels a line. */
export const WORD_MARK: readonly string[] = [
  '##  ## ##  ## #####  ###### #####   ##### #####   ####   ##### ######',
  '##  ## ##  ## ##  ## ##     ##  ## ##     ##  ## ##  ## ##     ##    ',
  '##  ## ##  ## ##  ## ##     ##  ## ##     ##  ## ##  ## ##     ##    ',
  '######  ####  #####  #####  #####   ####  #####  ###### ##     ##### ',
  '##  ##   ##   ##     ##     ## ##      ## ##     ##  ## ##     ##    ',
  '##  ##   ##   ##     ##     ##  ##     ## ##     ##  ## ##     ##    ',
  '##  ##   ##   ##     ##     ##  ##     ## ##     ##  ## ##     ##    ',
  '##  ##   ##   ##     ###### ##  ## #####  ##     ##  ##  ##### ######',
]

/** Colours of the word mark's pixel rows, top to bottom. */
export const WORD_MARK_COLOURS: readonly number[] = [15, 15, 15, 11, 11, 3, 3, 9]
