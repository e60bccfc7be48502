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

/**
 * Copies whole pages into `to`, which is zeros; both are aligned to four bytes.
 * @returns the numbers of those that were copied, ascending
 */
export function copyFilledPages(from: Uint8Array, to: Uint8Array): Uint32Array<ArrayBuffer> {
  const words = wordsOf(from)
  const filled = new Uint32Array(from.length / PAGE_BYTES)
  let count = 0
  for (let at = 0; at < from.length; at += PAGE_BYTES)
    if (!isZeroPage(words, at / 4)) {
      to.set(from.subarray(at, at + PAGE_BYTES), at)
      filled[count] = at / PAGE_BYTES
      count += 1
    }
  return filled.slice(0, count)
}

/** Copies the pages of these numbers, which are both's; those that follow each other at once. Nothing else is looked at. */
export function copyPages(from: Uint8Array, to: Uint8Array, pages: Uint32Array): void {
  for (let position = 0; position < pages.length;) {
    const first = pages[position] ?? 0
    let count = 1
    while (pages[position + count] === first + count) count += 1
    to.set(from.subarray(first * PAGE_BYTES, (first + count) * PAGE_BYTES), first * PAGE_BYTES)
    position += count
  }
}

/** Makes whole pages zeros. */
export function clearPages(pages: Uint8Array): void {
  const words = wordsOf(pages)
  for (let start = 0; start < words.length; start += PAGE_WORDS)
    if (!isZeroPage(words, start)) words.fill(0, start, start + PAGE_WORDS)
}
