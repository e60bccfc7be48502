/**
 * One snapshot in one file, to take along or to ship: everything checked by hashes before it is unpacked, little endian.
 *
 * ```
 * 0   magic “HSSNAP\r\n” (8) │ version u32 │ zero u32
 * 16  sections:  0 kind u32 │ 4 sequence number u32, from 0 │ 8 stored length u32 │ 12 unpacked length u32
 *                16 hash of the payload (16) │ 32 hash of bytes 0 … 31 (16) │ 48 payload, gzip
 *
 *     1 meta          as in a record (snapshot-record.ts), then u32 pages of the image
 *     2 device state  the machine's own bytes
 *     3 thumbnail     an encoded picture, or nothing
 *     4 pages         u32 count, count × u32 page number, count × 4096 bytes; as often as needed; the rest are zeros
 *     5 end           u32 sections before it; nothing follows
 * ```
 * Also the form in which goldens ship: `encodeSnapshotFile` and `openSnapshotFile` need no store.
 */

import { UNWATCHED, type Watch } from '../../base/watch.ts'
import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import {
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  MAX_THUMBNAIL_BYTES,
  type SnapshotMeta,
} from '../../protocol/snapshot.ts'
import type { PageBatch } from '../../protocol/store.ts'
import { FormatError } from './format-error.ts'
import { gunzip, gzip } from './gzip.ts'
import { HASH_BYTES, hashBytes } from './page-hash.ts'
import { PAGE_BYTES } from './slot-file.ts'
import { readMeta, writeMeta } from './snapshot-record.ts'
import { MAX_DEVICE_STATE_BYTES, MAX_IMAGE_BYTES } from './snapshot.ts'

const MAGIC = 'HSSNAP\r\n'
const VERSION = 1
const PREFIX_BYTES = 16
const HEADER_BYTES = 48

const KINDS = { meta: 1, deviceState: 2, thumbnail: 3, pages: 4, end: 5 } as const

/** Two texts and some names, generously. */
const MAX_META_BYTES = 2 ** 16

/** Pages in a section: 4 MiB, what is in memory at a time. */
const MAX_SECTION_PAGES = 1024
const MAX_PAGES_BYTES = 4 + MAX_SECTION_PAGES * (4 + PAGE_BYTES)

/** RAM, device state and a thumbnail at their largest do not compress below their size; a file above is none of ours. */
const MAX_FILE_BYTES = MAX_IMAGE_BYTES + MAX_DEVICE_STATE_BYTES + 2 ** 24

export type SnapshotContents = {
  readonly meta: SnapshotMeta
  readonly imageBytes: number
  readonly deviceState: Uint8Array<ArrayBuffer>
  readonly thumbnail: Uint8Array<ArrayBuffer>
  /** Batches of 1,024 pages at most. */
  batches(): Iterable<PageBatch> | AsyncIterable<PageBatch>
}

function corrupt(reason: string): FormatError {
  return new FormatError('corrupt', `The snapshot file is damaged: ${reason}.`)
}

export async function encodeSnapshotFile(contents: SnapshotContents): Promise<Blob> {
  const parts: BlobPart[] = [
    new ByteWriter().bytes(new TextEncoder().encode(MAGIC)).u32(VERSION).u32(0).finish(),
  ]
  let sequence = 0
  const add = async (kind: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const packed = await gzip(bytes)
    const header = new ByteWriter()
      .u32(kind)
      .u32(sequence)
      .u32(packed.length)
      .u32(bytes.length)
      .bytes(hashBytes(packed))
      .finish()
    parts.push(header, hashBytes(header), packed)
    sequence += 1
  }
  const meta = new ByteWriter()
  writeMeta(meta, contents.meta)
  await add(KINDS.meta, meta.u32(contents.imageBytes / PAGE_BYTES).finish())
  await add(KINDS.deviceState, contents.deviceState)
  await add(KINDS.thumbnail, contents.thumbnail)
  for await (const { indices, bytes } of contents.batches()) {
    if (indices.length === 0) continue
    const section = new ByteWriter()
      .u32(indices.length)
      .bytes(new Uint8Array(indices.slice().buffer))
      .bytes(bytes)
    await add(KINDS.pages, section.finish())
  }
  await add(KINDS.end, new ByteWriter().u32(sequence).finish())
  return new Blob(parts, { type: 'application/octet-stream' })
}

type Section = { readonly kind: number; readonly bytes: Uint8Array<ArrayBuffer> }

const LIMITS: Readonly<Record<number, number>> = {
  [KINDS.meta]: MAX_META_BYTES,
  [KINDS.deviceState]: MAX_DEVICE_STATE_BYTES,
  [KINDS.thumbnail]: MAX_THUMBNAIL_BYTES,
  [KINDS.pages]: MAX_PAGES_BYTES,
  [KINDS.end]: 4,
}

/** Reads the sections one by one; what it returns has been checked against its hashes and limits. */
class SectionReader {
  readonly #file: Blob
  readonly #watch: Watch
  #offset = PREFIX_BYTES
  #sequence = 0

  constructor(untrustedFile: Blob, watch: Watch) {
    this.#file = untrustedFile
    this.#watch = watch
  }

  async #take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = this.#offset + count
    if (end > this.#file.size)
      throw new FormatError('truncated', `The snapshot file ends early, after ${this.#file.size} bytes.`)
    const bytes = new Uint8Array(await this.#file.slice(this.#offset, end).arrayBuffer())
    this.#offset = end
    return bytes
  }

  async next(): Promise<Section> {
    const header = await this.#take(HEADER_BYTES)
    const checked = header.subarray(0, HEADER_BYTES - HASH_BYTES)
    if (!isEqual(hashBytes(checked), header.subarray(HEADER_BYTES - HASH_BYTES)))
      throw corrupt(`the header of section ${this.#sequence}`)
    const reader = new ByteReader(checked)
    const kind = reader.u32('kind')
    const sequence = reader.u32('sequence')
    const stored = reader.u32('stored length')
    const length = reader.u32('length')
    const limit = LIMITS[kind]
    if (limit === undefined || sequence !== this.#sequence)
      throw corrupt(`section ${sequence} of kind ${kind}`)
    if (length > limit || stored > limit + 2 ** 16)
      throw new FormatError(
        'too-large',
        `The snapshot file has a section of ${length} bytes; ${limit} are allowed.`,
      )
    const packed = await this.#take(stored)
    if (!isEqual(hashBytes(packed), reader.bytes(HASH_BYTES, 'hash'))) throw corrupt(`section ${sequence}`)
    this.#sequence += 1
    this.#watch(this.#offset, this.#file.size)
    return { kind, bytes: await gunzip(packed, length, 'The snapshot file') }
  }

  /** The next section, of `kind`. */
  async expect(kind: number): Promise<Uint8Array<ArrayBuffer>> {
    const section = await this.next()
    if (section.kind !== kind) throw corrupt(`a section of kind ${section.kind} instead of ${kind}`)
    return section.bytes
  }

  finish(end: Uint8Array): void {
    const reader = new ByteReader(end)
    const count = reader.u32('sections')
    if (!reader.finish().ok || count !== this.#sequence - 1) throw corrupt('the number of sections')
    if (this.#offset !== this.#file.size) throw corrupt('something follows its end')
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => b[at] === byte)
}

function decodePages(untrustedBytes: Uint8Array<ArrayBuffer>, pageCount: number): PageBatch {
  if (untrustedBytes.length < 4) throw corrupt('the length of pages')
  const count = new DataView(untrustedBytes.buffer).getUint32(0, true)
  if (count === 0 || untrustedBytes.length !== 4 + count * (4 + PAGE_BYTES))
    throw corrupt('the length of pages')
  const indices = new Uint32Array(untrustedBytes.buffer, 4, count)
  if (indices.some((page) => page >= pageCount)) throw corrupt('a page outside the memory')
  return { indices, bytes: untrustedBytes.subarray(4 + count * 4), zeros: new Uint32Array() }
}

/**
 * Opens an exported file and reads all of it but the pages; `batches()` reads those and then checks that the file is
 * complete: only when it ends well is the RAM good. Once.
 * @throws what `watch` throws, and FormatError (foreign, version, truncated, corrupt, too-large), here and from `batches()`
 */
export async function openSnapshotFile(
  untrustedFile: Blob,
  watch: Watch = UNWATCHED,
): Promise<SnapshotContents> {
  if (untrustedFile.size > MAX_FILE_BYTES)
    throw new FormatError('too-large', `No snapshot file has ${untrustedFile.size} bytes.`)
  const prefix = new Uint8Array(await untrustedFile.slice(0, PREFIX_BYTES).arrayBuffer())
  const magic = new TextEncoder().encode(MAGIC)
  const isOurs = prefix.every((byte, at) => at >= magic.length || magic[at] === byte)
  if (!isOurs || prefix.length === 0)
    throw new FormatError('foreign', 'This is not a snapshot file of HyperSpace.')
  if (prefix.length < PREFIX_BYTES)
    throw new FormatError('truncated', `The snapshot file ends early, after ${prefix.length} bytes.`)
  const version = new DataView(prefix.buffer).getUint32(8, true)
  if (version !== VERSION)
    throw new FormatError(
      'version',
      `The snapshot file has version ${version}; this HyperSpace reads ${VERSION}.`,
    )
  if (new DataView(prefix.buffer).getUint32(12, true) !== 0) throw corrupt('its first bytes')
  const sections = new SectionReader(untrustedFile, watch)
  const reader = new ByteReader(await sections.expect(KINDS.meta))
  const meta = readMeta(reader)
  const pageCount = reader.u32('pages')
  const end = reader.finish()
  if (!end.ok) throw corrupt(end.error)
  if (
    pageCount > MAX_IMAGE_BYTES / PAGE_BYTES ||
    meta.name.length > MAX_NAME_LENGTH ||
    meta.note.length > MAX_NOTE_LENGTH
  )
    throw new FormatError('too-large', 'The snapshot in the file is larger than is kept here.')
  return {
    meta,
    imageBytes: pageCount * PAGE_BYTES,
    deviceState: await sections.expect(KINDS.deviceState),
    thumbnail: await sections.expect(KINDS.thumbnail),
    async *batches() {
      for (let section = await sections.next(); ; section = await sections.next()) {
        if (section.kind === KINDS.end) return sections.finish(section.bytes)
        if (section.kind !== KINDS.pages) throw corrupt(`a section of kind ${section.kind} among pages`)
        yield decodePages(section.bytes, pageCount)
      }
    },
  }
}
