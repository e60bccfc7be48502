/**
 * A virtual disk as a read-only base and the blocks that differ from it, in a slot file. Workers only.
 *
 * ```
 * read   overlay has the block ── its slot, checked against its hash     flush   pages, table, flush, root record, flush
 *        zeros                 ── zeros                                  reset   an empty table, committed
 *        neither               ── the base
 * ```
 * A crash at any instant leaves the disk as it was at the last `flush` that returned, or at one that was under way: blocks
 * are never written over, so what was not flushed is not there in part. Writes of less than a block over the base wait in
 * memory until the rest of the block is read, at `flush` at the latest; so that `write` answers at once. When there is no
 * room the write fails, a `StorageError` (quota), with each of its blocks old or new, and the disk goes on. A flush into a file
 * that the browser has removed meanwhile fails, too (evicted), and so does every later one.
 */

import { assert } from '../../base/assert.ts'
import type { Result } from '../../base/result.ts'
import { UNWATCHED, type Watch } from '../../base/watch.ts'
import type { BlockStore } from '../../protocol/block-store.ts'
import type { DiskHandle } from '../opfs-disk.ts'
import { StorageError } from '../storage-error.ts'
import { attempt, FormatError, type StoreFault } from '../pages/format-error.ts'
import { isZeroPage } from '../../base/pages.ts'
import { wordsOf } from '../pages/page-heap.ts'
import { SlotFile } from '../pages/slot-file.ts'
import { BLOCK_BYTES, BlockMap, FROM_BASE, MAX_DISK_BYTES, ZEROS } from './block-map.ts'

const MAGIC = 'HSDISK1\n'
const SECTOR_BYTES = 512
const BLOCK_SECTORS = BLOCK_BYTES / SECTOR_BYTES

/** 1 MiB of blocks that wait for the rest of them; then `write` waits instead. */
const MAX_PARTIAL_BLOCKS = 256

/** What import reads at a time. */
const IMPORT_BYTES = 2 ** 20

/** Sectors written over a block that the base has the rest of. */
type PartialBlock = { readonly bytes: Uint8Array<ArrayBuffer>; readonly written: boolean[] }

export type OverlayUsage = {
  /** Bytes of the disk that differ from the base. */
  readonly changedBytes: number
  /** Bytes kept for them, table included. */
  readonly liveBytes: number
  /** What the file takes, free room in it included. */
  readonly fileBytes: number
}

export class DiskOverlay implements BlockStore {
  readonly size: number
  readonly readOnly = false
  readonly #handle: DiskHandle
  readonly #base: BlockStore
  readonly #fingerprint: string
  readonly #what: string
  readonly #isKept: (() => Promise<boolean>) | undefined
  #isLost = false
  #file: SlotFile
  #map: BlockMap
  readonly #partial = new Map<number, PartialBlock>()

  private constructor(
    handle: DiskHandle,
    base: BlockStore,
    fingerprint: string,
    what: string,
    isKept: (() => Promise<boolean>) | undefined,
  ) {
    this.#handle = handle
    this.#base = base
    this.#fingerprint = fingerprint
    this.#what = what
    this.#isKept = isKept
    this.size = base.size
    this.#file = SlotFile.open(handle, MAGIC, what)
    this.#map = new BlockMap(this.#file, this.size, fingerprint)
  }

  /**
   * Opens the overlay in `handle`, or makes it where it is empty. `fingerprint` names the base's content (its SHA-256): an
   * overlay over another base is refused (`mismatch`). `what` is how errors call the disk. `isKept` tells whether the
   * file still has its name; memory always has.
   */
  static open(
    handle: DiskHandle,
    base: BlockStore,
    fingerprint: string,
    what: string,
    isKept?: () => Promise<boolean>,
  ): Promise<Result<DiskOverlay, StoreFault>> {
    return attempt(() => {
      assert(base.size % SECTOR_BYTES === 0, 'a disk of whole sectors')
      if (base.size > MAX_DISK_BYTES)
        throw new FormatError('too-large', `${what}: ${base.size} bytes; a disk here has 8 GiB at most.`)
      return new DiskOverlay(handle, base, fingerprint, what, isKept)
    })
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    const out = new Uint8Array(length)
    const gaps: { from: number; to: number }[] = []
    const sectors: { at: number; bytes: Uint8Array }[] = []
    const end = offset + length
    for (let at = offset; at < end;) {
      const block = Math.floor(at / BLOCK_BYTES)
      const entry = this.#map.get(block)
      const next = Math.min(end, (block + 1) * BLOCK_BYTES)
      if (entry === FROM_BASE) {
        const last = gaps.at(-1)
        if (last?.to === at) last.to = next
        else gaps.push({ from: at, to: next })
        sectors.push(...this.#writtenSectors(block, offset, end))
        at = next
      } else at = entry === ZEROS ? next : this.#readSlots(at, end, entry, out.subarray(at - offset))
    }
    const waiting: Promise<void>[] = []
    for (const { from, to } of gaps) {
      const bytes = this.#base.read(from, to - from)
      if (bytes instanceof Promise) waiting.push(bytes.then((late) => out.set(late, from - offset)))
      else out.set(bytes, from - offset)
    }
    const finish = (): Uint8Array => {
      for (const { at, bytes } of sectors) out.set(bytes, at)
      return out
    }
    return waiting.length === 0 ? finish() : Promise.all(waiting).then(finish)
  }

  /** What is in memory of `block`, with its place in a read from `offset` to `end`; copied, since it may change meanwhile. */
  *#writtenSectors(block: number, offset: number, end: number): Generator<{ at: number; bytes: Uint8Array }> {
    const partial = this.#partial.get(block)
    if (partial === undefined) return
    for (let sector = 0; sector < BLOCK_SECTORS; sector += 1) {
      const at = block * BLOCK_BYTES + sector * SECTOR_BYTES
      if (partial.written[sector] !== true || at < offset || at >= end) continue
      yield {
        at: at - offset,
        bytes: partial.bytes.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES),
      }
    }
  }

  /** Reads from `at` on what neighbouring slots hold of it; returns where it ended. */
  #readSlots(at: number, end: number, first: number, out: Uint8Array): number {
    const block = Math.floor(at / BLOCK_BYTES)
    const inBlock = at % BLOCK_BYTES
    if (inBlock !== 0 || end - at < BLOCK_BYTES) {
      const page = this.#readBlock(block, first)
      const count = Math.min(end - at, BLOCK_BYTES - inBlock)
      out.set(page.subarray(inBlock, inBlock + count))
      return at + count
    }
    const limit = this.#file.runLimit(first, Math.floor((end - at) / BLOCK_BYTES))
    let run = 1
    while (run < limit && this.#map.get(block + run) === first + run) run += 1
    this.#check(this.#file.read(first, out.subarray(0, run * BLOCK_BYTES)))
    return at + run * BLOCK_BYTES
  }

  #check(damagedSlot: number | undefined): void {
    if (damagedSlot !== undefined)
      throw new StorageError('io', `${this.#what}: a stored block is damaged and is not handed to the guest.`)
  }

  #readBlock(block: number, entry: number): Uint8Array<ArrayBuffer> {
    const page = new Uint8Array(BLOCK_BYTES)
    assert(entry !== FROM_BASE, `block ${block} is in the overlay`)
    if (entry !== ZEROS) this.#check(this.#file.read(entry, page))
    return page
  }

  write(offset: number, untrustedBytes: Uint8Array): void | Promise<void> {
    // Hashing reads words.
    const bytes = untrustedBytes.byteOffset % 4 === 0 ? untrustedBytes : untrustedBytes.slice()
    for (let done = 0; done < bytes.length;) {
      const at = offset + done
      const whole = at % BLOCK_BYTES === 0 ? Math.floor((bytes.length - done) / BLOCK_BYTES) : 0
      const count =
        whole > 0 ? whole * BLOCK_BYTES : Math.min(bytes.length - done, BLOCK_BYTES - (at % BLOCK_BYTES))
      const part = bytes.subarray(done, done + count)
      if (whole > 0) this.#writeBlocks(at / BLOCK_BYTES, part)
      else this.#writeSectors(at, part)
      done += count
    }
    if (this.#partial.size > MAX_PARTIAL_BLOCKS) return this.#completePartials()
  }

  /** Whole blocks; those that get neighbouring slots go out in one write. */
  #writeBlocks(first: number, bytes: Uint8Array): void {
    const words = wordsOf(bytes)
    const count = bytes.length / BLOCK_BYTES
    let run:
      { readonly block: number; readonly slot: number; readonly isNew: boolean; length: number } | undefined
    const writeRun = (): void => {
      const pending = run
      run = undefined
      if (pending === undefined) return
      const { block, slot, isNew, length } = pending
      const at = (block - first) * BLOCK_BYTES
      try {
        this.#file.write(slot, bytes.subarray(at, at + length * BLOCK_BYTES))
      } catch (error) {
        if (isNew) for (let i = 0; i < length; i += 1) this.#map.giveUp(slot + i)
        throw error
      }
      for (let i = 0; i < length; i += 1) {
        if (isNew) this.#map.set(block + i, slot + i)
        this.#partial.delete(block + i)
      }
    }
    for (let index = 0; index < count; index += 1) {
      const block = first + index
      if (isZeroPage(words, (index * BLOCK_BYTES) / 4)) {
        writeRun()
        this.#map.set(block, ZEROS)
        this.#partial.delete(block)
        continue
      }
      const entry = this.#map.get(block)
      const isNew = !this.#map.isFresh(entry)
      let slot = entry
      if (isNew)
        try {
          slot = this.#map.allocateFor(block)
        } catch (error) {
          writeRun()
          throw error
        }
      const follows =
        run !== undefined &&
        run.isNew === isNew &&
        slot === run.slot + run.length &&
        this.#file.runLimit(run.slot, run.length + 1) > run.length
      if (run !== undefined && follows) run.length += 1
      else {
        writeRun()
        run = { block, slot, isNew, length: 1 }
      }
    }
    writeRun()
  }

  /** Less than a block. */
  #writeSectors(at: number, bytes: Uint8Array): void {
    const block = Math.floor(at / BLOCK_BYTES)
    const entry = this.#map.get(block)
    if (entry !== FROM_BASE) {
      const page = this.#readBlock(block, entry)
      page.set(bytes, at % BLOCK_BYTES)
      this.#writeBlocks(block, page)
      return
    }
    const partial = this.#partial.get(block) ?? { bytes: new Uint8Array(BLOCK_BYTES), written: [] }
    this.#partial.set(block, partial)
    partial.bytes.set(bytes, at % BLOCK_BYTES)
    const first = (at % BLOCK_BYTES) / SECTOR_BYTES
    for (let i = 0; i < bytes.length / SECTOR_BYTES; i += 1) partial.written[first + i] = true
  }

  /** Reads the rest of every block that is there in part, and stores it. */
  #completePartials(): void | Promise<void> {
    const waiting: Promise<void>[] = []
    for (const block of this.#partial.keys()) {
      const from = block * BLOCK_BYTES
      const rest = this.#base.read(from, Math.min(BLOCK_BYTES, this.size - from))
      if (rest instanceof Promise) waiting.push(rest.then((bytes) => this.#complete(block, bytes)))
      else this.#complete(block, rest)
    }
    if (waiting.length > 0) return Promise.all(waiting).then(() => undefined)
  }

  #complete(block: number, rest: Uint8Array): void {
    const partial = this.#partial.get(block)
    // A whole block may have been written over it while the base was read.
    if (partial === undefined) return
    const page = new Uint8Array(BLOCK_BYTES)
    page.set(rest)
    for (let sector = 0; sector < BLOCK_SECTORS; sector += 1)
      if (partial.written[sector] === true) {
        const at = sector * SECTOR_BYTES
        page.set(partial.bytes.subarray(at, at + SECTOR_BYTES), at)
      }
    this.#writeBlocks(block, page)
  }

  flush(): void | Promise<void> {
    const completing = this.#completePartials()
    if (completing instanceof Promise) return completing.then(() => this.#commit())
    return this.#commit()
  }

  #commit(): void | Promise<void> {
    if (this.#map.isDirty) this.#map.commit()
    else if (!this.#isLost) return
    if (this.#isKept !== undefined) return this.#confirm(this.#isKept)
  }

  async #confirm(isKept: () => Promise<boolean>): Promise<void> {
    this.#isLost ||= !(await isKept())
    if (!this.#isLost) return
    throw new StorageError(
      'evicted',
      `${this.#what}: the browser has removed its file, as it does when the device is full. Copy what you need out of the guest (Files) before you close this page, then free some space.`,
    )
  }

  /** A file that the browser has removed has no room either, and in Chromium's private windows that is all it says. */
  async reasonOf(error: unknown): Promise<unknown> {
    if (this.#isKept === undefined || !(error instanceof StorageError) || error.kind !== 'quota') return error
    try {
      await this.#confirm(this.#isKept)
      return error
    } catch (removed) {
      return removed
    }
  }

  occupied(): Iterable<number> | undefined {
    const beneath = this.#base.occupied?.()
    return beneath && new Set([...beneath, ...this.#map.filled(), ...this.#partial.keys()])
  }

  /** Nothing was ever flushed to it. */
  get isUntouched(): boolean {
    return this.#file.payload.length === 0 && !this.#map.isDirty && this.#partial.size === 0
  }

  usage(): OverlayUsage {
    return {
      changedBytes: (this.#map.changedBlocks + this.#partial.size) * BLOCK_BYTES,
      liveBytes: this.#file.liveSlots * BLOCK_BYTES,
      fileBytes: this.#file.fileBytes,
    }
  }

  /** Drops every change, for good: the disk is its base. Needs no room. The guest must not be running. */
  reset(): Promise<Result<void, StoreFault>> {
    return attempt(() => {
      this.#file.commit(new Uint8Array())
      this.#reopen()
    })
  }

  #reopen(): void {
    this.#partial.clear()
    this.#file = SlotFile.open(this.#handle, MAGIC, this.#what)
    this.#map = new BlockMap(this.#file, this.size, this.#fingerprint)
    this.#file.trim()
  }

  /**
   * Lets the disk's content be that of a raw image, zeros behind its end: all of it or, after a failure or a crash, what
   * it was at the last flush. The guest must not be running. What `watch` throws with is a failure like any other.
   */
  async import(untrustedImage: Blob, watch: Watch = UNWATCHED): Promise<Result<void, StoreFault>> {
    this.#partial.clear()
    const result = await attempt(async () => {
      if (untrustedImage.size === 0 || untrustedImage.size % SECTOR_BYTES !== 0)
        throw new FormatError(
          'truncated',
          `A disk image has whole sectors of 512 bytes, not ${untrustedImage.size} bytes.`,
        )
      if (untrustedImage.size > this.size)
        throw new FormatError(
          'too-large',
          `The image has ${untrustedImage.size} bytes, the disk ${this.size}.`,
        )
      for (let at = 0; at < this.size; at += IMPORT_BYTES) {
        const length = Math.min(IMPORT_BYTES, this.size - at)
        // Whole blocks even at the end of a disk that ends within one: what lies behind is never read.
        const wanted = new Uint8Array(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES)
        wanted.set(new Uint8Array(await untrustedImage.slice(at, at + length).arrayBuffer()))
        const base = new Uint8Array(wanted.length)
        base.set(await this.#base.read(at, length))
        this.#importBlocks(at / BLOCK_BYTES, wanted, base)
        watch(at + length, this.size)
      }
      await this.#commit()
    })
    if (result.ok) this.#file.trim()
    const reopened = result.ok ? result : await attempt(() => this.#reopen())
    return reopened.ok ? result : reopened
  }

  #importBlocks(first: number, wanted: Uint8Array, base: Uint8Array): void {
    const [a, b] = [wordsOf(wanted), wordsOf(base)]
    const words = BLOCK_BYTES / 4
    for (let index = 0; index < a.length / words; index += 1) {
      let word = index * words
      while (word < (index + 1) * words && a[word] === b[word]) word += 1
      if (word === (index + 1) * words) this.#map.set(first + index, FROM_BASE)
      else this.#writeBlocks(first + index, wanted.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES))
    }
  }

  close(): void {
    this.#file.close()
    this.#base.close()
  }
}
