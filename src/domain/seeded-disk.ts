/**
 * A blank disk that a state has content for: the guest finds that content, and the store gets it with the first thing that the
 * guest writes. Who only looks around leaves the disk blank, and so the state still fits it at the next start.
 */

import { assert } from '../base/assert.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { DiskContent } from '../machine/state-file.ts'
import { IMAGE_PAGE_BYTES } from '../protocol/store.ts'

export class SeededDisk implements BlockStore {
  readonly size: number
  readonly readOnly = false
  readonly #store: BlockStore
  /** By block, what the store does not have yet. */
  readonly #seed = new Map<number, Uint8Array<ArrayBuffer>>()

  constructor(store: BlockStore) {
    this.#store = store
    this.size = store.size
  }

  /** Whether it is known to hold nothing but zeros. */
  get isBlank(): boolean {
    if (this.#seed.size > 0) return false
    const occupied = this.#store.occupied?.()
    return occupied !== undefined && [...occupied].length === 0
  }

  /** Once, before the guest runs. */
  seed({ indices, bytes }: DiskContent): void {
    assert(this.isBlank, 'a blank disk')
    for (const [position, block] of indices.entries()) {
      const length = Math.min(IMAGE_PAGE_BYTES, this.size - block * IMAGE_PAGE_BYTES)
      const from = position * IMAGE_PAGE_BYTES
      this.#seed.set(block, bytes.slice(from, from + length))
    }
  }

  /**
   * Lets the store have what it was seeded with; where that fails, the seed stays. The first block goes last: it is what a file
   * system is known by, so that a disk with no room for all of it still passes for blank.
   * @throws what the store refuses it with
   */
  #plant(): void {
    for (const [block, bytes] of [...this.#seed].toReversed()) {
      const written = this.#store.write(block * IMAGE_PAGE_BYTES, bytes.slice())
      assert(!(written instanceof Promise), 'a blank disk takes whole blocks at once')
    }
    this.#seed.clear()
  }

  /** What it was seeded with is on stable storage from now on. */
  async keep(): Promise<void> {
    if (this.#seed.size === 0) return
    this.#plant()
    await this.#store.flush()
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    const bytes = this.#store.read(offset, length)
    if (this.#seed.size === 0) return bytes
    return bytes instanceof Promise
      ? bytes.then((late) => this.#withSeed(offset, late))
      : this.#withSeed(offset, bytes)
  }

  #withSeed(offset: number, found: Uint8Array): Uint8Array {
    const bytes = found.slice()
    const end = offset + bytes.length
    for (let block = Math.floor(offset / IMAGE_PAGE_BYTES); block * IMAGE_PAGE_BYTES < end; block += 1) {
      const seed = this.#seed.get(block)
      if (seed === undefined) continue
      const start = block * IMAGE_PAGE_BYTES
      const from = Math.max(offset, start)
      bytes.set(seed.subarray(from - start, Math.min(end, start + seed.length) - start), from - offset)
    }
    return bytes
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    if (this.#seed.size > 0) this.#plant()
    return this.#store.write(offset, bytes)
  }

  occupied(): Iterable<number> | undefined {
    const beneath = this.#store.occupied?.()
    return beneath && (this.#seed.size === 0 ? beneath : new Set([...beneath, ...this.#seed.keys()]))
  }

  flush(): void | Promise<void> {
    return this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }
}
