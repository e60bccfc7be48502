/** Text in a colour that can be read on its background (WCAG 2.2, 1.4.3), where the one that was asked for cannot. */

/** Red, green and blue, 0 to 255. */
type Rgb = readonly [number, number, number]

/** @param colour “#rrggbb” */
function parse(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function format(colour: Rgb): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

/** Relative luminance, 0 to 1 (WCAG 2.2, “relative luminance”). */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0)
}

/** 1 to 21. */
function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

const BLACK: Rgb = [0, 0, 0]
const WHITE: Rgb = [255, 255, 255]
const STEPS = 20

/** `foreground` or, where that has less than `least` contrast, the nearest shade of it towards black or white that has. */
export function legible(foreground: string, background: string, least: number): string {
  const [text, field] = [parse(foreground), parse(background)]
  if (contrast(text, field) >= least) return foreground
  const end = contrast(BLACK, field) > contrast(WHITE, field) ? BLACK : WHITE
  for (let step = 1; step < STEPS; step++) {
    const share = step / STEPS
    const [r, g, b] = text.map((part, index) => part + ((end[index] ?? 0) - part) * share)
    const shade: Rgb = [r ?? 0, g ?? 0, b ?? 0]
    if (contrast(shade, field) >= least) return format(shade)
  }
  return format(end)
}
