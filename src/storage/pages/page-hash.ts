/**
 * A 128-bit content hash of pages: MurmurHash3 x86_128 (A. Appleby, public domain) over whole 16-byte blocks.
 *
 * It finds equal pages and notices damaged ones; it is no cryptographic hash, and a guest can make two pages collide.
 * So a hit is never believed: whoever shares a page because of its hash compares the bytes first (see page-heap.ts).
 * Chosen by measurement, 96 MiB in 4 KiB pages, Node 20, the best of five runs on a busy machine: this 54 ms; a 32-bit
 * xxHash twice, for 64 bits, 60 ms; `crypto.subtle` SHA-256, 64 pages at a time, 399 ms, and a promise for every page.
 */

const C1 = 0x239b961b
const C2 = 0xab0e9789
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93

/** Bytes of one hash. */
export const HASH_BYTES = 16

/** Words (u32) of one hash. */
export const HASH_WORDS = 4

function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * Hashes `count` words of `words` from `start` on (`count` a multiple of 4) into `out[at..at+4]`. Words are the bytes in
 * little-endian order, as on every platform with WebAssembly.
 */
export function hashWords(
  words: Uint32Array,
  start: number,
  count: number,
  out: Uint32Array,
  at: number,
): void {
  let h1 = 0
  let h2 = 0
  let h3 = 0
  let h4 = 0
  const end = start + count
  for (let i = start; i < end; i += 4) {
    let k = Math.imul(words[i] ?? 0, C1)
    h1 ^= Math.imul((k << 15) | (k >>> 17), C2)
    h1 = (((h1 << 19) | (h1 >>> 13)) + h2) | 0
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0
    k = Math.imul(words[i + 1] ?? 0, C2)
    h2 ^= Math.imul((k << 16) | (k >>> 16), C3)
    h2 = (((h2 << 17) | (h2 >>> 15)) + h3) | 0
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0
    k = Math.imul(words[i + 2] ?? 0, C3)
    h3 ^= Math.imul((k << 17) | (k >>> 15), C4)
    h3 = (((h3 << 15) | (h3 >>> 17)) + h4) | 0
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0
    k = Math.imul(words[i + 3] ?? 0, C4)
    h4 ^= Math.imul((k << 18) | (k >>> 14), C1)
    h4 = (((h4 << 13) | (h4 >>> 19)) + h1) | 0
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0
  }
  const length = count * 4
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  out[at] = h1
  out[at + 1] = h2 + h1
  out[at + 2] = h3 + h1
  out[at + 3] = h4 + h1
}

/** The hash of any bytes, as if zeros filled the last block; the length is not part of it, so frame it elsewhere. */
export function hashBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(bytes.length / HASH_BYTES) * HASH_BYTES)
  padded.set(bytes)
  const hash = new Uint32Array(HASH_WORDS)
  hashWords(new Uint32Array(padded.buffer), 0, padded.length / 4, hash, 0)
  return new Uint8Array(hash.buffer)
}
