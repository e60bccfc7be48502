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

  seed({ indices, bytes }: DiskContent): void {
    assert(this.isBlank, 'a blank disk')
    for (const [position, block] of indices.entries()) {
      const length = Math.min(IMAGE_PAGE_BYTES, this.size - block * IMAGE_PAGE_BYTES)
      const from = position * IMAGE_PAGE_BYTES
      this.#seed.set(block, bytes.slice(from, from + length))
    }
  }

  /** Lets the store have what it was seeded with. The seed stays where the store refuses it. */
  plant(): void | Promise<void> {
    const waiting: Promise<void>[] = []
    for (const [block, bytes] of this.#seed) {
      const written = this.#store.write(block * IMAGE_PAGE_BYTES, bytes.slice())
      if (written instanceof Promise) waiting.push(written)
    }
    if (waiting.length === 0) return this.#seed.clear()
    return Promise.all(waiting).then(() => this.#seed.clear())
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
    const planted = this.#seed.size === 0 ? undefined : this.plant()
    return planted instanceof Promise
      ? planted.then(() => this.#store.write(offset, bytes))
      : this.#store.write(offset, bytes)
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
