/** The in-product sites from their files, as the built product serves them. */

import { readdirSync, readFileSync } from 'node:fs'
import type { SiteFile } from '../../src/fabric/environment.ts'
import { servedFile } from '../../src/portal/served-file.ts'

const folder = new URL('../../src/portal/sites/', import.meta.url)

export const portalSites: readonly string[] = readdirSync(folder)

export function siteFiles(host: string, path: string): Promise<SiteFile | undefined> {
  try {
    const bytes = new Uint8Array(readFileSync(new URL(`${host}${path}`, folder)))
    return Promise.resolve(servedFile(path, bytes))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return Promise.resolve(undefined)
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }
}
