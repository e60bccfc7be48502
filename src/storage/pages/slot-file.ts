/**
 * A file of 4 KiB slots under one root record, copy on write: what snapshots and disk overlays are kept in.
 *
 * ```
 * offset 0       root record A ┐ the valid one with the higher sequence number is the state of the store
 *        4096    root record B ┘
 *        8192    group 0 ┬ directory: 256 × 16-byte hash, one per slot of the group
 *                        └ slots 1 … 256, 4096 bytes each
 *        …       group 1 ─ directory, slots 257 … 512, and so on; slot 0 stands for a page of zeros and is nowhere
 *
 * root record:  0 magic (8) │ 8 version u32 │ 12 payload length u32 │ 16 sequence u64 │ 24 zero (8)
 *               32 payload, which leads to every other live slot │ 4080 hash of bytes 0 … 4079 (16)
 * ```
 * Little endian. Commit: write slots that nothing refers to, write their hashes, flush, write the older of the two root
 * records, flush. Until the last step the other root record leads to slots that were not touched; so a crash at any
 * instant leaves the old state or the new one. Which slots are live is not stored: the owner counts references from the
 * root on when it opens, so that counts cannot disagree with what they count.
 * A slot read back is compared with its hash: damage is noticed, never passed on. After a failed write or flush of a root
 * record the state on the device is unknown, and everything is refused until the file is opened again.
 */

import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { assert } from '../../base/assert.ts'
import type { DiskHandle } from '../opfs-disk.ts'
import { StorageError, storageError } from '../storage-error.ts'
import { FormatError } from './format-error.ts'
import { HASH_BYTES, HASH_WORDS, hashBytes, hashWords } from './page-hash.ts'

export const PAGE_BYTES = 4096
export const PAGE_WORDS = PAGE_BYTES / 4

/** As many hashes as one directory page holds. */
export const GROUP_SLOTS = PAGE_BYTES / HASH_BYTES

const VERSION = 1
const ROOT_BYTES = 4096
const HEADER_BYTES = 32
const HEAP_START = 2 * ROOT_BYTES
const GROUP_BYTES = (GROUP_SLOTS + 1) * PAGE_BYTES

/** Bytes of payload that a root record takes. */
export const ROOT_PAYLOAD_BYTES = ROOT_BYTES - HEADER_BYTES - HASH_BYTES

/** 16 GiB: 24 bytes of bookkeeping a slot stay below 100 MB, and browsers' quotas end about there. */
const MAX_SLOTS = 2 ** 22

const EMPTY = new Uint8Array()

function groupStart(group: number): number {
  return HEAP_START + group * GROUP_BYTES
}

function slotOffset(slot: number): number {
  const index = slot - 1
  return groupStart(Math.floor(index / GROUP_SLOTS)) + (1 + (index % GROUP_SLOTS)) * PAGE_BYTES
}

function grown(from: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(length)
  to.set(from)
  return to
}

type Root = { readonly sequence: bigint; readonly payload: Uint8Array }

export class SlotFile {
  readonly #handle: DiskHandle
  readonly #magic: string
  /** How errors call it: “snapshots”, “disk primary”. */
  readonly #what: string
  #sequence = 0n
  #payload: Uint8Array = EMPTY
  #groups = 0
  /** By slot: how many refer to it; 0 is free. */
  #references = new Uint32Array(1)
  #hashes = new Uint32Array(HASH_WORDS)
  #live = 0
  /** No free slot is below. */
  #lowestFree = 1
  /** By group: first and last slot whose hash is not written yet. */
  readonly #unwrittenHashes = new Map<number, { first: number; last: number }>()
  #failed = false

  private constructor(handle: DiskHandle, magic: string, what: string) {
    this.#handle = handle
    this.#magic = magic
    this.#what = what
  }

  /**
   * Opens the file behind `handle`, or makes it where it is empty. The owner then claims every live slot.
   * @throws FormatError (foreign, version, corrupt), StorageError
   */
  static open(handle: DiskHandle, magic: string, what: string): SlotFile {
    assert(magic.length === 8, 'a magic of eight characters')
    const file = new SlotFile(handle, magic, what)
    const size = file.#io(() => handle.getSize())
    const blank = file.#encodeRoot(0n, EMPTY)
    if (size === 0 || file.#isUnfinished(size, blank)) file.#create(blank)
    else file.#load(size)
    return file
  }

  #io<T>(action: () => T): T {
    if (this.#failed)
      throw new StorageError('io', `${this.#what}: an earlier write failed; reload the page to go on.`)
    try {
      return action()
    } catch (error) {
      throw storageError(this.#what, error)
    }
  }

  #readAt(offset: number, into: Uint8Array): number {
    return this.#io(() => this.#handle.read(into, { at: offset }))
  }

  #writeAt(offset: number, bytes: Uint8Array): void {
    const written = this.#io(() => this.#handle.write(bytes, { at: offset }))
    // In Chromium's private windows a write without room answers its error, −8, as an unsigned number.
    if (written !== bytes.length) throw this.#noRoom()
  }

  #noRoom(): StorageError {
    return storageError(this.#what, new DOMException('', 'QuotaExceededError'))
  }

  /** A kill while the first root record was being written: nothing can have been stored yet. */
  #isUnfinished(size: number, blank: Uint8Array): boolean {
    if (size > HEAP_START) return false
    const found = new Uint8Array(HEAP_START)
    this.#readAt(0, found)
    const isPart = found.every((byte, at) => byte === 0 || byte === blank[at])
    return isPart && !found.subarray(0, ROOT_BYTES).every((byte, at) => byte === blank[at])
  }

  #create(blank: Uint8Array): void {
    this.#io(() => this.#handle.truncate(0))
    this.#io(() => this.#handle.truncate(HEAP_START))
    this.#writeAt(0, blank)
    this.#io(() => this.#handle.flush())
  }

  #encodeRoot(sequence: bigint, payload: Uint8Array): Uint8Array {
    assert(payload.length <= ROOT_PAYLOAD_BYTES, 'the payload fits the root record')
    const root = new Uint8Array(ROOT_BYTES)
    const header = new ByteWriter()
      .bytes(new TextEncoder().encode(this.#magic))
      .u32(VERSION)
      .u32(payload.length)
      .u64(sequence)
      .finish()
    root.set(header)
    root.set(payload, HEADER_BYTES)
    root.set(hashBytes(root.subarray(0, ROOT_BYTES - HASH_BYTES)), ROOT_BYTES - HASH_BYTES)
    return root
  }

  #decodeRoot(untrustedRoot: Uint8Array): Root | 'foreign' | 'version' | 'corrupt' {
    const hasMagic = new TextEncoder().encode(this.#magic).every((byte, at) => untrustedRoot[at] === byte)
    if (!hasMagic) return 'foreign'
    const stored = untrustedRoot.subarray(ROOT_BYTES - HASH_BYTES)
    const computed = hashBytes(untrustedRoot.subarray(0, ROOT_BYTES - HASH_BYTES))
    if (!computed.every((byte, at) => stored[at] === byte)) return 'corrupt'
    const reader = new ByteReader(untrustedRoot.subarray(8))
    const version = reader.u32('version')
    if (version !== VERSION) return 'version'
    const length = reader.u32('payload length')
    const sequence = BigInt(reader.u32('sequence')) | (BigInt(reader.u32('sequence')) << 32n)
    if (length > ROOT_PAYLOAD_BYTES) return 'corrupt'
    return { sequence, payload: untrustedRoot.slice(HEADER_BYTES, HEADER_BYTES + length) }
  }

  #load(size: number): void {
    const roots = [0, ROOT_BYTES].map((offset) => {
      const bytes = new Uint8Array(ROOT_BYTES)
      this.#readAt(offset, bytes)
      return this.#decodeRoot(bytes)
    })
    const newest = roots
      .filter((root) => typeof root === 'object')
      .reduce<Root | undefined>(
        (best, root) => (best && best.sequence > root.sequence ? best : root),
        undefined,
      )
    // A newer version's record beside an older one of ours: what it says is unknown, so nothing may be written.
    if (roots.includes('version'))
      throw new FormatError('version', `${this.#what}: written by a newer HyperSpace; use that one.`)
    if (newest === undefined)
      throw roots.includes('corrupt')
        ? new FormatError('corrupt', `${this.#what}: both root records are damaged.`)
        : new FormatError('foreign', `${this.#what}: this is not a file of HyperSpace.`)
    this.#sequence = newest.sequence
    this.#payload = newest.payload
    const groups = Math.min(Math.ceil(Math.max(0, size - HEAP_START) / GROUP_BYTES), MAX_SLOTS / GROUP_SLOTS)
    this.#makeRoom(groups)
    const directory = new Uint8Array(this.#hashes.buffer, HASH_BYTES)
    for (let group = 0; group < groups; group += 1)
      this.#readAt(groupStart(group), directory.subarray(group * PAGE_BYTES, (group + 1) * PAGE_BYTES))
    this.#groups = groups
  }

  #makeRoom(groups: number): void {
    const length = groups * GROUP_SLOTS + 1
    if (length <= this.#references.length) return
    const room = Math.max(length, Math.min(this.#references.length * 2, MAX_SLOTS + 1))
    this.#references = grown(this.#references, room)
    this.#hashes = grown(this.#hashes, room * HASH_WORDS)
  }

  /** What the last commit, or the one found, carries; empty in a new file. */
  get payload(): Uint8Array {
    return this.#payload
  }

  /** Slots that the file has room for, live and free. */
  get capacity(): number {
    return this.#groups * GROUP_SLOTS
  }

  get liveSlots(): number {
    return this.#live
  }

  get fileBytes(): number {
    return groupStart(this.#groups)
  }

  /** Hashes of all slots, four words each, for an index. Replaced when the file grows: never kept. */
  get hashes(): Uint32Array {
    return this.#hashes
  }

  references(slot: number): number {
    return this.#references[slot] ?? 0
  }

  /** Adds a reference; slot 0 needs none. */
  retain(slot: number): void {
    assert(slot >= 0 && slot <= this.capacity, `slot ${slot} exists`)
    if (slot === 0) return
    const count = this.references(slot)
    if (count === 0) this.#live += 1
    this.#references[slot] = count + 1
  }

  /**
   * Takes a reference back; true when it was the last and the slot is free from now on. What a committed root leads to is
   * released after the commit that no longer does.
   */
  release(slot: number): boolean {
    if (slot === 0) return false
    const count = this.references(slot)
    assert(count > 0, `slot ${slot} is referred to`)
    this.#references[slot] = count - 1
    if (count > 1) return false
    this.#live -= 1
    if (slot < this.#lowestFree) this.#lowestFree = slot
    return true
  }

  /** A free slot, the lowest, with one reference; the file grows where none is free. @throws StorageError (quota) */
  allocate(): number {
    let slot = this.#lowestFree
    while (slot <= this.capacity && this.references(slot) > 0) slot += 1
    this.#lowestFree = slot
    if (slot > this.capacity) this.#grow()
    this.retain(slot)
    this.#lowestFree = slot + 1
    return slot
  }

  #grow(): void {
    if (this.capacity >= MAX_SLOTS)
      throw new StorageError('quota', `${this.#what}: 16 GiB are full; delete something.`)
    // Asking for the room at once makes quota end here, not in the middle of a commit.
    const size = groupStart(this.#groups + 1)
    this.#io(() => this.#handle.truncate(size))
    // The same windows shorten in silence what was asked for.
    if (this.#io(() => this.#handle.getSize()) < size) throw this.#noRoom()
    this.#makeRoom(this.#groups + 1)
    this.#groups += 1
  }

  /** Gives room past the last live slot back to the browser, as far as it takes it. Not while a commit is being made. */
  trim(): void {
    if (this.#failed) return
    let last = this.capacity
    while (last > 0 && this.references(last) === 0) last -= 1
    const groups = Math.ceil(last / GROUP_SLOTS)
    if (groups === this.#groups) return
    try {
      this.#io(() => this.#handle.truncate(groupStart(groups)))
    } catch (error) {
      // The room stays in the file and is used again.
      if (error instanceof StorageError) return
      throw error
    }
    this.#groups = groups
    for (const group of this.#unwrittenHashes.keys()) if (group >= groups) this.#unwrittenHashes.delete(group)
  }

  /** How many of the slots from `first` on, `most` at most, can be read or written in one go: neighbours in a group. */
  runLimit(first: number, most: number): number {
    return Math.min(most, GROUP_SLOTS - ((first - 1) % GROUP_SLOTS))
  }

  /** Writes pages to neighbouring slots of one group that no root leads to. `pages` is aligned to four bytes. */
  write(first: number, pages: Uint8Array): void {
    const count = pages.length / PAGE_BYTES
    assert(first > 0 && this.runLimit(first, count) === count, 'a run stays inside its group')
    this.#writeAt(slotOffset(first), pages)
    const words = new Uint32Array(pages.buffer, pages.byteOffset, count * PAGE_WORDS)
    for (let page = 0; page < count; page += 1)
      hashWords(words, page * PAGE_WORDS, PAGE_WORDS, this.#hashes, (first + page) * HASH_WORDS)
    const group = Math.floor((first - 1) / GROUP_SLOTS)
    const known = this.#unwrittenHashes.get(group) ?? { first, last: first }
    this.#unwrittenHashes.set(group, {
      first: Math.min(known.first, first),
      last: Math.max(known.last, first + count - 1),
    })
  }

  /**
   * Reads neighbouring slots of one group into `into`, aligned to four bytes, and checks each against its hash. Returns
   * the first slot that is damaged, or undefined.
   */
  read(first: number, into: Uint8Array): number | undefined {
    const count = into.length / PAGE_BYTES
    assert(first > 0 && this.runLimit(first, count) === count, 'a run stays inside its group')
    const got = this.#readAt(slotOffset(first), into)
    const words = new Uint32Array(into.buffer, into.byteOffset, count * PAGE_WORDS)
    const hash = new Uint32Array(HASH_WORDS)
    for (let page = 0; page < count; page += 1) {
      if (got < (page + 1) * PAGE_BYTES) return first + page
      hashWords(words, page * PAGE_WORDS, PAGE_WORDS, hash, 0)
      const at = (first + page) * HASH_WORDS
      for (let word = 0; word < HASH_WORDS; word += 1)
        if (hash[word] !== this.#hashes[at + word]) return first + page
    }
    return undefined
  }

  /** Makes everything written and `payload` the state of the store: all of it or, after a crash, nothing of it. */
  commit(payload: Uint8Array): void {
    const bytes = new Uint8Array(this.#hashes.buffer)
    for (const [group, { first, last }] of this.#unwrittenHashes) {
      const inGroup = first - 1 - group * GROUP_SLOTS
      this.#writeAt(
        groupStart(group) + inGroup * HASH_BYTES,
        bytes.subarray(first * HASH_BYTES, (last + 1) * HASH_BYTES),
      )
    }
    this.#io(() => this.#handle.flush())
    this.#unwrittenHashes.clear()
    const sequence = this.#sequence + 1n
    const root = this.#encodeRoot(sequence, payload)
    try {
      this.#writeAt(Number(sequence % 2n) * ROOT_BYTES, root)
      this.#io(() => this.#handle.flush())
    } catch (error) {
      this.#failed = true
      throw error
    }
    this.#sequence = sequence
    this.#payload = payload
  }

  close(): void {
    this.#handle.close()
  }
}
