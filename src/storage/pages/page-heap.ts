/**
 * Pages by content over a slot file: a page that is there already is referred to instead of written, a page of zeros is
 * slot 0 and costs nothing. Equal means equal bytes: a hash only proposes (see page-hash.ts).
 */

import { isZeroPage } from '../../base/pages.ts'
import { FormatError } from './format-error.ts'
import { HASH_WORDS, hashWords } from './page-hash.ts'
import { SlotIndex } from './slot-index.ts'
import { PAGE_BYTES, PAGE_WORDS, type SlotFile } from './slot-file.ts'

/** Some bytes in slots: whole pages, the last one filled up with zeros. */
export type Blob4K = { readonly length: number; readonly slots: Uint32Array<ArrayBuffer> }

export function wordsOf(pages: Uint8Array): Uint32Array {
  return new Uint32Array(pages.buffer, pages.byteOffset, pages.byteLength / 4)
}

function isSamePage(a: Uint32Array, aStart: number, b: Uint32Array, bStart: number): boolean {
  for (let i = 0; i < PAGE_WORDS; i += 1) if (a[aStart + i] !== b[bStart + i]) return false
  return true
}

export class PageHeap {
  readonly file: SlotFile
  readonly #index = new SlotIndex()

  constructor(file: SlotFile) {
    this.file = file
  }

  /** Counts a reference found on the device. */
  claim(slot: number): void {
    if (slot !== 0 && this.file.references(slot) === 0) this.#index.add(this.file.hashes, slot)
    this.file.retain(slot)
  }

  release(slots: Iterable<number>): void {
    for (const slot of slots) if (this.file.release(slot)) this.#index.remove(this.file.hashes, slot)
  }

  /**
   * Stores the pages, aligned to four bytes, and returns a slot each. A reference per slot is taken, and noted in `taken`
   * as soon as it is, so that a caller can give them back after a failure in the midst. @throws StorageError
   */
  store(pages: Uint8Array, taken: number[]): Uint32Array<ArrayBuffer> {
    const words = wordsOf(pages)
    const count = pages.length / PAGE_BYTES
    const slots = new Uint32Array(count)
    const hash = new Uint32Array(HASH_WORDS)
    const old = new Uint32Array(PAGE_WORDS)
    // Neighbouring pages that get neighbouring slots go out in one write.
    let runPage = 0
    let runLength = 0
    /** First words of the run's hashes: a twin of a page that waits in the run is found once the run is written. */
    const inRun = new Set<number>()
    const writeRun = (): void => {
      if (runLength === 0) return
      const first = slots[runPage] ?? 0
      this.file.write(first, pages.subarray(runPage * PAGE_BYTES, (runPage + runLength) * PAGE_BYTES))
      for (let slot = first; slot < first + runLength; slot += 1) this.#index.add(this.file.hashes, slot)
      runLength = 0
      inRun.clear()
    }
    for (let page = 0; page < count; page += 1) {
      const start = page * PAGE_WORDS
      if (isZeroPage(words, start)) continue
      hashWords(words, start, PAGE_WORDS, hash, 0)
      if (inRun.has(hash[0] ?? 0)) writeRun()
      const found = this.#index.find(this.file.hashes, hash, 0)
      if (found !== undefined) {
        const isSound = this.file.read(found, new Uint8Array(old.buffer)) === undefined
        if (isSound && isSamePage(words, start, old, 0)) {
          this.file.retain(found)
          taken.push(found)
          slots[page] = found
          continue
        }
        // A damaged page must not keep its sound twin from being found.
        if (!isSound) this.#index.remove(this.file.hashes, found)
      }
      const slot = this.file.allocate()
      taken.push(slot)
      slots[page] = slot
      const follows =
        runLength > 0 &&
        page === runPage + runLength &&
        slot === (slots[runPage] ?? 0) + runLength &&
        this.file.runLimit(slots[runPage] ?? 0, runLength + 1) > runLength
      if (!follows) {
        writeRun()
        runPage = page
      }
      runLength += 1
      inRun.add(hash[0] ?? 0)
    }
    writeRun()
    return slots
  }

  /** Stores bytes of any length. */
  storeBlob(bytes: Uint8Array, taken: number[]): Blob4K {
    const pages = new Uint8Array(Math.ceil(bytes.length / PAGE_BYTES) * PAGE_BYTES)
    pages.set(bytes)
    return { length: bytes.length, slots: this.store(pages, taken) }
  }

  /**
   * Reads a page per slot into `into`, zeros and aligned to four bytes; neighbours in one read.
   * @throws FormatError (corrupt) with `what` in its message, StorageError
   */
  load(slots: Uint32Array, into: Uint8Array, what: string): void {
    for (let page = 0; page < slots.length;) {
      const first = slots[page] ?? 0
      let run = 1
      if (first === 0) {
        // Zeros already; to look would touch memory that nobody has touched yet.
        while (page + run < slots.length && slots[page + run] === 0) run += 1
      } else {
        const limit = this.file.runLimit(first, slots.length - page)
        while (run < limit && slots[page + run] === first + run) run += 1
        const damaged = this.file.read(first, into.subarray(page * PAGE_BYTES, (page + run) * PAGE_BYTES))
        if (damaged !== undefined) throw new FormatError('corrupt', `${what}: a stored page is damaged.`)
      }
      page += run
    }
  }

  loadBlob({ length, slots }: Blob4K, what: string): Uint8Array<ArrayBuffer> {
    const pages = new Uint8Array(slots.length * PAGE_BYTES)
    this.load(slots, pages, what)
    return pages.subarray(0, length)
  }

  /**
   * Copies a page to the lowest free slot if that is below it, for compaction, and notes that slot in `taken`; undefined
   * where none is, or the page is damaged.
   */
  moveDown(slot: number, taken: number[]): number | undefined {
    const page = new Uint8Array(PAGE_BYTES)
    if (this.file.read(slot, page) !== undefined) return undefined
    const to = this.file.allocate()
    if (to > slot) {
      this.file.release(to)
      return undefined
    }
    taken.push(to)
    this.file.write(to, page)
    this.#index.remove(this.file.hashes, slot)
    this.#index.add(this.file.hashes, to)
    return to
  }
}
