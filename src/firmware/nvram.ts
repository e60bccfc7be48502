/**
 * NVRAM: the person's settings as bytes that outlive the tab.
 *
 * Version 2, little endian, at most 4,096 bytes:
 * ```
 *  0        4         8          12     14     16
 *  ┌────────┬─────────┬──────────┬──────┬──────┬───────────────────┐
 *  │ "HSNV" │ CRC-32  │ length   │ vers │  0   │ payload (length)  │
 *  └────────┴─────────┴──────────┴──────┴──────┴───────────────────┘
 *           of all bytes from 8 on to the end
 *
 *  payload  u8 count, so many u8 boot paths (0 hyperspace, 1 primary), in order
 *           u16 boot delay in ms
 *           u8 flags: bit 0 quiet boot; the others 0
 *           string first screen                         (u16 byte length, UTF-8)
 *           u8 count, so many appliances:
 *             string name, u8 flags: bit 0 start; the others 0
 *             u16 memory in MiB, u8 CPU cap in percent, u16 weight
 *           string relay address, empty for none        (version 1 ends before it)
 * ```
 * The checksum covers the version, and is asked before it: a flipped bit is never taken for a later version.
 */

import { assertNever } from '../base/assert.ts'
import { ByteReader, ByteWriter, toHex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { ApplianceSettings, BootPath, FirmwareSettings } from '../protocol/hand-off.ts'
import { crc32 } from './crc32.ts'

export const NVRAM_VERSION = 2
export const NVRAM_MAX_BYTES = 4096
const MAGIC = new TextEncoder().encode('HSNV')
const HEADER_BYTES = 16
/** Where the bytes begin that the checksum covers. */
const CHECKED_FROM = 8
const BOOT_PATHS: readonly BootPath[] = ['hyperspace', 'primary']

export type NvramError =
  /** Nothing of ours: another magic. */
  | { readonly kind: 'foreign' }
  /** Fewer or more bytes than the header says, or than a header has. */
  | { readonly kind: 'truncated'; readonly expectedBytes: number; readonly actualBytes: number }
  | { readonly kind: 'too-large'; readonly actualBytes: number }
  | { readonly kind: 'checksum'; readonly stored: string; readonly computed: string }
  /** Whole and sound, written by a later firmware. */
  | { readonly kind: 'future-version'; readonly version: number }
  /** The checksum is right and the content makes no sense. */
  | { readonly kind: 'malformed'; readonly detail: string }

/** One clause for a person. */
export function describeNvramError(error: NvramError): string {
  switch (error.kind) {
    case 'foreign':
      return 'it does not begin with the NVRAM mark'
    case 'truncated':
      return `it has ${error.actualBytes} bytes where ${error.expectedBytes} belong`
    case 'too-large':
      return `it has ${error.actualBytes} bytes, more than the ${NVRAM_MAX_BYTES} of an NVRAM`
    case 'checksum':
      return `checksum wrong, CRC-32 stored ${error.stored}, computed ${error.computed}`
    case 'future-version':
      return `it is of version ${error.version}, and this firmware reads ${NVRAM_VERSION}`
    case 'malformed':
      return `its checksum is right and its content is not: ${error.detail}`
    default:
      return assertNever(error)
  }
}

/** The checksum of an encoded NVRAM as eight hexadecimal digits. */
export function nvramChecksum(bytes: Uint8Array): string {
  return hex32(crc32(bytes.subarray(CHECKED_FROM)))
}

/** @throws RangeError when the settings do not fit: setup keeps every field and name within their width */
export function encodeNvram(settings: FirmwareSettings): Uint8Array<ArrayBuffer> {
  const payload = new ByteWriter()
  payload.u8(settings.bootOrder.length)
  for (const path of settings.bootOrder) payload.u8(BOOT_PATHS.indexOf(path))
  payload
    .u16(settings.bootDelayMs)
    .u8(settings.quietBoot ? 1 : 0)
    .string(settings.firstScreen)
  const appliances = Object.entries(settings.appliances)
  payload.u8(appliances.length)
  for (const [name, appliance] of appliances) {
    payload
      .string(name)
      .u8(appliance.start ? 1 : 0)
      .u16(appliance.memoryMiB)
      .u8(appliance.capPercent)
      .u16(appliance.weight)
  }
  payload.string(settings.relayUrl)
  const content = payload.finish()
  const checked = new ByteWriter().u32(content.length).u16(NVRAM_VERSION).u16(0).bytes(content).finish()
  const bytes = new ByteWriter().bytes(MAGIC).u32(crc32(checked)).bytes(checked).finish()
  if (bytes.length > NVRAM_MAX_BYTES) throw new RangeError(`the settings take ${bytes.length} bytes of NVRAM`)
  return bytes
}

/** Decodes what storage held. The fields' ranges are `settings.ts`'s to check: it knows the appliances and the budget. */
export function decodeNvram(untrustedBytes: Uint8Array): Result<FirmwareSettings, NvramError> {
  const actualBytes = untrustedBytes.length
  if (actualBytes > NVRAM_MAX_BYTES) return err({ kind: 'too-large', actualBytes })
  const present = untrustedBytes.subarray(0, MAGIC.length)
  if (toHex(present) !== toHex(MAGIC.subarray(0, present.length)) || actualBytes === 0) {
    return err({ kind: 'foreign' })
  }
  if (actualBytes < HEADER_BYTES) return err({ kind: 'truncated', expectedBytes: HEADER_BYTES, actualBytes })
  const header = new ByteReader(untrustedBytes.subarray(MAGIC.length, HEADER_BYTES))
  const stored = header.u32('checksum')
  const expectedBytes = HEADER_BYTES + header.u32('length')
  const version = header.u16('version')
  const reserved = header.u16('reserved')
  const computed = crc32(untrustedBytes.subarray(CHECKED_FROM))
  if (stored !== computed) {
    // A cut file and a changed byte both end here; the length tells a person which it was.
    if (actualBytes < expectedBytes && expectedBytes <= NVRAM_MAX_BYTES) {
      return err({ kind: 'truncated', expectedBytes, actualBytes })
    }
    return err({ kind: 'checksum', stored: hex32(stored), computed: hex32(computed) })
  }
  if (version > NVRAM_VERSION) return err({ kind: 'future-version', version })
  if (version < 1) return err({ kind: 'malformed', detail: `there was no version ${version}` })
  if (reserved !== 0) return err({ kind: 'malformed', detail: 'the reserved field is set' })
  if (actualBytes !== expectedBytes) return err({ kind: 'truncated', expectedBytes, actualBytes })
  return decodePayload(untrustedBytes.subarray(HEADER_BYTES), version)
}

function decodePayload(untrustedPayload: Uint8Array, version: number): Result<FirmwareSettings, NvramError> {
  const reader = new ByteReader(untrustedPayload)
  const bootOrder: BootPath[] = []
  for (let left = reader.u8('boot order'); left > 0; left--) {
    const path = BOOT_PATHS[reader.u8('boot path')]
    if (path === undefined) reader.fail('boot path: unknown')
    else bootOrder.push(path)
  }
  const bootDelayMs = reader.u16('boot delay')
  const quietBoot = flag(reader, 'boot flags')
  const firstScreen = reader.string('first screen')
  const appliances: [string, ApplianceSettings][] = []
  for (let left = reader.u8('appliance count'); left > 0; left--) {
    const name = reader.string('appliance name')
    if (appliances.some(([earlier]) => earlier === name)) reader.fail(`appliance ${name}: twice`)
    appliances.push([
      name,
      {
        start: flag(reader, 'appliance flags'),
        memoryMiB: reader.u16('memory'),
        capPercent: reader.u8('CPU cap'),
        weight: reader.u16('weight'),
      },
    ])
  }
  const relayUrl = version < 2 ? '' : reader.string('relay address')
  const whole = reader.finish()
  if (!whole.ok) return err({ kind: 'malformed', detail: whole.error })
  return ok({
    bootOrder,
    bootDelayMs,
    quietBoot,
    firstScreen,
    relayUrl,
    appliances: Object.fromEntries(appliances),
  })
}

function flag(reader: ByteReader, field: string): boolean {
  const bits = reader.u8(field)
  if (bits > 1) reader.fail(`${field}: unknown bits`)
  return bits === 1
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0')
}
