/** What the guests' network reaches beyond the fabric in tests: the product's own sites from their files, nothing else. */

import type { Outside } from '../../src/hypercore/environment.ts'
import { portalSites, siteFiles } from './site-files.ts'

export const OUTSIDE: Outside = {
  fetch: () => Promise.reject(new TypeError('there is no world outside of a test')),
  site: siteFiles,
  sites: portalSites,
  openTabs: () => ({ post: () => undefined, close: () => undefined }),
  openSocket: () => {
    throw new Error('no relay is set up in this test')
  },
}
