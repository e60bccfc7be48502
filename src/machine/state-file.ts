/**
 * A machine's whole state as one file: what the bake writes and a domain resumes from. Pages of zeros are left out. With
 * it go, where there are any, the content of its writable disk and what its console showed.
 *
 * ```
 * gzip of, little endian:
 * magic "HSSTATE\n" │ u32 version │ u32 RAM in pages │ u32 bytes of device state │ u32 pages of it stored
 * u32 pages of RAM stored │ u32 blocks of the disk │ u32 bytes of console output │ console output
 * page numbers of the device state (machine-state.ts), of RAM, block numbers: each u32, each list ascending
 * device pages × 4096 bytes, the last filled up with zeros │ pages of RAM × 4096 bytes │ blocks × 4096 bytes
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
const VERSION = 3
const HEAD_BYTES = 28
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
  const deviceImage = new Uint8Array(Math.ceil(device.length / PAGE_BYTES) * PAGE_BYTES)
  deviceImage.set(device)
  const [devicePages, ramPages] = [filledPages(deviceImage), filledPages(ram)]
  const head = new ByteWriter()
    .bytes(MAGIC)
    .u32(VERSION)
    .u32(ram.length / PAGE_BYTES)
    .u32(device.length)
    .u32(devicePages.length)
    .u32(ramPages.length)
    .u32(disk.indices.length)
    .u32(console.length)
    .bytes(console)
  for (const index of [devicePages, ramPages, disk.indices]) for (const page of index) head.u32(page)
  const start = head.finish()
  const pages = devicePages.length + ramPages.length
  const file = new Uint8Array(start.length + pages * PAGE_BYTES + disk.bytes.length)
  file.set(start)
  let at = start.length
  for (const [image, index] of [
    [deviceImage, devicePages],
    [ram, ramPages],
  ] as const)
    for (const page of index) {
      file.set(image.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), at)
      at += PAGE_BYTES
    }
  file.set(disk.bytes, at)
  return file
}

/** Numbers of the pages that are not zeros. */
function filledPages(image: Uint8Array): Uint32Array {
  const words = new Uint32Array(image.buffer, image.byteOffset, image.length / 4)
  return Uint32Array.from({ length: image.length / PAGE_BYTES }, (_, page) => page).filter(
    (page) => !isZeroPage(words, page * (PAGE_BYTES / 4)),
  )
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
  const deviceStored = head.u32('stored device pages')
  const stored = head.u32('stored pages')
  const blocks = head.u32('blocks')
  const consoleBytes = head.u32('console bytes')
  const end = head.finish()
  if (!end.ok) return damaged(end.error)
  if (version !== VERSION)
    return err({ kind: 'mismatch', message: `The state file has version ${version}, not ${VERSION}.` })
  const devicePages = Math.ceil(deviceBytes / PAGE_BYTES)
  const consoleAt = MAGIC.length + HEAD_BYTES
  const deviceIndexAt = consoleAt + consoleBytes
  const indexAt = deviceIndexAt + deviceStored * 4
  const blockIndexAt = indexAt + stored * 4
  const deviceAt = blockIndexAt + blocks * 4
  const pagesAt = deviceAt + deviceStored * PAGE_BYTES
  const blocksAt = pagesAt + stored * PAGE_BYTES
  const length = blocksAt + blocks * PAGE_BYTES
  if (
    stored > pages ||
    deviceStored > devicePages ||
    length !== bytes.length ||
    length + deviceBytes > LARGEST_BYTES
  )
    return damaged(`${bytes.length} bytes instead of ${length}`)
  const deviceIndex = readIndex(bytes.subarray(deviceIndexAt, indexAt), devicePages)
  const index = readIndex(bytes.subarray(indexAt, blockIndexAt), pages)
  if (deviceIndex === undefined || index === undefined) return damaged('its pages are out of order')
  const blockIndex = readIndex(bytes.subarray(blockIndexAt, deviceAt), 2 ** 32)
  if (blockIndex === undefined) return damaged('its blocks are out of order')
  const place = (found: Uint32Array, from: number, image: Uint8Array): void => {
    for (const [position, page] of found.entries()) {
      const at = from + position * PAGE_BYTES
      image.set(bytes.subarray(at, at + PAGE_BYTES), page * PAGE_BYTES)
    }
  }
  const device = new Uint8Array(devicePages * PAGE_BYTES)
  place(deviceIndex, deviceAt, device)
  const machine: MachineResume = {
    device: device.subarray(0, deviceBytes),
    fill: (ram) => {
      if (ram.length !== pages * PAGE_BYTES)
        throw new RangeError(`the state is of ${pages} pages of memory, not ${ram.length / PAGE_BYTES}`)
      place(index, pagesAt, ram)
    },
  }
  return ok({
    machine,
    disk: { indices: blockIndex, bytes: bytes.slice(blocksAt) },
    console: bytes.subarray(consoleAt, deviceIndexAt),
  })
}
