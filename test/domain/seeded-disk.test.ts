import { describe, expect, it } from 'vitest'
import { SeededDisk } from '../../src/domain/seeded-disk.ts'
import { VolatileStore } from '../../src/machine/block-stores.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'

const BLOCK = 4096

function fill(length: number, value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(value)
}

/** Blocks 1 and 3 of a disk that ends within its last block. */
function seeded(store: BlockStore): SeededDisk {
  const disk = new SeededDisk(store)
  const bytes = fill(2 * BLOCK, 1)
  bytes.fill(3, BLOCK)
  disk.seed({ indices: Uint32Array.of(1, 3), bytes })
  return disk
}

function disk(): VolatileStore {
  return new VolatileStore(3 * BLOCK + 512)
}

describe('a blank disk with content from a state', () => {
  it('shows the content, and leaves the store blank until something is written', () => {
    const store = disk()
    const found = seeded(store)
    expect(found.read(0, found.size)).toEqual(
      Uint8Array.from([...fill(BLOCK, 0), ...fill(BLOCK, 1), ...fill(BLOCK, 0), ...fill(512, 3)]),
    )
    expect(found.read(BLOCK + 512, 1024)).toEqual(fill(1024, 1))
    expect([...(found.occupied() ?? [])].toSorted((a, b) => a - b)).toEqual([1, 3])
    expect(found.isBlank).toBe(false)
    void found.flush()
    expect(store.read(0, store.size)).toEqual(fill(store.size, 0))
  })

  it('is all in the store with the first write, which may lie over it', () => {
    const store = disk()
    const found = seeded(store)
    void found.write(BLOCK + 1024, fill(512, 9))
    expect(store.read(BLOCK, 2048)).toEqual(
      Uint8Array.from([...fill(1024, 1), ...fill(512, 9), ...fill(512, 1)]),
    )
    expect(store.read(3 * BLOCK, 512)).toEqual(fill(512, 3))
    expect(found.read(BLOCK + 1024, 512)).toEqual(fill(512, 9))
  })

  it('keeps the content for the next try where the store has no room for it', () => {
    const store = disk()
    let room = 1
    const full: BlockStore = {
      size: store.size,
      readOnly: false,
      read: (offset, length) => store.read(offset, length),
      write: (offset, bytes) => {
        if (room === 0) throw new Error('no room')
        room -= 1
        store.write(offset, bytes)
      },
      occupied: () => store.occupied(),
      flush: () => undefined,
      close: () => undefined,
    }
    const found = seeded(full)
    expect(() => found.write(0, fill(512, 5))).toThrow('no room')
    expect(found.read(BLOCK, 512)).toEqual(fill(512, 1))
    // Of what was to be there, what a file system is known by is not.
    expect(store.read(BLOCK, 512)).toEqual(fill(512, 0))
    expect(store.read(3 * BLOCK, 512)).toEqual(fill(512, 3))
    room = 10
    void found.write(0, fill(512, 5))
    expect(store.read(3 * BLOCK, 512)).toEqual(fill(512, 3))
    expect(store.read(0, 512)).toEqual(fill(512, 5))
  })
})
