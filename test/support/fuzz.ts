/** How many cases a boundary's fuzz gets: 10⁵ in the suite, a million with HS_FUZZ=long; and bytes that are nearly right. */

import process from 'node:process'
import * as fc from 'fast-check'
import { vi } from 'vitest'

const isLong = process.env['HS_FUZZ'] === 'long'

export const CASES = isLong ? 1_000_000 : 100_000

/** A test of a file that fuzzes may take so long on a machine that does a dozen other things. Milliseconds. */
export const FUZZ_MS = isLong ? 7_200_000 : 900_000

vi.setConfig({ testTimeout: FUZZ_MS })

/** A quick source of numbers for a run of its own, from one that fast-check can name again. */
export function numbers(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** `sound` with a few bytes changed, cut, or none of it left. */
export function damaged(sound: Uint8Array, next: (below: number) => number): Uint8Array {
  if (next(16) === 0) return Uint8Array.from({ length: next(80) }, () => next(256))
  const copy = sound.slice(0, next(4) === 0 ? next(sound.length + 1) : sound.length)
  for (let changes = next(6); changes > 0 && copy.length > 0; changes--) copy[next(copy.length)] = next(256)
  return copy
}

/** Runs `look` on CASES inputs in runs of 100. */
export function fuzz(look: (next: (below: number) => number) => void): void {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const next = numbers(seed)
      for (let index = 0; index < 100; index++) look(next)
    }),
    { numRuns: Math.ceil(CASES / 100) },
  )
}

/** The same for what answers later, one after the other. */
export async function fuzzAsync(
  cases: number,
  look: (next: (below: number) => number) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const next = numbers(seed)
      for (let index = 0; index < 100; index++) await look(next)
    }),
    { numRuns: Math.ceil(cases / 100) },
  )
}
