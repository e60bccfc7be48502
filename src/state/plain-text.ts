/**
 * A terminal's output as text: UTF-8 decoded, escape sequences and control characters removed (ECMA-48 and DEC's parser
 * states), incrementally: the result does not depend on where the chunks are cut.
 */

import { assertNever } from '../base/assert.ts'

type State =
  | 'ground'
  /** After ESC. */
  | 'escape'
  /** ESC with intermediates (0x20–0x2F), such as a character set selection: one more final byte. */
  | 'escape-intermediate'
  /** CSI parameters up to a final byte (0x40–0x7E). */
  | 'csi'
  /** OSC, DCS, SOS, PM, APC: up to ST, or BEL for OSC. */
  | 'string'
  /** A string has met ESC: “\” ends it, anything else begins a new sequence. */
  | 'string-escape'

const BEL = 0x07
const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const CAN = 0x18
const SUB = 0x1a
const ESC = 0x1b
const DEL = 0x7f

/** A string longer than this is not one (binary output): text goes on. xterm.js itself holds up to 10 MB. */
const MAX_STRING = 65_536

export class PlainText {
  readonly #decoder = new TextDecoder('utf-8')
  #state: State = 'ground'
  #stringLength = 0
  /** CRs seen since the last printed character: dropped before LF and at a line's start, a new line otherwise. */
  #pendingReturn = false
  #atLineStart = true

  /** The text of the next chunk; a sequence or character that is cut off waits for the rest. */
  push(bytes: Uint8Array): string {
    const input = this.#decoder.decode(bytes, { stream: true })
    let output = ''
    let runStart = -1
    for (let index = 0; index < input.length; index++) {
      const code = input.charCodeAt(index)
      const printable = this.#state === 'ground' && isPrintable(code)
      if (printable && !this.#pendingReturn) {
        // The common case, copied as a run.
        if (runStart < 0) runStart = index
        continue
      }
      if (runStart >= 0) {
        output += input.slice(runStart, index)
        this.#atLineStart = false
        runStart = -1
      }
      output += this.#step(code, input, index)
    }
    if (runStart >= 0) {
      output += input.slice(runStart)
      this.#atLineStart = false
    }
    return output
  }

  #step(code: number, input: string, index: number): string {
    switch (this.#state) {
      case 'ground':
        return this.#ground(code, input, index)
      case 'escape':
        return this.#escape(code)
      case 'escape-intermediate':
        if (this.#control(code)) return this.#format(code)
        if (code >= 0x30) this.#state = 'ground'
        return ''
      case 'csi':
        if (this.#control(code)) return this.#format(code)
        if (code >= 0x40 && code !== DEL) this.#state = 'ground'
        return ''
      case 'string':
        return this.#string(code)
      case 'string-escape':
        this.#state = code === 0x5c ? 'ground' : 'escape'
        return code === 0x5c ? '' : this.#escape(code)
      default:
        return assertNever(this.#state)
    }
  }

  #ground(code: number, input: string, index: number): string {
    if (this.#control(code)) return this.#format(code)
    if (!isPrintable(code)) return ''
    const broken = this.#pendingReturn && !this.#atLineStart ? '\n' : ''
    this.#pendingReturn = false
    this.#atLineStart = false
    return broken + input.charAt(index)
  }

  #escape(code: number): string {
    if (this.#control(code)) return this.#format(code)
    this.#state = 'ground'
    if (code === 0x5b) this.#state = 'csi'
    else if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f)
      this.#beginString()
    else if (code >= 0x20 && code <= 0x2f) this.#state = 'escape-intermediate'
    return ''
  }

  #string(code: number): string {
    this.#stringLength += 1
    if (code === ESC) this.#state = 'string-escape'
    else if (code === BEL || code === CAN || code === SUB || code === 0x9c || this.#stringLength > MAX_STRING)
      this.#state = 'ground'
    return ''
  }

  #beginString(): void {
    this.#state = 'string'
    this.#stringLength = 0
  }

  /** Whether `code` is a control that acts in any state outside strings; those that change the state do so here. */
  #control(code: number): boolean {
    if (code === ESC) this.#state = 'escape'
    else if (code === CAN || code === SUB) this.#state = 'ground'
    else if (code === 0x9b) this.#state = 'csi'
    else if (code === 0x9d || code === 0x90 || code === 0x98 || code === 0x9e || code === 0x9f)
      this.#beginString()
    else if (code >= 0x80 && code < 0xa0) this.#state = 'ground'
    else return code < 0x20
    return true
  }

  /** What a control character leaves in the text: line ends and tabs. */
  #format(code: number): string {
    if (code === CR) {
      this.#pendingReturn = true
      return ''
    }
    if (code === LF) {
      this.#pendingReturn = false
      this.#atLineStart = true
      return '\n'
    }
    if (code !== TAB) return ''
    const broken = this.#pendingReturn && !this.#atLineStart ? '\n' : ''
    this.#pendingReturn = false
    this.#atLineStart = false
    return `${broken}\t`
  }
}

function isPrintable(code: number): boolean {
  return code >= 0x20 && code !== DEL && !(code >= 0x80 && code < 0xa0)
}
