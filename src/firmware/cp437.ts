/** Code page 437, the character set of a PC's text mode: what a cell of the screen may hold, as Unicode. */

const LOW = '☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼'
const HIGH =
  '⌂ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■'

const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')

const REPERTOIRE = new Set(ASCII + LOW + HIGH)

/** The nearest that the code page has for what typography puts into words. */
const NEAREST: ReadonlyMap<string, string> = new Map([
  ['…', '...'],
  ['–', '-'],
  ['—', '-'],
  ['‘', "'"],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
  ['×', 'x'],
  ['\u00a0', ' '],
  ['\t', ' '],
  ['\n', ' '],
])

/** `text` in the code page's repertoire; what it lacks, control characters included, becomes “?”. */
export function toCodePage437(text: string): string {
  // Nearly all of it is plain ASCII, and every redraw comes through here.
  if (/^[ -~]*$/.test(text)) return text
  let result = ''
  for (const character of text) {
    result += REPERTOIRE.has(character) ? character : (NEAREST.get(character) ?? '?')
  }
  return result
}

/** Whether a cell can hold `character`. */
export function isCodePage437(character: string): boolean {
  return REPERTOIRE.has(character)
}
