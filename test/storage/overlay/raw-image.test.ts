import { describe, expect, it } from 'vitest'
import { imageBlob } from '../../../src/storage/overlay/raw-image.ts'
import type { BlockStore } from '../../../src/protocol/block-store.ts'

const MIB = 2 ** 20
const SIZE = 5 * MIB + 8192

/** Holds a 7 at each of `places`; says `occupied` of itself, and where it was read. */
function disk(places: readonly number[], occupied: readonly number[] | undefined) {
  const bytes = new Uint8Array(SIZE)
  for (const place of places) bytes[place] = 7
  const reads: number[] = []
  const store: BlockStore = {
    size: SIZE,
    readOnly: true,
    read(offset, length) {
      reads.push(offset / MIB)
      return bytes.slice(offset, offset + length)
    },
    write: () => undefined,
    flush: () => undefined,
    occupied: () => occupied,
    close: () => undefined,
  }
  return { store, bytes, reads }
}

async function imageOf(store: BlockStore): Promise<Uint8Array> {
  return new Uint8Array(await (await imageBlob(store)).arrayBuffer())
}

describe('a raw image', () => {
  it('reads where there is something, and is the disk byte for byte', async () => {
    const { store, bytes, reads } = disk([MIB + 4096, SIZE - 1], [257, 256, (5 * MIB) / 4096 + 1])
    expect(Buffer.compare(await imageOf(store), bytes)).toBe(0)
    expect(reads).toEqual([1, 5])
  })

  it('reads all of a disk that does not know', async () => {
    const { store, bytes, reads } = disk([0, 3 * MIB], undefined)
    expect(Buffer.compare(await imageOf(store), bytes)).toBe(0)
    expect(reads).toEqual([0, 1, 2, 3, 4, 5])
  })
})
