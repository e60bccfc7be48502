/**
 * Reads the headers of a Zstandard stream on its way to the decoder (RFC 8878, section 3.1.1), for the decoder believes a
 * frame's word of its window: memory of that size is taken at once, and moved with every block, were it 2 GiB for a file
 * of twenty bytes.
 */

import { assertNever } from '../../base/assert.ts'

/** As much as `zstd -d` takes without being asked to. */
export const ZSTD_WINDOW_LIMIT_BYTES = 2 ** 27

const BLOCK_HEADER_BYTES = 3

/** What the bytes that are gathered will be, once there are enough of them. */
type Part = 'magic' | 'descriptor' | 'sizes' | 'block' | 'skippable'

function littleEndian(bytes: readonly number[], from: number, to: number): number {
  return bytes.slice(from, to).reduceRight((value, byte) => value * 256 + byte, 0)
}

export class ZstdWindows {
  #part: Part = 'magic'
  #wanted = 4
  #bytes: number[] = []
  /** Bytes of content to pass over. */
  #skip = 0
  #descriptor = 0
  /** Nobody knows any more where headers are: the decoder will say what is wrong. */
  #isLost = false

  /** Takes the stream's next bytes. False once a frame's window is too large. */
  accepts(untrustedChunk: Uint8Array): boolean {
    for (let at = 0; at < untrustedChunk.length && !this.#isLost;) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, untrustedChunk.length - at)
        this.#skip -= passed
        at += passed
        continue
      }
      this.#bytes.push(untrustedChunk[at++] ?? 0)
      if (this.#bytes.length < this.#wanted) continue
      const bytes = this.#bytes
      this.#bytes = []
      if (!this.#read(bytes)) return false
    }
    return true
  }

  #expect(part: Part, bytes: number): true {
    this.#part = part
    this.#wanted = bytes
    return true
  }

  #read(bytes: readonly number[]): boolean {
    switch (this.#part) {
      case 'magic':
        return this.#readMagic(littleEndian(bytes, 0, 4))
      case 'skippable':
        this.#skip = littleEndian(bytes, 0, 4)
        return this.#expect('magic', 4)
      case 'descriptor':
        this.#descriptor = bytes[0] ?? 0
        return this.#readDescriptor()
      case 'sizes':
        return this.#readSizes(bytes)
      case 'block':
        return this.#readBlock(littleEndian(bytes, 0, BLOCK_HEADER_BYTES))
      default:
        return assertNever(this.#part)
    }
  }

  #readMagic(magic: number): true {
    if (magic === 0xfd2f_b528) return this.#expect('descriptor', 1)
    if (magic >= 0x184d_2a50 && magic <= 0x184d_2a5f) return this.#expect('skippable', 4)
    this.#isLost = true
    return true
  }

  get #isSingleSegment(): boolean {
    return (this.#descriptor & 0x20) !== 0
  }

  /** Bytes of the window's descriptor, of the dictionary's number and of the content's size. */
  get #lengths(): readonly [number, number, number] {
    const flag = this.#descriptor >> 6
    const contentSize = flag === 0 ? Number(this.#isSingleSegment) : 1 << flag
    return [this.#isSingleSegment ? 0 : 1, [0, 1, 2, 4][this.#descriptor & 3] ?? 0, contentSize]
  }

  #readDescriptor(): true {
    return this.#expect(
      'sizes',
      this.#lengths.reduce((sum, length) => sum + length),
    )
  }

  #readSizes(bytes: readonly number[]): boolean {
    const [window, dictionary, contentSize] = this.#lengths
    this.#expect('block', BLOCK_HEADER_BYTES)
    if (this.#isSingleSegment) {
      const size = littleEndian(bytes, dictionary, dictionary + contentSize)
      return size + (contentSize === 2 ? 256 : 0) <= ZSTD_WINDOW_LIMIT_BYTES
    }
    const coded = window === 1 ? (bytes[0] ?? 0) : 0
    const base = 2 ** (10 + (coded >> 3))
    return base + (base / 8) * (coded & 7) <= ZSTD_WINDOW_LIMIT_BYTES
  }

  #readBlock(header: number): true {
    const isRunLength = ((header >> 1) & 3) === 1
    this.#skip = isRunLength ? 1 : header >> 3
    if ((header & 1) === 0) return this.#expect('block', BLOCK_HEADER_BYTES)
    // After a frame's last block there may be a checksum.
    if ((this.#descriptor & 4) !== 0) this.#skip += 4
    return this.#expect('magic', 4)
  }
}
