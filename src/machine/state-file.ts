/**
 * A machine's whole state as one file: what the bake writes and a domain resumes from. Pages of zeros are left out. With
 * it go, where there are any, the content of its writable disk and what its console showed.
 *
 * ```
 * gzip of, little endian:
 * magic "HSSTATE\n" │ u32 version │ u32 RAM in pages │ u32 bytes of device state │ u32 pages stored │ u32 blocks of the disk
 * u32 bytes of console output │ device state (machine-state.ts) │ console output │ pages stored × u32 page number, ascending
 * blocks × u32 block number, ascending │ pages stored × 4096 bytes │ blocks × 4096 bytes
 * ```
 * No hash of its own: whoever ships such a file names its SHA-256 elsewhere.
 */

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { gunzip } from '../base/gunzip.ts'
import { isZeroPage } from '../base/pages.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { PageBatch } from '../protocol/store.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import type { MachineResume, MachineState } from './machine-state.ts'

const MAGIC = new TextEncoder().encode('HSSTATE\n')
const VERSION = 2
const HEAD_BYTES = 24
const PAGE_BYTES = 4096

/** Most that a guest of 32 bits has here, with its devices beside it. */
const LARGEST_BYTES = 2 ** 31

/** Blocks of 4096 bytes, by their numbers. */
export type DiskContent = Pick<PageBatch, 'indices' | 'bytes'>

/** What a state has beside its machine. */
export type StateSurroundings = {
  /** Of the one writable disk; the rest of it is zeros. */
  readonly disk: DiskContent
  readonly console: Uint8Array
}

const NOTHING: StateSurroundings = {
  disk: { indices: new Uint32Array(), bytes: new Uint8Array() },
  console: new Uint8Array(),
}

export type StateFile = StateSurroundings & { readonly machine: MachineResume }

/** The file before it is packed. */
export function encodeStateFile(
  { device, ram }: MachineState,
  { disk, console }: StateSurroundings = NOTHING,
): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4)
  const pages = ram.length / PAGE_BYTES
  const stored = Uint32Array.from({ length: pages }, (_, page) => page).filter(
    (page) => !isZeroPage(words, page * (PAGE_BYTES / 4)),
  )
  const head = new ByteWriter()
    .bytes(MAGIC)
    .u32(VERSION)
    .u32(pages)
    .u32(device.length)
    .u32(stored.length)
    .u32(disk.indices.length)
    .u32(console.length)
    .bytes(device)
    .bytes(console)
  for (const page of stored) head.u32(page)
  for (const block of disk.indices) head.u32(block)
  const start = head.finish()
  const pagesEnd = start.length + stored.length * PAGE_BYTES
  const file = new Uint8Array(pagesEnd + disk.bytes.length)
  file.set(start)
  for (const [position, page] of stored.entries())
    file.set(ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), start.length + position * PAGE_BYTES)
  file.set(disk.bytes, pagesEnd)
  return file
}

function damaged(reason: string): Result<never, StateFault> {
  return err({ kind: 'damaged', message: `The state file is damaged: ${reason}.` })
}

/** Unpacks and checks a file; its device state is checked by the machine that resumes from it. */
export async function openStateFile(untrustedFile: Blob): Promise<Result<StateFile, StateFault>> {
  let bytes: Uint8Array<ArrayBuffer>
  try {
    // A gzip member ends with its length (RFC 1952, 2.3.1): memory is taken once.
    const trailer = new DataView(await untrustedFile.slice(-4).arrayBuffer())
    bytes = await gunzip(untrustedFile, Math.min(trailer.getUint32(0, true), LARGEST_BYTES))
  } catch {
    return err({ kind: 'foreign', message: 'The state file is not packed with gzip, or cut off.' })
  }
  return readStateFile(bytes)
}

/** Numbers of pages or blocks below `limit`, ascending; undefined where they are not. */
function readIndex(bytes: Uint8Array, limit: number): Uint32Array<ArrayBuffer> | undefined {
  const index = new Uint32Array(bytes.slice().buffer)
  const isSound = index.every(
    (page, position) => page < limit && (position === 0 || page > (index[position - 1] ?? 0)),
  )
  return isSound ? index : undefined
}

function readStateFile(bytes: Uint8Array<ArrayBuffer>): Result<StateFile, StateFault> {
  if (!MAGIC.every((byte, index) => bytes[index] === byte))
    return err({ kind: 'foreign', message: 'The file is no state of a machine.' })
  // Only the head is read through the reader: what follows would be copied.
  const head = new ByteReader(bytes.subarray(MAGIC.length, MAGIC.length + HEAD_BYTES))
  const version = head.u32('version')
  const pages = head.u32('pages')
  const deviceBytes = head.u32('device bytes')
  const stored = head.u32('stored pages')
  const blocks = head.u32('blocks')
  const consoleBytes = head.u32('console bytes')
  const end = head.finish()
  if (!end.ok) return damaged(end.error)
  if (version !== VERSION)
    return err({ kind: 'mismatch', message: `The state file has version ${version}, not ${VERSION}.` })
  const deviceAt = MAGIC.length + HEAD_BYTES
  const consoleAt = deviceAt + deviceBytes
  const indexAt = consoleAt + consoleBytes
  const blockIndexAt = indexAt + stored * 4
  const pagesAt = blockIndexAt + blocks * 4
  const blocksAt = pagesAt + stored * PAGE_BYTES
  const length = blocksAt + blocks * PAGE_BYTES
  if (stored > pages || length !== bytes.length || length > LARGEST_BYTES)
    return damaged(`${bytes.length} bytes instead of ${length}`)
  const index = readIndex(bytes.subarray(indexAt, blockIndexAt), pages)
  if (index === undefined) return damaged('its pages are out of order')
  const blockIndex = readIndex(bytes.subarray(blockIndexAt, pagesAt), 2 ** 32)
  if (blockIndex === undefined) return damaged('its blocks are out of order')
  const machine: MachineResume = {
    device: bytes.subarray(deviceAt, consoleAt),
    fill: (ram) => {
      if (ram.length !== pages * PAGE_BYTES)
        throw new RangeError(`the state is of ${pages} pages of memory, not ${ram.length / PAGE_BYTES}`)
      for (const [position, page] of index.entries()) {
        const at = pagesAt + position * PAGE_BYTES
        ram.set(bytes.subarray(at, at + PAGE_BYTES), page * PAGE_BYTES)
      }
    },
  }
  return ok({
    machine,
    disk: { indices: blockIndex, bytes: bytes.slice(blocksAt) },
    console: bytes.subarray(consoleAt, indexAt),
  })
}
