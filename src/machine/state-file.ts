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
import { Unpacking } from '../base/gunzip.ts'
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

export type StateFile = {
  readonly machine: MachineResume
  readonly console: Uint8Array
  /** Undefined until the machine's RAM is filled: it lies behind that. */
  readonly disk: () => DiskContent | undefined
}

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

/**
 * Unpacks and checks the beginning of a file; the RAM goes straight to where the machine has it, and is checked by then. The device
 * state is checked by the machine that resumes from it.
 */
export async function openStateFile(untrustedFile: Blob): Promise<Result<StateFile, StateFault>> {
  try {
    // A gzip member ends with its length (RFC 1952, 2.3.1).
    const trailer = new DataView(await untrustedFile.slice(-4).arrayBuffer())
    return await readStateFile(new Unpacking(untrustedFile), trailer.getUint32(0, true))
  } catch {
    return err({ kind: 'foreign', message: 'The state file is not packed with gzip, or cut off.' })
  }
}

/** Numbers of pages or blocks below `limit`, ascending; undefined where they are not. */
async function readIndex(
  from: Unpacking,
  count: number,
  limit: number,
): Promise<Uint32Array<ArrayBuffer> | undefined> {
  const index = new Uint32Array(count)
  await from.takeInto(new Uint8Array(index.buffer))
  const isSound = index.every(
    (page, position) => page < limit && (position === 0 || page > (index[position - 1] ?? 0)),
  )
  return isSound ? index : undefined
}

/** Fills pages of `image`; those that follow each other at once. */
async function fillPages(from: Unpacking, index: Uint32Array, image: Uint8Array): Promise<void> {
  for (let position = 0; position < index.length;) {
    const first = index[position] ?? 0
    let count = 1
    while (index[position + count] === first + count) count += 1
    const filling = from.takeInto(image.subarray(first * PAGE_BYTES, (first + count) * PAGE_BYTES))
    if (filling !== undefined) await filling
    position += count
  }
}

/** @throws what the unpacking fails with */
async function readStateFile(from: Unpacking, size: number): Promise<Result<StateFile, StateFault>> {
  const start = new Uint8Array(MAGIC.length + HEAD_BYTES)
  await from.takeInto(start)
  if (!MAGIC.every((byte, index) => start[index] === byte))
    return err({ kind: 'foreign', message: 'The file is no state of a machine.' })
  const head = new ByteReader(start.subarray(MAGIC.length))
  const version = head.u32('version')
  const pages = head.u32('pages')
  const deviceBytes = head.u32('device bytes')
  const deviceStored = head.u32('stored device pages')
  const stored = head.u32('stored pages')
  const blocks = head.u32('blocks')
  const consoleBytes = head.u32('console bytes')
  if (version !== VERSION)
    return err({ kind: 'mismatch', message: `The state file has version ${version}, not ${VERSION}.` })
  const devicePages = Math.ceil(deviceBytes / PAGE_BYTES)
  const numbers = deviceStored + stored + blocks
  const length = start.length + consoleBytes + numbers * (4 + PAGE_BYTES)
  if (stored > pages || deviceStored > devicePages || length !== size || length + deviceBytes > LARGEST_BYTES)
    return damaged(`${size} bytes instead of ${length}`)
  const console = new Uint8Array(consoleBytes)
  await from.takeInto(console)
  const deviceIndex = await readIndex(from, deviceStored, devicePages)
  const index = await readIndex(from, stored, pages)
  if (deviceIndex === undefined || index === undefined) return damaged('its pages are out of order')
  const indices = await readIndex(from, blocks, 2 ** 32)
  if (indices === undefined) return damaged('its blocks are out of order')
  const device = new Uint8Array(devicePages * PAGE_BYTES)
  await fillPages(from, deviceIndex, device)

  let disk: DiskContent | undefined
  const fill = async (ram: Uint8Array): Promise<Result<void, StateFault>> => {
    if (ram.length !== pages * PAGE_BYTES)
      return err({
        kind: 'mismatch',
        message: `The state is of ${pages} pages of memory, not ${ram.length / PAGE_BYTES}.`,
      })
    try {
      await fillPages(from, index, ram)
      const bytes = new Uint8Array(blocks * PAGE_BYTES)
      await from.takeInto(bytes)
      await from.end()
      disk = { indices, bytes }
      return ok(undefined)
    } catch (error) {
      return damaged(error instanceof Error ? error.message : String(error))
    }
  }
  return ok({ machine: { device: device.subarray(0, deviceBytes), fill }, console, disk: () => disk })
}
