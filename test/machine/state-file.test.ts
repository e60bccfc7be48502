/** The file of a machine's state: what is put in comes out, and what is damaged is refused in words, whatever it is. */

import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/base/result.ts'
import { encodeStateFile, openStateFile, type StateSurroundings } from '../../src/machine/state-file.ts'
import type { StateFault } from '../../src/protocol/state-fault.ts'

const PAGE = 4096
const PAGES = 40

/** `filled`: numbers of the pages that are not zeros. */
function image(pages: number, filled: readonly number[], value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pages * PAGE)
  for (const page of filled) bytes.fill(value + page, page * PAGE, (page + 1) * PAGE)
  return bytes
}

const DEVICE = image(5, [0, 1, 4], 1).subarray(0, 4 * PAGE + 100)
const RAM = image(PAGES, [0, 1, 2, 7, 20, 21, 39], 50)
const AROUND: StateSurroundings = {
  disk: { indices: Uint32Array.of(3, 9), bytes: image(2, [0, 1], 90) },
  console: new TextEncoder().encode('login: '),
}
const PLAIN = encodeStateFile({ device: DEVICE.slice(), ram: RAM }, AROUND)

function packed(bytes: Uint8Array): Blob {
  return new Blob([gzipSync(bytes)])
}

type Found = {
  readonly device: Uint8Array
  readonly ram: Uint8Array
  readonly console: string
  readonly disk: unknown
}

/** Opens it and fills a RAM, as a machine does. */
async function read(file: Blob, pages = PAGES): Promise<Result<Found, StateFault>> {
  const opened = await openStateFile(file)
  if (!opened.ok) return opened
  const { machine, console, disk } = opened.value
  const { device, fill } = machine
  const ram = new Uint8Array(pages * PAGE)
  const filled = await fill(ram)
  if (filled !== undefined && !filled.ok) return filled
  return {
    ok: true,
    value: { device, ram, console: new TextDecoder().decode(console), disk: disk() },
  }
}

function withWord(at: number, value: number): Uint8Array {
  const bytes = PLAIN.slice()
  new DataView(bytes.buffer).setUint32(at, value, true)
  return bytes
}

describe('the file of a machine’s state', () => {
  it('gives back devices, memory, disk and console', async () => {
    expect(await read(packed(PLAIN))).toEqual({
      ok: true,
      value: { device: DEVICE, ram: RAM, console: 'login: ', disk: AROUND.disk },
    })
  })

  it('comes out whole for any pages', async () => {
    const pages = fc.uniqueArray(fc.nat({ max: PAGES - 1 }))
    await fc.assert(
      fc.asyncProperty(pages, pages, async (ofDevice, ofRam) => {
        const device = image(PAGES, ofDevice, 1)
        const ram = image(PAGES, ofRam, 100)
        const found = await read(packed(encodeStateFile({ device, ram })))
        if (!found.ok) throw new Error(found.error.message)
        // An `expect` looks at each byte.
        expect(Buffer.compare(found.value.device, device)).toBe(0)
        expect(Buffer.compare(found.value.ram, ram)).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it.each<[string, () => Blob, StateFault['kind']]>([
    ['is empty', () => new Blob([]), 'foreign'],
    ['is not packed', () => new Blob([PLAIN]), 'foreign'],
    ['holds something else', () => packed(new Uint8Array(9000).fill(7)), 'foreign'],
    ['is of another version', () => packed(withWord(8, 9)), 'mismatch'],
    ['has more pages than its memory', () => packed(withWord(12, 6)), 'damaged'],
    ['has more behind it', () => packed(new Uint8Array([...PLAIN, 0])), 'damaged'],
    ['ends too early', () => packed(PLAIN.subarray(0, -1)), 'damaged'],
    ['says less than is there', () => packed(withWord(28, 1)), 'damaged'],
    // The first number of a page of RAM, behind three of the devices.
    ['has its pages out of order', () => packed(withWord(36 + 7 + 12, 2)), 'damaged'],
    ['has a page outside', () => packed(withWord(36 + 7 + 12 + 24, PAGES)), 'damaged'],
  ])('is refused in words where it %s', async (_what, file, kind) => {
    const found = await read(file())
    expect(found).toMatchObject({ ok: false, error: { kind, message: expect.stringMatching(/[a-z].*\.$/) } })
  })

  it('is refused by a machine of another size', async () => {
    expect(await read(packed(PLAIN), PAGES - 1)).toMatchObject({ ok: false, error: { kind: 'mismatch' } })
  })

  it('is refused, and never throws, where its bytes are cut or changed', async () => {
    const file = gzipSync(PLAIN)
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Uint8Array.from(file, (byte, index) => (index === at ? byte ^ mask : byte))
        const [cut, flipped] = [await read(new Blob([file.subarray(0, at)])), await read(new Blob([changed]))]
        expect(cut.ok).toBe(false)
        // Some bytes of a gzip head mean nothing (its time, its system).
        expect(flipped.ok && Buffer.compare(gunzipSync(changed), PLAIN) !== 0).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})
