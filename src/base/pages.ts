/** Memory by pages of 4 KiB: what is zeros is neither copied nor written to, since memory that nobody touches costs nothing. */

const PAGE_BYTES = 4096
const PAGE_WORDS = PAGE_BYTES / 4

function wordsOf(pages: Uint8Array): Uint32Array {
  return new Uint32Array(pages.buffer, pages.byteOffset, pages.byteLength / 4)
}

/** Four words a turn: one by one is bound by the loop, not by memory. */
export function isZeroPage(words: Uint32Array, start: number): boolean {
  for (let i = start; i < start + PAGE_WORDS; i += 4)
    if (words[i] !== 0 || words[i + 1] !== 0 || words[i + 2] !== 0 || words[i + 3] !== 0) return false
  return true
}

/** Copies whole pages into `to`, which is zeros; both are aligned to four bytes. */
export function copyFilledPages(from: Uint8Array, to: Uint8Array): void {
  const words = wordsOf(from)
  for (let at = 0; at < from.length; at += PAGE_BYTES)
    if (!isZeroPage(words, at / 4)) to.set(from.subarray(at, at + PAGE_BYTES), at)
}

/** Makes whole pages zeros. */
export function clearPages(pages: Uint8Array): void {
  const words = wordsOf(pages)
  for (let start = 0; start < words.length; start += PAGE_WORDS)
    if (!isZeroPage(words, start)) words.fill(0, start, start + PAGE_WORDS)
}
