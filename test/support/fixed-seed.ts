/**
 * Before every test file: property tests try the same cases in each run, so that what passed here passes elsewhere.
 * HS_FUZZ=long tries new ones; fast-check names the seed of what fails.
 */

import process from 'node:process'
import * as fc from 'fast-check'

/** 15 October 2007, as a seed. */
const SEED = 20_071_015

if (process.env['HS_FUZZ'] !== 'long') fc.configureGlobal({ seed: SEED })
