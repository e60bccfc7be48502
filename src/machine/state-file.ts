/**
 * A machine's whole state as one file: what the bake writes and a domain resumes from. Pages of zeros are left out.
 *
 * ```
 * gzip of, little endian:
 * magic "HSSTATE\n" │ u32 version │ u32 RAM in pages │ u32 bytes of device state │ u32 pages stored
 * device state (machine-state.ts) │ pages stored × u32 page number, ascending │ pages stored × 4096 bytes
 * ```
 * No hash of its own: whoever ships such a file names its SHA-256 elsewhere.
 */

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { isZeroPage } from '../base/pages.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import type { MachineResume, MachineState } from './machine-state.ts'

const MAGIC = new TextEncoder().encode('HSSTATE\n')
const VERSION = 1
const PAGE_BYTES = 4096

/** Most that a guest of 32 bits has here, with its devices beside it. */
const LARGEST_BYTES = 2 ** 31

/** The file before it is packed. */
export function encodeStateFile({ device, ram }: MachineState): Uint8Array<ArrayBuffer> {
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
    .bytes(device)
  for (const page of stored) head.u32(page)
  const start = head.finish()
  const file = new Uint8Array(start.length + stored.length * PAGE_BYTES)
  file.set(start)
  for (const [position, page] of stored.entries())
    file.set(ram.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), start.length + position * PAGE_BYTES)
  return file
}

function damaged(reason: string): Result<never, StateFault> {
  return err({ kind: 'damaged', message: `The state file is damaged: ${reason}.` })
}

/** Unpacks and checks a file; its device state is checked by the machine that resumes from it. */
export async function openStateFile(untrustedFile: Blob): Promise<Result<MachineResume, StateFault>> {
  let bytes: Uint8Array
  try {
    const unpacked = untrustedFile.stream().pipeThrough(new DecompressionStream('gzip'))
    bytes = new Uint8Array(await new Response(unpacked).arrayBuffer())
  } catch {
    return err({ kind: 'foreign', message: 'The state file is not packed with gzip, or cut off.' })
  }
  return readStateFile(bytes)
}

function readStateFile(bytes: Uint8Array): Result<MachineResume, StateFault> {
  if (!MAGIC.every((byte, index) => bytes[index] === byte))
    return err({ kind: 'foreign', message: 'The file is no state of a machine.' })
  // Only the head is read through the reader: what follows would be copied.
  const head = new ByteReader(bytes.subarray(MAGIC.length, MAGIC.length + 16))
  const version = head.u32('version')
  const pages = head.u32('pages')
  const deviceBytes = head.u32('device bytes')
  const stored = head.u32('stored pages')
  const end = head.finish()
  if (!end.ok) return damaged(end.error)
  if (version !== VERSION)
    return err({ kind: 'mismatch', message: `The state file has version ${version}, not ${VERSION}.` })
  const deviceAt = MAGIC.length + 16
  const indexAt = deviceAt + deviceBytes
  const pagesAt = indexAt + stored * 4
  const length = pagesAt + stored * PAGE_BYTES
  if (stored > pages || length !== bytes.length || length > LARGEST_BYTES)
    return damaged(`${bytes.length} bytes instead of ${length}`)
  const index = new Uint32Array(bytes.slice(indexAt, pagesAt).buffer)
  if (index.some((page, position) => page >= pages || (position > 0 && page <= (index[position - 1] ?? 0))))
    return damaged('its pages are out of order')
  return ok({
    device: bytes.subarray(deviceAt, indexAt),
    fill: (ram) => {
      if (ram.length !== pages * PAGE_BYTES)
        throw new RangeError(`the state is of ${pages} pages of memory, not ${ram.length / PAGE_BYTES}`)
      for (const [position, page] of index.entries()) {
        const at = pagesAt + position * PAGE_BYTES
        ram.set(bytes.subarray(at, at + PAGE_BYTES), page * PAGE_BYTES)
      }
    },
  })
}
