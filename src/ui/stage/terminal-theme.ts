/** Terminal colours for dark and light; text that a guest colours badly is corrected by xterm.js to WCAG AA. */

import type { ITheme } from '@xterm/xterm'

/** WCAG 2.2, 1.4.3: contrast of text, minimum. */
export const MINIMUM_CONTRAST = 4.5

const DARK = {
  background: '#0e0f10',
  foreground: '#ecebe8',
  cursor: '#ecebe8',
  cursorAccent: '#0e0f10',
  selectionBackground: '#3d4a5c',
  black: '#1e2023',
  red: '#f2685c',
  green: '#6cc57a',
  yellow: '#e0b050',
  blue: '#72a2ff',
  magenta: '#c49af7',
  cyan: '#4cc4b6',
  white: '#c9c8c5',
  brightBlack: '#7c7f82',
  brightRed: '#ff8a80',
  brightGreen: '#8fdc9a',
  brightYellow: '#f4cb7a',
  brightBlue: '#9cbeff',
  brightMagenta: '#dabaff',
  brightCyan: '#7fdfd3',
  brightWhite: '#ffffff',
} as const satisfies ITheme

export type TerminalTheme = Readonly<Record<keyof typeof DARK, string>>

const LIGHT: TerminalTheme = {
  background: '#faf9f6',
  foreground: '#1a1b1c',
  cursor: '#1a1b1c',
  cursorAccent: '#faf9f6',
  selectionBackground: '#c4d6f5',
  black: '#1a1b1c',
  red: '#b3261e',
  green: '#1b6e2f',
  yellow: '#7f5200',
  blue: '#1f51b8',
  magenta: '#6a3fc0',
  cyan: '#08685f',
  white: '#6a6b6c',
  brightBlack: '#55585a',
  brightRed: '#c63a30',
  brightGreen: '#237d3a',
  brightYellow: '#8f5f08',
  brightBlue: '#2f62cf',
  brightMagenta: '#7a50d0',
  brightCyan: '#12786e',
  // On its own background it is corrected; on a coloured bar it stays what the guest meant.
  brightWhite: '#ffffff',
}

export function terminalTheme(dark: boolean): TerminalTheme {
  return dark ? DARK : LIGHT
}

/** Levels of the 6×6×6 cube of the 256 colours. */
const CUBE = [0, 95, 135, 175, 215, 255]

/** The 256 colours of a terminal, “#rrggbb”: the theme's sixteen, the cube, and 24 greys. */
export function palette256(theme: TerminalTheme): readonly string[] {
  const { black, red, green, yellow, blue, magenta, cyan, white } = theme
  const bright = [
    theme.brightBlack,
    theme.brightRed,
    theme.brightGreen,
    theme.brightYellow,
    theme.brightBlue,
    theme.brightMagenta,
    theme.brightCyan,
    theme.brightWhite,
  ]
  const hex = (...parts: readonly number[]): string =>
    `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
  const cube = CUBE.flatMap((r) => CUBE.flatMap((g) => CUBE.map((b) => hex(r, g, b))))
  const greys = Array.from({ length: 24 }, (_, step) => 8 + 10 * step).map((level) =>
    hex(level, level, level),
  )
  return [black, red, green, yellow, blue, magenta, cyan, white, ...bright, ...cube, ...greys]
}
