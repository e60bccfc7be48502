/** What the guests' network reaches beyond the fabric in tests: the product's own sites from their files, nothing else. */

import { fileURLToPath } from 'node:url'
import { sitesIn } from '../../src/bake/site-files.ts'
import type { Outside } from '../../src/hypercore/environment.ts'

export const SITES = sitesIn(fileURLToPath(new URL('../../src/portal/sites', import.meta.url)))

export const OUTSIDE: Outside = {
  fetch: () => Promise.reject(new TypeError('there is no world outside of a test')),
  site: SITES.file,
  sites: SITES.hosts,
  openTabs: () => ({ post: () => undefined, close: () => undefined }),
  openSocket: () => {
    throw new Error('no relay is set up in this test')
  },
}
