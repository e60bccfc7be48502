/** Pictures of a guest's screen, and stored ones to hold them against. */

import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import type { Guest } from '../support/boot-guest.ts'

export type Picture = { readonly width: number; readonly height: number; readonly rgba: Uint8Array }

/** A channel that differs by this much is another colour, not another rounding. */
const TOLERANCE = 24

/** Reads a PNG of 8-bit RGB without filters, as the expected pictures are stored. */
export function readPicture(name: string): Picture {
  const file = readFileSync(new URL(`expected/${name}.png`, import.meta.url))
  const width = file.readUInt32BE(16)
  const height = file.readUInt32BE(20)
  const data: Buffer[] = []
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  const lines = inflateSync(Buffer.concat(data))
  const rgba = new Uint8Array(width * height * 4).fill(255)
  for (let y = 0; y < height; y++) {
    const from = y * (1 + width * 3)
    if (lines[from] !== 0) throw new Error(`${name}.png has filtered lines`)
    for (let x = 0; x < width; x++)
      rgba.set(lines.subarray(from + 1 + x * 3, from + 4 + x * 3), (y * width + x) * 4)
  }
  return { width, height, rgba }
}

/** What the guest's screen shows now. */
export async function screenOf(guest: Guest): Promise<Picture> {
  const already = guest.frames.length
  guest.machine.display.invalidate()
  guest.machine.display.credit(undefined)
  await guest.waitFor(() => guest.frames.length > already, 20_000, 'frame')
  const frame = guest.frames[already]
  if (frame === undefined || frame.width !== frame.screen.width || frame.height !== frame.screen.height)
    throw new Error('the frame is not the whole screen')
  return { width: frame.width, height: frame.height, rgba: new Uint8Array(frame.pixels) }
}

/** How many pixels differ above line `below`, where the browser's status line with its timing begins. */
export function differingPixels(one: Picture, other: Picture, below = one.height): number {
  if (one.width !== other.width || one.height !== other.height) return Infinity
  let count = 0
  for (let at = 0; at < one.width * below * 4; at += 4) {
    for (let channel = at; channel < at + 3; channel++) {
      if (Math.abs((one.rgba[channel] ?? 0) - (other.rgba[channel] ?? 0)) > TOLERANCE) {
        count++
        break
      }
    }
  }
  return count
}

/** Looks at each new screen until it is `expected`, within `allowed` pixels; answers how many differ at last. */
export async function untilScreenIs(
  guest: Guest,
  expected: Picture,
  { below = expected.height, allowed = 0, timeoutMs = 60_000 } = {},
): Promise<number> {
  const limit = performance.now() + timeoutMs
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const differing = differingPixels(await screenOf(guest), expected, below)
    if (differing <= allowed || performance.now() > limit) return differing
  }
}
