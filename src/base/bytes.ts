/** Little-endian reading and writing with every bound checked, hexadecimal text, and SHA-256. */

import { err, ok, type Result } from './result.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte] ?? ''
  return text
}

/** SHA-256 of `bytes` as 64 lower-case hexadecimal digits (FIPS 180-4). */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/**
 * Reads little-endian fields off bytes nobody has checked. The first read past the end makes every later one fail;
 * `finish()` tells, so that a decoder reads all its fields first and asks once.
 */
export class ByteReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #offset = 0
  #failure: string | undefined

  constructor(untrustedBytes: Uint8Array) {
    this.#bytes = untrustedBytes
    this.#view = new DataView(untrustedBytes.buffer, untrustedBytes.byteOffset, untrustedBytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#offset
  }

  #take(count: number, field: string): number | undefined {
    if (this.#failure !== undefined) return undefined
    if (count > this.remaining) {
      this.#failure = `${field}: ${count} bytes wanted, ${this.remaining} left`
      return undefined
    }
    const at = this.#offset
    this.#offset += count
    return at
  }

  u8(field: string): number {
    const at = this.#take(1, field)
    return at === undefined ? 0 : this.#view.getUint8(at)
  }

  u16(field: string): number {
    const at = this.#take(2, field)
    return at === undefined ? 0 : this.#view.getUint16(at, true)
  }

  u32(field: string): number {
    const at = this.#take(4, field)
    return at === undefined ? 0 : this.#view.getUint32(at, true)
  }

  /** A copy of the next `count` bytes; empty after a failure. */
  bytes(count: number, field: string): Uint8Array {
    return this.view(count, field).slice()
  }

  /** The next `count` bytes themselves; empty after a failure. */
  view(count: number, field: string): Uint8Array {
    const at = this.#take(count, field)
    return at === undefined ? new Uint8Array() : this.#bytes.subarray(at, at + count)
  }

  /** A string behind a u16 byte length, as UTF-8; malformed UTF-8 fails the reader. */
  string(field: string): string {
    const bytes = this.bytes(this.u16(field), field)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      this.#failure ??= `${field}: not UTF-8`
      return ''
    }
  }

  /** Marks the input as malformed for a reason of the caller's. */
  fail(reason: string): void {
    this.#failure ??= reason
  }

  /** Whether all reads stayed inside, and (unless `allowRest`) nothing is left over. */
  finish(allowRest = false): Result<void, string> {
    if (this.#failure !== undefined) return err(this.#failure)
    if (!allowRest && this.remaining > 0) return err(`${this.remaining} bytes too many`)
    return ok(undefined)
  }
}

/** Appends little-endian fields to a growing buffer. */
export class ByteWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  #grow(count: number): number {
    const at = this.#length
    const needed = at + count
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
    }
    this.#length = needed
    return at
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer)
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view().setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#grow(2)
    this.#view().setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    const at = this.#grow(4)
    this.#view().setUint32(at, value, true)
    return this
  }

  u64(value: bigint): this {
    const at = this.#grow(8)
    this.#view().setBigUint64(at, value, true)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** A u16 byte length and the text as UTF-8. @throws RangeError when it is longer than 65,535 bytes */
  string(value: string): this {
    const bytes = new TextEncoder().encode(value)
    if (bytes.length > 0xffff)
      throw new RangeError(`a string of ${bytes.length} bytes does not fit a u16 length`)
    return this.u16(bytes.length).bytes(bytes)
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }
}
