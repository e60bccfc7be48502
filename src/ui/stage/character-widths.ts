/**
 * Spares xterm.js a layout of the page for each character of each font: its DOM renderer measures them by `offsetWidth` of
 * four elements made for that (regular, bold, italic, both), whose text a canvas measures just as well.
 */

/** The texts measured are 32 characters long; `offsetWidth` is whole pixels. */
const TOLERANCE_PX = 1

let context: CanvasRenderingContext2D | null | undefined

/** To be called with the element that a terminal was opened in. Where it does not find its elements, nothing changes. */
export function measureCharactersByCanvas(host: HTMLElement): void {
  context ??= document.createElement('canvas').getContext('2d')
  if (context === null) return
  for (const element of host.querySelectorAll<HTMLElement>('.xterm-width-cache-measure-container > span'))
    Object.defineProperty(element, 'offsetWidth', { get: widthOf(element, context) })
}

/** By layout until the canvas has been seen to agree for that font. */
function widthOf(element: HTMLElement, canvas: CanvasRenderingContext2D): () => number {
  const agrees = new Map<string, boolean>()
  return () => {
    const { fontFamily, fontSize } = element.parentElement?.style ?? element.style
    const { fontStyle, fontWeight } = element.style
    const font = [fontStyle, fontWeight, fontSize, fontFamily].filter((word) => word !== '').join(' ')
    canvas.font = font
    canvas.fontKerning = 'none'
    const width = canvas.measureText(element.textContent).width
    const known = agrees.get(font)
    if (known === true) return width
    const laidOut = Reflect.get(HTMLElement.prototype, 'offsetWidth', element)
    // An element that is not shown has no width.
    if (known === undefined && laidOut > 0) agrees.set(font, Math.abs(laidOut - width) <= TOLERANCE_PX)
    return laidOut
  }
}
