/**
 * Spares xterm.js a layout of the page for each character of each font: its DOM renderer measures them by `offsetWidth` of
 * four elements made for that (regular, bold, italic, both), whose text a canvas measures just as well. Their text stays out of
 * the page, and what one terminal has measured none measures again.
 */

/** The texts measured are 32 characters long; `offsetWidth` is whole pixels. */
const TOLERANCE_PX = 1

type Font = {
  /** Undefined until a layout has been seen to agree, or not to, with the canvas. */
  agrees: boolean | undefined
  /** By text, in CSS pixels. */
  readonly widths: Map<string, number>
}

/** More texts than a person's screen shows; then the oldest are measured again. */
const MOST_WIDTHS = 4096

const fonts = new Map<string, Font>()
let context: CanvasRenderingContext2D | null | undefined

/** To be called when a face has come, before xterm.js measures it: it is asked for by the name that led to another before. */
export function forgetCharacterWidths(): void {
  fonts.clear()
}

/** To be called with the element that a terminal was opened in. Where it does not find its elements, nothing changes. */
export function measureCharactersByCanvas(host: HTMLElement): void {
  context ??= document.createElement('canvas').getContext('2d')
  if (context === null) return
  for (const element of host.querySelectorAll<HTMLElement>('.xterm-width-cache-measure-container > span'))
    measureByCanvas(element, context)
}

function measureByCanvas(element: HTMLElement, canvas: CanvasRenderingContext2D): void {
  let text = element.textContent
  Object.defineProperty(element, 'textContent', {
    get: () => text,
    set: (given: string) => {
      text = given
    },
  })
  Object.defineProperty(element, 'offsetWidth', {
    get: () => {
      const name = fontOf(element)
      const font = fonts.get(name) ?? { agrees: undefined, widths: new Map() }
      fonts.set(name, font)
      if (font.agrees === true) return widthIn(font, name, text, canvas)
      const laidOut = layoutWidth(element, text)
      // An element that is not shown has no width.
      if (font.agrees === undefined && laidOut > 0)
        font.agrees = Math.abs(laidOut - widthIn(font, name, text, canvas)) <= TOLERANCE_PX
      return laidOut
    },
  })
}

function fontOf(element: HTMLElement): string {
  const { fontFamily, fontSize } = element.parentElement?.style ?? element.style
  const { fontStyle, fontWeight } = element.style
  return [fontStyle, fontWeight, fontSize, fontFamily].filter((word) => word !== '').join(' ')
}

function widthIn({ widths }: Font, name: string, text: string, canvas: CanvasRenderingContext2D): number {
  const known = widths.get(text)
  if (known !== undefined) return known
  canvas.font = name
  canvas.fontKerning = 'none'
  const { width } = canvas.measureText(text)
  if (widths.size >= MOST_WIDTHS) widths.clear()
  widths.set(text, width)
  return width
}

function layoutWidth(element: HTMLElement, text: string): number {
  Reflect.set(Node.prototype, 'textContent', text, element)
  return Reflect.get(HTMLElement.prototype, 'offsetWidth', element)
}
