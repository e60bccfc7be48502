/**
 * A block store that knows which of its blocks changed since the last stored snapshot, and that can be captured while
 * its guest runs on: a block that is written before it was copied is copied first.
 *
 * ```
 * guest stands still   capture()        which blocks differ                        the pause
 * guest runs again     write(block)     an uncopied one is kept as it was
 *                      batches()        those blocks as they were at the capture    background
 *                      settle(stored)   stored: the next capture starts from here
 * ```
 */

import { assert } from '../base/assert.ts'
import { isZeroPage } from '../base/pages.ts'
import type { DiskContent } from '../machine/state-file.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import { wordsOf } from '../storage/pages/page-heap.ts'
import { IMAGE_PAGE_BYTES, type PageBatch } from '../protocol/store.ts'
import { SeededDisk } from './seeded-disk.ts'

/** 1 MiB, as a batch of RAM is. */
const BATCH_BLOCKS = 256

export type DiskCapture = {
  readonly blocks: number
  /** Once. Indices are of this disk. @throws Error where the store cannot be read any more */
  batches(): Iterable<PageBatch>
  settle(stored: boolean): void
}

/** A store whose reads take time cannot be copied between two of a guest's writes. */
export class SlowDisk extends Error {
  override readonly name = 'SlowDisk'
}

export class TrackedDisk implements BlockStore {
  readonly size: number
  readonly readOnly = false
  readonly #store: SeededDisk
  /** By block: 1 where it may differ from what is stored. */
  readonly #changed: Uint8Array
  /** By block: 1 where a capture has not copied it yet. */
  readonly #uncopied: Uint8Array
  /** Blocks as they were at the capture, that were written since. */
  readonly #kept = new Map<number, Uint8Array<ArrayBuffer>>()
  #isCapturing = false
  /** Where it holds anything can be told; asked once, since it takes a look at the whole table. */
  #isKnown: boolean | undefined
  #isClosed = false
  /** Nothing of it is stored: a capture starts from zeros. */
  #isUnknown = true

  constructor(store: BlockStore) {
    this.#store = new SeededDisk(store)
    this.size = store.size
    this.#changed = new Uint8Array(Math.ceil(store.size / IMAGE_PAGE_BYTES))
    this.#uncopied = new Uint8Array(this.#changed.length)
  }

  /** Nothing of it is stored: the next capture copies every block that is not zeros. */
  forgetStored(): void {
    this.#isUnknown = true
  }

  /** What it holds is what a snapshot holds: the next capture copies what changes from now on. */
  isStored(): void {
    this.#isUnknown = false
    this.#changed.fill(0)
  }

  /** Whether it is known to hold nothing but zeros. */
  get isBlank(): boolean {
    return this.#store.isBlank
  }

  /** Content for a blank disk, which its store gets with the guest's first write: see seeded-disk.ts. */
  seed(blocks: DiskContent): void {
    this.#store.seed(blocks)
  }

  /** What a snapshot holds must be on the disk, or the two no longer fit at the next visit. @throws what the disk fails with */
  keepSeed(): Promise<void> {
    return this.#store.keep()
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    return this.#store.read(offset, length)
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    const last = Math.floor((offset + bytes.length - 1) / IMAGE_PAGE_BYTES)
    for (let block = Math.floor(offset / IMAGE_PAGE_BYTES); block <= last; block += 1) {
      this.#changed[block] = 1
      if (this.#uncopied[block] === 1) {
        this.#kept.set(block, this.#readBlocks(block, 1))
        this.#uncopied[block] = 0
      }
    }
    return this.#store.write(offset, bytes)
  }

  occupied(): Iterable<number> | undefined {
    return this.#store.occupied()
  }

  flush(): void | Promise<void> {
    return this.#store.flush()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#store.close()
  }

  /** Filled up with zeros where the disk ends within it. @throws SlowDisk */
  #readBlocks(first: number, count: number): Uint8Array<ArrayBuffer> {
    const offset = first * IMAGE_PAGE_BYTES
    const length = count * IMAGE_PAGE_BYTES
    const bytes = this.#store.read(offset, Math.min(length, this.size - offset))
    if (bytes instanceof Promise) throw new SlowDisk('a disk that answers late')
    const pages = new Uint8Array(length)
    pages.set(bytes)
    return pages
  }

  /** `all`: every block that is not zeros, whatever is stored. One capture at a time. @throws SlowDisk */
  capture(all: boolean): DiskCapture {
    assert(!this.#isCapturing, 'the last capture is settled')
    // A disk over a file that is read late cannot be copied between two writes of its guest.
    this.#isKnown ??= this.#store.occupied() !== undefined
    if (!this.#isKnown) throw new SlowDisk('a disk that answers late')
    this.#isCapturing = true
    const indices = this.#wanted(all)
    for (const block of indices) this.#uncopied[block] = 1
    if (!all) this.#changed.fill(0)
    return {
      blocks: indices.length,
      batches: () => this.#batches(indices),
      settle: (stored) => {
        this.#isCapturing = false
        this.#uncopied.fill(0)
        this.#kept.clear()
        if (all) return
        if (stored) this.#isUnknown = false
        else for (const block of indices) this.#changed[block] = 1
      },
    }
  }

  /** Of a disk that knows where it holds anything, only those; the rest is zeros in the state anyway. */
  #wanted(all: boolean): Uint32Array<ArrayBuffer> {
    const isNew = all || this.#isUnknown
    const occupied = isNew ? this.#store.occupied() : undefined
    if (occupied !== undefined) return Uint32Array.from(occupied).toSorted()
    // In the guest's pause: iterators would take as long as all the rest.
    const found = new Uint32Array(this.#changed.length)
    let count = 0
    for (let block = 0; block < found.length; block += 1)
      if (isNew || this.#changed[block] === 1) {
        found[count] = block
        count += 1
      }
    return found.slice(0, count)
  }

  /** The blocks as they were at the capture; neighbours in one read. */
  #copy(blocks: Uint32Array): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(blocks.length * IMAGE_PAGE_BYTES)
    for (let position = 0; position < blocks.length;) {
      const first = blocks[position] ?? 0
      const kept = this.#kept.get(first)
      let run = 1
      if (kept === undefined) {
        while (blocks[position + run] === first + run && !this.#kept.has(first + run)) run += 1
        bytes.set(this.#readBlocks(first, run), position * IMAGE_PAGE_BYTES)
      } else bytes.set(kept, position * IMAGE_PAGE_BYTES)
      for (let block = first; block < first + run; block += 1) {
        this.#uncopied[block] = 0
        this.#kept.delete(block)
      }
      position += run
    }
    return bytes
  }

  *#batches(indices: Uint32Array<ArrayBuffer>): Generator<PageBatch> {
    for (let at = 0; at < indices.length; at += BATCH_BLOCKS) {
      const part = indices.subarray(at, at + BATCH_BLOCKS)
      const all = this.#copy(part)
      const words = wordsOf(all)
      const isZero = part.map((_, position) => Number(isZeroPage(words, position * (IMAGE_PAGE_BYTES / 4))))
      const filled = part.filter((_, position) => isZero[position] === 0)
      const bytes = new Uint8Array(filled.length * IMAGE_PAGE_BYTES)
      let to = 0
      for (let position = 0; position < part.length; position += 1) {
        if (isZero[position] === 1) continue
        bytes.set(all.subarray(position * IMAGE_PAGE_BYTES, (position + 1) * IMAGE_PAGE_BYTES), to)
        to += IMAGE_PAGE_BYTES
      }
      yield { indices: filled, bytes, zeros: part.filter((_, position) => isZero[position] === 1) }
    }
  }
}
