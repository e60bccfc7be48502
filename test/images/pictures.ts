/** Pictures of a guest's screen, and stored ones to hold them against. */

import { readFileSync, writeFileSync } from 'node:fs'
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
  for (let at = 8; at < file.length;) {
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
  guest.machine.display.refresh()
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
    const screen = await screenOf(guest)
    const differing = differingPixels(screen, expected, below)
    if (differing <= allowed) return differing
    if (performance.now() > limit) {
      savePicture(screen)
      return differing
    }
    // The guest shares this thread: looking all the time would keep it from what is looked for.
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** Keeps a screen that was not what it should be, as a PPM in the folder that HS_SAVE_SCREENS names. */
function savePicture({ width, height, rgba }: Picture): void {
  const folder = process.env['HS_SAVE_SCREENS']
  if (folder === undefined) return
  const rgb = Buffer.alloc(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++)
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3)
  writeFileSync(
    `${folder}/${Date.now()}.ppm`,
    Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), rgb]),
  )
}
