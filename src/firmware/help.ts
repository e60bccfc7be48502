/** What F1 says: the keys, what is real here and what is a model. */

export const HELP_TITLE = 'General Help'

const MODEL: readonly string[] = [
  'Real: every file is read, hashed with SHA-256 and compared with the manifest; the engine is compiled; the times are measured.',
  'Model: this firmware is a program in a web page. On a PC it sits in a flash chip and runs before any operating system.',
  'Model: flash and NVRAM are files of the site and of the browser. A PC has an SPI chip, and CMOS memory on a battery.',
]

export const POST_HELP: readonly string[] = [
  'F2 Setup. F12 boot menu. Esc changes between logo and self-test. Enter boots without waiting. Page Up and Page Down scroll.',
  ...MODEL,
]

export const SETUP_HELP: readonly string[] = [
  'Arrow keys select page and item, Tab the next field. + and - change a value, Enter lists its choices. F9 loads defaults, F10 saves and exits, Esc exits without saving.',
  ...MODEL,
]
