import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlobStore, PackedStore, readOnlyStore, VolatileStore } from '../../src/machine/block-stores.ts'

const SECTOR = 512
const BLOCK = 256 * 1024

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 9)) & 0xff)
}

/** Compared natively: the test runner's own comparison takes seconds for a megabyte. */
function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

describe('a volume as a disk', () => {
  it('reads what the volume holds, padded to whole sectors', async () => {
    const bytes = pattern(3 * BLOCK + 700)
    const store = new BlobStore(new Blob([bytes]))
    expect(store.size).toBe(3 * BLOCK + 1024)
    const padded = new Uint8Array(store.size)
    padded.set(bytes)
    const sector = fc.integer({ min: 0, max: store.size / SECTOR - 1 })
    await fc.assert(
      fc.asyncProperty(sector, fc.integer({ min: 1, max: 600 }), async (first, wanted) => {
        const length = Math.min(wanted * SECTOR, store.size - first * SECTOR)
        const read = await store.read(first * SECTOR, length)
        expect(same(read, padded.subarray(first * SECTOR, first * SECTOR + length))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('answers at once what it has read before, and reads each block once', async () => {
    let slices = 0
    class CountingBlob extends Blob {
      override slice(start?: number, end?: number): Blob {
        slices++
        return super.slice(start, end)
      }
    }
    const store = new BlobStore(new CountingBlob([pattern(2 * BLOCK)]))
    await Promise.all([
      store.read(0, SECTOR),
      store.read(SECTOR, SECTOR),
      store.read(BLOCK - SECTOR, 2 * SECTOR),
    ])
    expect(slices).toBe(2)
    expect(store.read(0, 2 * SECTOR)).toBeInstanceOf(Uint8Array)
    expect(slices).toBe(2)
  })

  it('keeps no more than 16 MiB of a large volume', async () => {
    const store = new BlobStore(new Blob([new Uint8Array(66 * BLOCK)]))
    for (let block = 0; block < 66; block++) await store.read(block * BLOCK, SECTOR)
    expect(store.read(0, SECTOR)).toBeInstanceOf(Promise)
    expect(store.read(65 * BLOCK, SECTOR)).toBeInstanceOf(Uint8Array)
  })

  it('refuses to be written', () => {
    expect(() => new BlobStore(new Blob([pattern(SECTOR)])).write()).toThrow('read-only')
  })
})

describe('a packed volume as a disk', () => {
  const bytes = pattern(BLOCK + 700)
  const packed = new Blob([new Uint8Array(gzipSync(bytes))])

  it('is unpacked for its first reader alone, and reads as the volume, padded to whole sectors', async () => {
    let streams = 0
    class CountingBlob extends Blob {
      override stream(): ReturnType<Blob['stream']> {
        streams++
        return super.stream()
      }
    }
    const store = new PackedStore(new CountingBlob([packed]), bytes.length)
    expect(store.size).toBe(BLOCK + 1024)
    expect(streams).toBe(0)
    expect(same(await store.read(0, SECTOR), bytes.subarray(0, SECTOR))).toBe(true)
    // The first sector, which v86 reads of every disk, is had for less.
    expect(store.read(SECTOR, SECTOR)).toBeInstanceOf(Promise)
    const [first, last] = await Promise.all([store.read(0, SECTOR), store.read(BLOCK, 2 * SECTOR)])
    expect(same(first, bytes.subarray(0, SECTOR))).toBe(true)
    expect(same(last.subarray(0, 700), bytes.subarray(BLOCK))).toBe(true)
    expect(same(last.subarray(700), new Uint8Array(2 * SECTOR - 700))).toBe(true)
    expect(store.read(SECTOR, SECTOR)).toBeInstanceOf(Uint8Array)
    expect(streams).toBe(2)
  })

  it.each([
    ['more', bytes.length - 1],
    ['fewer', bytes.length + 1],
  ])('is not read where %s bytes come out than were said', async (_, length) => {
    const store = new PackedStore(packed, length)
    await expect(store.read(SECTOR, SECTOR)).rejects.toThrow('A volume could not be unpacked: it unpacks to')
  })

  it('is not read where its bytes are not packed', async () => {
    const store = readOnlyStore({ kind: 'read-only', blob: new Blob([bytes]), unpackedBytes: bytes.length })
    await expect(store.read(SECTOR, SECTOR)).rejects.toThrow('A volume could not be unpacked')
    expect(() => store.write(0, bytes)).toThrow('read-only')
  })
})

describe('a volatile disk', () => {
  it('reads zeros where nothing was written, and the last write elsewhere', () => {
    const size = 512 * SECTOR
    const write = fc.record({
      at: fc.nat(511),
      sectors: fc.integer({ min: 1, max: 300 }),
      value: fc.integer({ min: 1, max: 255 }),
    })
    fc.assert(
      fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
        const store = new VolatileStore(size)
        const model = new Uint8Array(size)
        for (const { at, sectors, value } of writes) {
          const length = Math.min(sectors * SECTOR, size - at * SECTOR)
          store.write(at * SECTOR, new Uint8Array(length).fill(value))
          model.fill(value, at * SECTOR, at * SECTOR + length)
        }
        expect(same(store.read(0, size), model)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
})
