/**
 * The RAM of a guest as it was at its last capture, kept to find what changed since: v86 has no dirty bitmap, and
 * comparing memory is an order of magnitude faster than hashing it.
 *
 * ```
 * before the first:  approach(ram)     copy what there is, part by part, while the guest runs in between
 * guest paused:      capture(ram)      compare, copy the changed pages into the shadow        the pause
 * guest runs again:  batches()         hand over those pages, from the shadow, for storing    background
 *                    settle(id)        they are stored: the next capture starts from `id`
 * ```
 * One capture at a time. A capture that could not be stored is settled with undefined: its pages count as changed until
 * one is.
 */

import { assert } from '../../base/assert.ts'
import { isZeroPage } from '../../base/pages.ts'
import type { SnapshotId } from '../../protocol/snapshot.ts'
import type { PageBatch } from '../../protocol/store.ts'
import { wordsOf } from './page-heap.ts'
import { PAGE_BYTES, PAGE_WORDS } from './slot-file.ts'
import type { ImageChange } from './snapshot.ts'

/** 1 MiB: long enough that a write's fixed cost vanishes, short enough that a worker answers in between. */
const BATCH_PAGES = 256

/** 4 MiB: a few milliseconds. */
const APPROACH_PAGES = 1024

export type Capture = Omit<ImageChange, 'batches'> & {
  batches(): Iterable<PageBatch>
  readonly changedPages: number
  /** The snapshot these pages were stored as, or undefined when that failed. Once. */
  settle(stored: SnapshotId | undefined): void
}

/**
 * Four words a turn: one by one is bound by the loop, not by memory. Never as BigUint64Array: a fifth faster alone, but here
 * the compiler did not keep the numbers out of the heap, and a comparison took ten times as long.
 */
function isSame(a: Uint32Array, b: Uint32Array, start: number): boolean {
  for (let i = start; i < start + PAGE_WORDS; i += 4)
    if (a[i] !== b[i] || a[i + 1] !== b[i + 1] || a[i + 2] !== b[i + 2] || a[i + 3] !== b[i + 3]) return false
  return true
}

export class RamShadow {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #words: Uint32Array
  /** By page: 1 when the shadow holds what `#base` does not. */
  readonly #unsaved: Uint8Array
  /** By page: 1 once the shadow has held more than zeros there; the others are never touched, and take no memory. */
  readonly #written: Uint8Array
  #base: SnapshotId | undefined
  #isCapturing = false

  /**
   * Of a RAM of `ramBytes`, zeros so far; or, with `from`, of what snapshot `from.id` was just loaded into: those
   * bytes are taken over.
   */
  constructor(ramBytes: number, from?: { readonly id: SnapshotId; readonly ram: Uint8Array<ArrayBuffer> }) {
    assert(ramBytes % PAGE_BYTES === 0, 'whole pages of RAM')
    this.#bytes = from?.ram ?? new Uint8Array(ramBytes)
    assert(this.#bytes.length === ramBytes, 'a snapshot of that size')
    this.#words = wordsOf(this.#bytes)
    this.#unsaved = new Uint8Array(ramBytes / PAGE_BYTES)
    this.#written = new Uint8Array(this.#unsaved.length)
    if (from !== undefined) this.#written.fill(1)
    this.#base = from?.id
  }

  /** Forgets what is stored: the next capture starts from zeros. For when the base was removed. */
  forgetBase(): void {
    this.#base = undefined
    this.#unsaved.set(this.#written)
  }

  /**
   * Takes in what a running guest has in its RAM, a part a turn, so that its pause has little left to copy. `ram` gives it
   * anew for each part: the guest runs between them.
   */
  *approach(ram: () => Uint8Array): Generator<void> {
    for (let page = 0; page < this.#unsaved.length; page += APPROACH_PAGES) {
      this.#compare(ram(), page, Math.min(page + APPROACH_PAGES, this.#unsaved.length))
      yield
    }
  }

  /** Takes the RAM in, in the guest's pause. `ram` is not kept; it is aligned to four bytes. */
  capture(ram: Uint8Array): Capture {
    assert(!this.#isCapturing, 'the last capture is settled')
    assert(ram.length === this.#bytes.length, 'RAM does not change its size')
    this.#compare(ram, 0, this.#unsaved.length)
    this.#isCapturing = true
    const indices = this.#unsavedPages()
    return {
      imageBytes: this.#bytes.length,
      base: this.#base,
      changedPages: indices.length,
      batches: () => this.#batches(indices),
      settle: (stored) => {
        assert(this.#isCapturing, 'a capture is settled once')
        this.#isCapturing = false
        if (stored === undefined) return
        this.#base = stored
        this.#unsaved.fill(0)
      },
    }
  }

  #compare(ram: Uint8Array, first: number, end: number): void {
    const words = wordsOf(ram)
    for (let page = first; page < end; page += 1) {
      const start = page * PAGE_WORDS
      if (this.#written[page] === 0 ? isZeroPage(words, start) : isSame(words, this.#words, start)) continue
      this.#written[page] = 1
      this.#words.set(words.subarray(start, start + PAGE_WORDS), start)
      this.#unsaved[page] = 1
    }
  }

  #unsavedPages(): Uint32Array<ArrayBuffer> {
    const pages = new Uint32Array(this.#unsaved.length)
    let count = 0
    for (let page = 0; page < pages.length; page += 1)
      if (this.#unsaved[page] === 1) {
        pages[count] = page
        count += 1
      }
    return pages.slice(0, count)
  }

  *#batches(indices: Uint32Array<ArrayBuffer>): Generator<PageBatch> {
    for (let at = 0; at < indices.length; at += BATCH_PAGES) {
      const part = indices.subarray(at, at + BATCH_PAGES)
      const isZero = (page: number): boolean => isZeroPage(this.#words, page * PAGE_WORDS)
      const filled = part.filter((page) => !isZero(page))
      const bytes = new Uint8Array(filled.length * PAGE_BYTES)
      for (const [position, page] of filled.entries())
        bytes.set(this.#bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), position * PAGE_BYTES)
      yield { indices: filled, bytes, zeros: part.filter(isZero) }
    }
  }
}
