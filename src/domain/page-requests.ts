/** What the page sends over the display and console ports, taken apart before use; anything else is dropped. */

import { LONGEST_ASIDE_MS, type ConsoleRequest, type DisplayRequest } from '../protocol/channels.ts'

/** As the protocol says; a keyboard's longest key (Pause) has six. */
const MOST_SCANCODES = 64
/** Cells; a terminal of this size is a mistake, and TIOCSWINSZ takes 16 bits. */
const LARGEST_WINDOW = 1000

type Fields = Readonly<Record<string, unknown>>

function isNumberWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most
}

function isIntegerWithin(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && isNumberWithin(value, least, most)
}

function fieldsOf(untrusted: unknown): Fields {
  return typeof untrusted === 'object' && untrusted !== null ? { ...untrusted } : {}
}

export function parseDisplayRequest(untrusted: unknown): DisplayRequest | undefined {
  const { kind, recycle, forMs, scancodes, dx, dy, wheel, buttons, settle } = fieldsOf(untrusted)
  if (kind === 'refresh') return { kind }
  if (kind === 'stand-aside') return isNumberWithin(forMs, 0, LONGEST_ASIDE_MS) ? { kind, forMs } : undefined
  if (kind === 'credit') return recycle instanceof ArrayBuffer ? { kind, recycle } : { kind }
  if (kind === 'keys') {
    if (!Array.isArray(scancodes) || scancodes.length > MOST_SCANCODES) return undefined
    const codes = scancodes.filter((code) => isIntegerWithin(code, 0, 0xff))
    return codes.length === scancodes.length ? { kind, scancodes: codes } : undefined
  }
  if (kind === 'mouse') {
    const numbers = [dx, dy, wheel].every((value) => isNumberWithin(value, -0x10000, 0x10000))
    if (!numbers || !isIntegerWithin(buttons, 0, 7) || typeof settle !== 'boolean') return undefined
    return { kind, dx: Number(dx), dy: Number(dy), wheel: Number(wheel), buttons, settle }
  }
  return undefined
}

export function parseConsoleRequest(untrusted: unknown): ConsoleRequest | undefined {
  const { kind, bytes, columns, rows } = fieldsOf(untrusted)
  if (kind === 'input') return bytes instanceof Uint8Array ? { kind, bytes } : undefined
  if (kind === 'ack') return isIntegerWithin(bytes, 0, Number.MAX_SAFE_INTEGER) ? { kind, bytes } : undefined
  if (kind === 'resize') {
    if (!isIntegerWithin(columns, 1, LARGEST_WINDOW) || !isIntegerWithin(rows, 1, LARGEST_WINDOW))
      return undefined
    return { kind, columns, rows }
  }
  return undefined
}
