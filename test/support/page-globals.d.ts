/** Globals of the product's page, for code that runs in it. */

import type { Hypercore, HypercoreEvents } from '../../src/protocol/hypercore-api.ts'

declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var hypercore: Hypercore
  // oxlint-disable-next-line no-var -- a global of the page, set by the bench
  var switches: HypercoreEvents['switch'][] | undefined
}
