import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HASH_WORDS, hashWords } from '../../../src/storage/pages/page-hash.ts'
import { PAGE_WORDS } from '../../../src/storage/pages/slot-file.ts'
import { randomFrom } from './crash-file.ts'

function hashOf(words: Uint32Array): Uint32Array {
  const hash = new Uint32Array(HASH_WORDS)
  hashWords(words, 0, words.length, hash, 0)
  return hash
}

function bitsDifferent(a: number, b: number): number {
  return ((a ^ b) >>> 0).toString(2).replaceAll(/[^1]/g, '').length
}

describe('the page hash', () => {
  it('changes half of the bits in each of its words for any changed bit', () => {
    const random = randomFrom(1)
    const page = Uint32Array.from({ length: PAGE_WORDS }, () => random() * 2 ** 32)
    const before = hashOf(page)
    const different = [0, 0, 0, 0]
    const RUNS = 2000
    for (let run = 0; run < RUNS; run += 1) {
      const word = Math.floor(random() * PAGE_WORDS)
      const bit = 1 << Math.floor(random() * 32)
      page[word] = (page[word] ?? 0) ^ bit
      const after = hashOf(page)
      page[word] = (page[word] ?? 0) ^ bit
      for (let i = 0; i < HASH_WORDS; i += 1)
        different[i] = (different[i] ?? 0) + bitsDifferent(before[i] ?? 0, after[i] ?? 0)
    }
    // 16 of 32 bits expected; of 2,000 × 32 fair coins the mean strays less than 0.2 in all but one run in a million.
    for (const sum of different) expect(Math.abs((sum ?? 0) / RUNS - 16)).toBeLessThan(0.4)
  })

  it('tells pages of one repeated word apart, and the same words in another order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(2 ** 31 - 1), { minLength: 2, maxLength: 50 }), (values) => {
        const hashes = values.map((value) => hashOf(new Uint32Array(PAGE_WORDS).fill(value)).join(','))
        expect(new Set(hashes).size).toBe(values.length)
      }),
    )
    const words = Uint32Array.from({ length: PAGE_WORDS }, (_, i) => i)
    expect(hashOf(words.toReversed())).not.toEqual(hashOf(words))
  })

  it('stays what the pages of stored files were hashed with', () => {
    // The bytes 0 … 15, by an implementation in another language.
    const words = Uint32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c)
    expect([...hashOf(words)].map((word) => word.toString(16))).toEqual([
      '6c25c825',
      '559180ee',
      'ea538074',
      '89a55bef',
    ])
  })
})
