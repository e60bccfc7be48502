/** Block stores without a file behind them: a verified volume read or unpacked when it is needed, and memory that ends with the machine. */

import { gunzip, gunzipHead } from '../base/gunzip.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { DiskSource } from '../protocol/guest.ts'

const SECTOR_BYTES = 512

/** Unit of reading from a blob: one request each, large enough that a squashfs read seldom needs two. */
const BLOCK_BYTES = 256 * 1024
/** At most 16 MiB of a volume are kept; what the guest reads often is in its own page cache. */
const CACHED_BLOCKS = 64

/** A blob as a disk that cannot be written. The last sector is padded with zeros. */
export class BlobStore implements BlockStore {
  readonly size: number
  readonly readOnly = true
  readonly #blob: Blob
  /** In order of use, the oldest first. */
  readonly #blocks = new Map<number, Uint8Array>()
  readonly #loading = new Map<number, Promise<Uint8Array>>()

  constructor(blob: Blob) {
    this.#blob = blob
    this.size = Math.ceil(blob.size / SECTOR_BYTES) * SECTOR_BYTES
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    const first = Math.floor(offset / BLOCK_BYTES)
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES)
    const blocks = new Map<number, Uint8Array>()
    const missing: Promise<void>[] = []
    for (let index = first; index <= last; index++) {
      const cached = this.#cached(index)
      if (cached !== undefined) blocks.set(index, cached)
      else missing.push(this.#load(index).then((block) => void blocks.set(index, block)))
    }
    if (missing.length === 0) return gather(blocks, offset, length)
    return Promise.all(missing).then(() => gather(blocks, offset, length))
  }

  #cached(index: number): Uint8Array | undefined {
    const block = this.#blocks.get(index)
    if (block !== undefined) {
      this.#blocks.delete(index)
      this.#blocks.set(index, block)
    }
    return block
  }

  #load(index: number): Promise<Uint8Array> {
    const pending = this.#loading.get(index)
    if (pending !== undefined) return pending
    const loading = this.#blob
      .slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)
      .arrayBuffer()
      .then((buffer) => {
        const block = new Uint8Array(BLOCK_BYTES)
        block.set(new Uint8Array(buffer))
        this.#blocks.set(index, block)
        const oldest = this.#blocks.keys().next()
        if (this.#blocks.size > CACHED_BLOCKS && oldest.done !== true) this.#blocks.delete(oldest.value)
        return block
      })
      .finally(() => this.#loading.delete(index))
    this.#loading.set(index, loading)
    return loading
  }

  write(): never {
    throw new Error('this disk is read-only')
  }

  flush(): void {
    // Nothing was written.
  }

  close(): void {
    this.#blocks.clear()
  }
}

/** v86 reads the first sector of every disk, to guess its geometry, whether the guest will ever read of it or not. */
const BOOT_SECTOR_BYTES = 512

/** A packed blob as a disk that cannot be written: unpacked whole, for the first who reads more of it than its first sector. */
export class PackedStore implements BlockStore {
  readonly size: number
  readonly readOnly = true
  readonly #blob: Blob
  readonly #bytes: number
  #content: Uint8Array | undefined
  #unpacking: Promise<Uint8Array> | undefined

  /** @param bytes that come out of it */
  constructor(blob: Blob, bytes: number) {
    this.#blob = blob
    this.#bytes = bytes
    this.size = Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    if (this.#content !== undefined) return this.#content.slice(offset, offset + length)
    const isBootSector = offset === 0 && length === BOOT_SECTOR_BYTES && this.#bytes >= BOOT_SECTOR_BYTES
    if (this.#unpacking === undefined && isBootSector) return gunzipHead(this.#blob, BOOT_SECTOR_BYTES)
    this.#unpacking ??= this.#unpack()
    return this.#unpacking.then((content) => content.slice(offset, offset + length))
  }

  /** Has it unpacked before somebody reads. @throws Error in words for a person where it does not unpack */
  async unpack(): Promise<void> {
    this.#unpacking ??= this.#unpack()
    await this.#unpacking
  }

  async #unpack(): Promise<Uint8Array> {
    try {
      this.#content = await gunzip(this.#blob, this.#bytes, this.size)
      return this.#content
    } catch (error) {
      throw new Error(
        `A volume could not be unpacked: ${error instanceof Error ? error.message : String(error)}.`,
        {
          cause: error,
        },
      )
    }
  }

  write(): never {
    throw new Error('this disk is read-only')
  }

  flush(): void {
    // Nothing was written.
  }

  close(): void {
    this.#content = undefined
  }
}

/** The store for a read-only source of bytes. */
export function readOnlyStore({
  blob,
  unpackedBytes,
}: Extract<DiskSource, { kind: 'read-only' }>): BlockStore {
  return unpackedBytes === undefined ? new BlobStore(blob) : new PackedStore(blob, unpackedBytes)
}

function gather(blocks: ReadonlyMap<number, Uint8Array>, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (const [index, block] of blocks) {
    const start = index * BLOCK_BYTES
    const from = Math.max(offset, start)
    const to = Math.min(offset + length, start + BLOCK_BYTES)
    bytes.set(block.subarray(from - start, to - start), from - offset)
  }
  return bytes
}

/** Memory is taken where the guest writes. */
const CHUNK_BYTES = 64 * 1024

/** A disk of zeros that lives as long as its machine. */
export class VolatileStore implements BlockStore {
  readonly size: number
  readonly readOnly = false
  readonly #chunks = new Map<number, Uint8Array>()

  constructor(bytes: number) {
    this.size = bytes
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    this.#each(offset, length, (chunk, from, to, at) => {
      const present = this.#chunks.get(chunk)
      if (present !== undefined) bytes.set(present.subarray(from, to), at)
    })
    return bytes
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#each(offset, bytes.length, (chunk, from, to, at) => {
      let present = this.#chunks.get(chunk)
      if (present === undefined) {
        present = new Uint8Array(CHUNK_BYTES)
        this.#chunks.set(chunk, present)
      }
      present.set(bytes.subarray(at, at + to - from), from)
    })
  }

  occupied(): Iterable<number> {
    const blocks: number[] = []
    const perChunk = CHUNK_BYTES / 4096
    for (const chunk of this.#chunks.keys())
      for (let i = 0; i < perChunk; i += 1) blocks.push(chunk * perChunk + i)
    return blocks
  }

  flush(): void {
    // There is no stable storage to reach.
  }

  close(): void {
    this.#chunks.clear()
  }

  #each(
    offset: number,
    length: number,
    visit: (chunk: number, from: number, to: number, at: number) => void,
  ): void {
    for (let at = 0; at < length;) {
      const chunk = Math.floor((offset + at) / CHUNK_BYTES)
      const from = (offset + at) % CHUNK_BYTES
      const to = Math.min(CHUNK_BYTES, from + length - at)
      visit(chunk, from, to, at)
      at += to - from
    }
  }
}
