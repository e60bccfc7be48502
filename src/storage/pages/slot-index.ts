/** Finds slots by the hash of their content: a hash table with chains in two arrays, so that a million slots cost 8 MB. */

import { HASH_WORDS } from './page-hash.ts'

const FIRST_BUCKETS = 2 ** 12

export class SlotIndex {
  /** By bucket: the first slot of its chain; 0 is none. */
  #heads = new Uint32Array(FIRST_BUCKETS)
  /** By slot: the next one of its chain. */
  #next = new Uint32Array(FIRST_BUCKETS)
  #count = 0

  #bucket(hashes: Uint32Array, slot: number): number {
    return (hashes[slot * HASH_WORDS] ?? 0) & (this.#heads.length - 1)
  }

  /** Adds `slot` under the hash it has now. */
  add(hashes: Uint32Array, slot: number): void {
    if (slot >= this.#next.length) {
      const next = new Uint32Array(Math.max(slot + 1, this.#next.length * 2))
      next.set(this.#next)
      this.#next = next
    }
    if (this.#count >= this.#heads.length) this.#rehash(hashes)
    this.#link(hashes, slot)
    this.#count += 1
  }

  #link(hashes: Uint32Array, slot: number): void {
    const bucket = this.#bucket(hashes, slot)
    this.#next[slot] = this.#heads[bucket] ?? 0
    this.#heads[bucket] = slot
  }

  #rehash(hashes: Uint32Array): void {
    const slots: number[] = []
    for (const head of this.#heads)
      for (let slot = head; slot !== 0; slot = this.#next[slot] ?? 0) slots.push(slot)
    this.#heads = new Uint32Array(this.#heads.length * 2)
    for (const slot of slots) this.#link(hashes, slot)
  }

  /** Takes `slot` out, if it is in; its hash must be the one it was added under. */
  remove(hashes: Uint32Array, slot: number): void {
    const bucket = this.#bucket(hashes, slot)
    let before = 0
    for (let at = this.#heads[bucket] ?? 0; at !== 0; before = at, at = this.#next[at] ?? 0) {
      if (at !== slot) continue
      const after = this.#next[at] ?? 0
      if (before === 0) this.#heads[bucket] = after
      else this.#next[before] = after
      this.#count -= 1
      return
    }
  }

  /** A slot whose hash is the four words at `hash[at]`, or undefined. */
  find(hashes: Uint32Array, hash: Uint32Array, at: number): number | undefined {
    const bucket = (hash[at] ?? 0) & (this.#heads.length - 1)
    for (let slot = this.#heads[bucket] ?? 0; slot !== 0; slot = this.#next[slot] ?? 0) {
      const start = slot * HASH_WORDS
      if (
        hashes[start] === hash[at] &&
        hashes[start + 1] === hash[at + 1] &&
        hashes[start + 2] === hash[at + 2] &&
        hashes[start + 3] === hash[at + 3]
      )
        return slot
    }
    return undefined
  }
}
