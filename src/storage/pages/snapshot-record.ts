/**
 * The records that lead from the page store's root to its pages, little endian. A blob is u32 length, u32 slots, that many
 * u32 slot numbers; a string is u16 length and UTF-8.
 *
 * ```
 * root payload = catalogue blob
 * catalogue:  u32 count, then per snapshot: 16-byte id, record blob
 * record:     u16 version, domain, appliance, parent (string, empty: none), name, note, u64 time, engine,
 *             u32 memoryMiB, devices, u16 automatic, u32 pages of the image, table blob, device state blob, u32 its length unpacked, thumbnail blob
 * table:      per page of the image a u32 slot number; 1024 to a page, as an IA-32 page table has it
 * ```
 * The pages of all of them carry their own hashes (slot-file.ts). What a hash cannot tell, a field out of bounds, makes a
 * snapshot damaged, never the store.
 */

import { ByteReader, ByteWriter, toHex } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { MAX_THUMBNAIL_BYTES, type SnapshotId, type SnapshotMeta } from '../../protocol/snapshot.ts'
import type { Blob4K } from './page-heap.ts'
import { PAGE_BYTES } from './slot-file.ts'
import { MAX_DEVICE_STATE_BYTES, MAX_IMAGE_BYTES } from './snapshot.ts'

const RECORD_VERSION = 1

const ID_BYTES = 16

/** Compressing makes incompressible bytes a little longer. */
const MAX_PACKED_BYTES = MAX_DEVICE_STATE_BYTES + 2 ** 16

/** Far above what a person makes, far below what a root record leads to. */
export const MAX_SNAPSHOTS = 1024

export type SnapshotRecord = {
  readonly meta: SnapshotMeta
  readonly pageCount: number
  readonly table: Blob4K
  /** Compressed. */
  readonly deviceState: Blob4K
  readonly deviceStateLength: number
  readonly thumbnail: Blob4K
}

export type CatalogueEntry = { readonly id: SnapshotId; readonly record: Blob4K }

function writeBlob(writer: ByteWriter, { length, slots }: Blob4K): void {
  writer.u32(length).u32(slots.length).bytes(new Uint8Array(slots.buffer))
}

function readBlob(reader: ByteReader, field: string, maxBytes: number): Blob4K {
  const length = reader.u32(`${field} length`)
  const count = reader.u32(`${field} slots`)
  if (length > maxBytes || count !== Math.ceil(length / PAGE_BYTES)) {
    reader.fail(`${field}: ${length} bytes in ${count} slots`)
    return { length: 0, slots: new Uint32Array() }
  }
  const bytes = reader.bytes(count * 4, field)
  return { length, slots: new Uint32Array(bytes.slice().buffer) }
}

export function encodeBlob(blob: Blob4K): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  writeBlob(writer, blob)
  return writer.finish()
}

export function decodeBlob(untrustedBytes: Uint8Array, maxBytes: number): Result<Blob4K, string> {
  const reader = new ByteReader(untrustedBytes)
  const blob = readBlob(reader, 'blob', maxBytes)
  const end = reader.finish()
  return end.ok ? ok(blob) : end
}

/** 16 random bytes as 32 hexadecimal digits. */
export function newSnapshotId(): SnapshotId {
  return toHex(crypto.getRandomValues(new Uint8Array(ID_BYTES)))
}

function idBytes(id: SnapshotId): Uint8Array {
  return Uint8Array.from(id.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
}

export function encodeCatalogue(entries: readonly CatalogueEntry[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u32(entries.length)
  for (const { id, record } of entries) {
    writer.bytes(idBytes(id))
    writeBlob(writer, record)
  }
  return writer.finish()
}

/** Largest record: two long texts, the slots of a 4 GiB table and of a large device state. */
const MAX_RECORD_BYTES = 2 ** 20

export function decodeCatalogue(untrustedBytes: Uint8Array): Result<CatalogueEntry[], string> {
  const reader = new ByteReader(untrustedBytes)
  const count = reader.u32('snapshots')
  if (count > MAX_SNAPSHOTS) return err(`${count} snapshots`)
  const entries: CatalogueEntry[] = []
  for (let i = 0; i < count; i += 1)
    entries.push({
      id: toHex(reader.bytes(ID_BYTES, 'id')),
      record: readBlob(reader, 'record', MAX_RECORD_BYTES),
    })
  const end = reader.finish()
  return end.ok ? ok(entries) : end
}

export function writeMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writer
    .string(meta.domain)
    .string(meta.appliance)
    .string(meta.parent ?? '')
    .string(meta.name)
    .string(meta.note)
    .u64(BigInt(meta.time))
    .string(meta.machine.engine)
    .u32(meta.machine.memoryMiB)
    .string(meta.machine.devices)
    .u16(meta.automatic ? 1 : 0)
}

export function readMeta(reader: ByteReader): SnapshotMeta {
  const domain = reader.string('domain')
  const appliance = reader.string('appliance')
  const parent = reader.string('parent')
  const name = reader.string('name')
  const note = reader.string('note')
  const time = reader.u32('time') + reader.u32('time') * 2 ** 32
  const engine = reader.string('engine')
  const memoryMiB = reader.u32('memory')
  const devices = reader.string('devices')
  const automatic = reader.u16('automatic')
  if (parent !== '' && !/^[0-9a-f]{32}$/.test(parent)) reader.fail('parent: not an id')
  if (!Number.isSafeInteger(time)) reader.fail('time: out of range')
  if (automatic > 1) reader.fail('automatic: neither 0 nor 1')
  return {
    domain,
    appliance,
    parent: parent === '' ? undefined : parent,
    name,
    note,
    time,
    machine: { engine, memoryMiB, devices },
    automatic: automatic === 1,
  }
}

export function encodeRecord(record: SnapshotRecord): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u16(RECORD_VERSION)
  writeMeta(writer, record.meta)
  writer.u32(record.pageCount)
  writeBlob(writer, record.table)
  writeBlob(writer, record.deviceState)
  writer.u32(record.deviceStateLength)
  writeBlob(writer, record.thumbnail)
  return writer.finish()
}

export function decodeRecord(untrustedBytes: Uint8Array): Result<SnapshotRecord, string> {
  const reader = new ByteReader(untrustedBytes)
  const version = reader.u16('version')
  if (version !== RECORD_VERSION) reader.fail(`record version ${version}`)
  const meta = readMeta(reader)
  const pageCount = reader.u32('pages')
  if (pageCount > MAX_IMAGE_BYTES / PAGE_BYTES) reader.fail(`pages: ${pageCount}`)
  const table = readBlob(reader, 'table', (MAX_IMAGE_BYTES / PAGE_BYTES) * 4)
  if (table.length !== pageCount * 4) reader.fail('table: not one entry a page')
  const deviceState = readBlob(reader, 'device state', MAX_PACKED_BYTES)
  const deviceStateLength = reader.u32('device state length')
  if (deviceStateLength > MAX_DEVICE_STATE_BYTES) reader.fail(`device state length: ${deviceStateLength}`)
  const thumbnail = readBlob(reader, 'thumbnail', MAX_THUMBNAIL_BYTES)
  const end = reader.finish()
  if (!end.ok) return end
  return ok({ meta, pageCount, table, deviceState, deviceStateLength, thumbnail })
}
