import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Colour } from '../../src/protocol/domain.ts'

const CSS = readFileSync(join(import.meta.dirname, '../../src/ui/theme.css'), 'utf8')
const COLOURS: readonly Colour[] = ['green', 'blue', 'amber', 'violet', 'red', 'teal', 'grey']
const GROUNDS = ['--surface', '--surface-raised', '--surface-overlay', '--surface-hover']

/** The hexadecimal custom properties of the first rule with this selector. */
function properties(selector: string): Map<string, string> {
  const from = CSS.indexOf(`${selector} {`)
  const rule = CSS.slice(from, CSS.indexOf('}', from))
  return new Map(
    [...rule.matchAll(/(--[a-z-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  )
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

test('the contrast formula gives WCAG’s own figures', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

describe.each([
  ['dark', ':root'],
  ['light', ":root[data-theme='light']"],
])('the %s theme', (_name, selector) => {
  const theme = properties(selector)
  const value = (name: string): string => {
    const found = theme.get(name)
    if (found === undefined) throw new Error(`${selector} does not define ${name}`)
    return found
  }

  test.each(GROUNDS)('text is legible on %s (AA, 4.5 : 1)', (ground) => {
    expect(contrast(value('--text'), value(ground))).toBeGreaterThanOrEqual(7)
    expect(contrast(value('--text-muted'), value(ground))).toBeGreaterThanOrEqual(4.5)
  })

  test.each(COLOURS)('%s is legible on the bar, and its label on it', (colour) => {
    expect(contrast(value(`--${colour}`), value('--surface'))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(value(`--${colour}`), value('--surface-overlay'))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(value('--on-domain'), value(`--${colour}`))).toBeGreaterThanOrEqual(4.5)
  })

  test('borders of controls stand out (AA, 3 : 1)', () => {
    expect(contrast(value('--line-strong'), value('--surface'))).toBeGreaterThanOrEqual(3)
    expect(contrast(value('--line-strong'), value('--surface-raised'))).toBeGreaterThanOrEqual(3)
  })

  test('the one thing to do is legible', () => {
    expect(contrast(value('--on-accent'), value('--accent'))).toBeGreaterThanOrEqual(7)
  })
})

test('every domain colour of the protocol has its attribute', () => {
  for (const colour of COLOURS) expect(CSS).toContain(`[data-colour='${colour}']`)
})
