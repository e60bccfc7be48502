/** Globals of the measured pages. */

import type { Hypercore } from '../../src/protocol/hypercore-api.ts'

declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var hypercore: Hypercore | undefined
  // oxlint-disable-next-line no-var -- a global of the page, set by the bench
  var switchTimes: number[] | undefined
}
