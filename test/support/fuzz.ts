/**
 * How many cases a boundary's fuzz gets: 10⁵ from a fixed seed in the suite, so that a run is the same every time; a
 * million from a new one with HS_FUZZ=long. fast-check names the seed of what fails.
 */

import process from 'node:process'
import * as fc from 'fast-check'
import { vi } from 'vitest'

const isLong = process.env['HS_FUZZ'] === 'long'

export const CASES = isLong ? 1_000_000 : 100_000

/** 15 October 2007, as a seed. */
const SEED = 20_071_015

if (!isLong) fc.configureGlobal({ seed: SEED })

/** A test of a file that fuzzes may take so long on a machine that does a dozen other things. Milliseconds. */
export const FUZZ_MS = isLong ? 7_200_000 : 900_000

vi.setConfig({ testTimeout: FUZZ_MS })
