/**
 * Which slot holds which block of a disk, as a two-level table like that of IA-32 paging, copy on write in a slot file
 * (../pages/slot-file.ts), little endian.
 *
 * ```
 * root payload:  u64 disk size │ fingerprint of the base (string) │ u32 count, count × u32 slot of a directory page
 * directory:     per leaf a u32 slot, 0: nothing in it differs from the base          1024 to a page
 * leaf:          per 4 KiB block a u32: 0 the base has it │ 0xffffffff zeros │ else its slot
 * ```
 * A changed block gets a slot that no root leads to; so do the leaf and the directory page above it, as soon as the block
 * changes, so that a full device refuses the write and not the flush. A commit switches all of them at once.
 */

import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { FormatError } from '../pages/format-error.ts'
import { PAGE_BYTES, PAGE_WORDS, type SlotFile } from '../pages/slot-file.ts'

export const BLOCK_BYTES = PAGE_BYTES

/** Entries of blocks that have no slot. */
export const FROM_BASE = 0
export const ZEROS = 0xffffffff

/** 8 GiB: the table's 8 MB are in memory, and the slot file ends at twice that. */
export const MAX_DISK_BYTES = 2 ** 33

export class BlockMap {
  readonly #file: SlotFile
  readonly #size: number
  readonly #base: string
  readonly #leaves: (Uint32Array<ArrayBuffer> | undefined)[]
  #leafSlots: Uint32Array<ArrayBuffer>
  #directorySlots: Uint32Array<ArrayBuffer>
  /** Slots kept for what a commit writes: of changed leaves and directory pages. */
  readonly #newLeaves = new Map<number, number>()
  readonly #newDirectories = new Map<number, number>()
  /** Slots that no root leads to yet: written in place. */
  readonly #fresh = new Set<number>()
  /** Slots that the last commit leads to and the next one does not. */
  #superseded: number[] = []
  #changedBlocks = 0

  /** @throws FormatError (mismatch, corrupt), StorageError */
  constructor(file: SlotFile, size: number, base: string) {
    this.#file = file
    this.#size = size
    this.#base = base
    const leaves = Math.ceil(Math.ceil(size / BLOCK_BYTES) / PAGE_WORDS)
    this.#leaves = Array.from({ length: leaves }, () => undefined)
    this.#directorySlots = new Uint32Array(Math.ceil(leaves / PAGE_WORDS))
    this.#leafSlots = new Uint32Array(this.#directorySlots.length * PAGE_WORDS)
    if (file.payload.length > 0) this.#load(file.payload)
  }

  #load(untrustedPayload: Uint8Array): void {
    const reader = new ByteReader(untrustedPayload)
    const size = reader.u32('size') + reader.u32('size') * 2 ** 32
    const base = reader.string('base')
    const count = reader.u32('directory pages')
    const slots = Array.from({ length: Math.min(count, PAGE_WORDS) }, () => reader.u32('directory page'))
    const end = reader.finish()
    if (!end.ok) throw new FormatError('corrupt', `The disk’s changes: ${end.error}.`)
    if (size !== this.#size || base !== this.#base)
      throw new FormatError(
        'mismatch',
        'The disk’s changes belong to another base image; reset them to use this one.',
      )
    if (slots.length !== this.#directorySlots.length)
      throw new FormatError('corrupt', `The disk’s changes: ${count} directory pages.`)
    this.#directorySlots.set(slots)
    for (const [index, slot] of this.#directorySlots.entries())
      if (slot !== 0) this.#leafSlots.set(this.#claimPage(slot), index * PAGE_WORDS)
    for (const [index, slot] of this.#leafSlots.entries()) {
      if (slot === 0) continue
      if (index >= this.#leaves.length)
        throw new FormatError('corrupt', 'The disk’s changes: a leaf past the end.')
      const leaf = this.#claimPage(slot)
      this.#leaves[index] = leaf
      for (const entry of leaf) {
        if (entry === FROM_BASE) continue
        this.#changedBlocks += 1
        if (entry !== ZEROS) this.#claim(entry)
      }
    }
  }

  #claim(slot: number): void {
    if (slot > this.#file.capacity || this.#file.references(slot) > 0)
      throw new FormatError('corrupt', `The disk’s changes: slot ${slot} is cut off or used twice.`)
    this.#file.retain(slot)
  }

  #claimPage(slot: number): Uint32Array<ArrayBuffer> {
    this.#claim(slot)
    const page = new Uint32Array(PAGE_WORDS)
    if (this.#file.read(slot, new Uint8Array(page.buffer)) !== undefined)
      throw new FormatError('corrupt', 'The disk’s changes: a page of the block table is damaged.')
    return page
  }

  get changedBlocks(): number {
    return this.#changedBlocks
  }

  /** Whether a commit would change anything. */
  get isDirty(): boolean {
    return this.#newLeaves.size > 0
  }

  get(block: number): number {
    return this.#leaves[Math.floor(block / PAGE_WORDS)]?.[block % PAGE_WORDS] ?? FROM_BASE
  }

  /** Blocks that have a slot, in order. */
  *filled(): Generator<number> {
    for (const [index, leaf] of this.#leaves.entries())
      for (const [at, entry] of leaf?.entries() ?? [])
        if (entry !== FROM_BASE && entry !== ZEROS) yield index * PAGE_WORDS + at
  }

  /** Whether the slot may be written in place: no root leads to it. */
  isFresh(slot: number): boolean {
    return this.#fresh.has(slot)
  }

  /** A slot to write a block to, and room for the table pages above that block. @throws StorageError (quota) */
  allocateFor(block: number): number {
    this.#reserve(block)
    const slot = this.#file.allocate()
    this.#fresh.add(slot)
    return slot
  }

  /** Gives back what `allocateFor` gave, when writing to it failed. */
  giveUp(slot: number): void {
    this.#fresh.delete(slot)
    this.#file.release(slot)
  }

  #reserve(block: number): void {
    const leaf = Math.floor(block / PAGE_WORDS)
    if (this.#newLeaves.has(leaf)) return
    const directory = Math.floor(leaf / PAGE_WORDS)
    if (!this.#newDirectories.has(directory)) this.#newDirectories.set(directory, this.#file.allocate())
    this.#newLeaves.set(leaf, this.#file.allocate())
  }

  /** Lets `block` be at a slot, zeros, or the base's. @throws StorageError (quota) where there is no room for the table */
  set(block: number, entry: number): void {
    this.#reserve(block)
    const index = Math.floor(block / PAGE_WORDS)
    const leaf = this.#leaves[index] ?? new Uint32Array(PAGE_WORDS)
    this.#leaves[index] = leaf
    const old = leaf[block % PAGE_WORDS] ?? FROM_BASE
    if (old === entry) return
    leaf[block % PAGE_WORDS] = entry
    this.#changedBlocks += Number(entry !== FROM_BASE) - Number(old !== FROM_BASE)
    if (old === FROM_BASE || old === ZEROS) return
    if (this.#fresh.has(old)) this.giveUp(old)
    else this.#superseded.push(old)
  }

  /** Makes the map as it is the one found after a crash. @throws StorageError; then the last one committed still is */
  commit(): void {
    const leafSlots = this.#leafSlots.slice()
    const directorySlots = this.#directorySlots.slice()
    for (const [index, slot] of this.#newLeaves) {
      // Reserved for a block whose write failed: nothing in it differs.
      const leaf = this.#leaves[index] ?? new Uint32Array(PAGE_WORDS)
      this.#file.write(slot, new Uint8Array(leaf.buffer))
      leafSlots[index] = slot
    }
    for (const [index, slot] of this.#newDirectories) {
      const page = leafSlots.slice(index * PAGE_WORDS, (index + 1) * PAGE_WORDS)
      this.#file.write(slot, new Uint8Array(page.buffer))
      directorySlots[index] = slot
    }
    const payload = new ByteWriter().u64(BigInt(this.#size)).string(this.#base).u32(directorySlots.length)
    for (const slot of directorySlots) payload.u32(slot)
    this.#file.commit(payload.finish())
    for (const slot of this.#superseded) this.#file.release(slot)
    for (const index of this.#newLeaves.keys()) this.#file.release(this.#leafSlots[index] ?? 0)
    for (const index of this.#newDirectories.keys()) this.#file.release(this.#directorySlots[index] ?? 0)
    this.#leafSlots = leafSlots
    this.#directorySlots = directorySlots
    this.#superseded = []
    this.#fresh.clear()
    this.#newLeaves.clear()
    this.#newDirectories.clear()
  }
}
