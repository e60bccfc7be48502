/** How many cases a boundary's fuzz gets: 10⁵ in the suite, a million with HS_FUZZ=long. */

import process from 'node:process'
import { vi } from 'vitest'

const isLong = process.env['HS_FUZZ'] === 'long'

export const CASES = isLong ? 1_000_000 : 100_000

/** A test of a file that fuzzes may take so long on a machine that does a dozen other things. Milliseconds. */
export const FUZZ_MS = isLong ? 7_200_000 : 900_000

vi.setConfig({ testTimeout: FUZZ_MS })
