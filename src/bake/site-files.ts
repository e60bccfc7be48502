/** The in-product sites from their files, as the built product serves them. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { servedFile, type ServedFile } from '../portal/served-file.ts'

/** The host names, and what reads a file of theirs, from `folder`: src/portal/sites. */
export function sitesIn(folder: string): {
  readonly hosts: readonly string[]
  readonly file: (host: string, path: string) => Promise<ServedFile | undefined>
} {
  return {
    hosts: readdirSync(folder),
    file: (host, path) => {
      try {
        return Promise.resolve(
          servedFile(host, path, new Uint8Array(readFileSync(join(folder, `${host}${path}`)))),
        )
      } catch (error) {
        if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
          return Promise.resolve(undefined)
        return Promise.reject(error instanceof Error ? error : new Error(String(error)))
      }
    },
  }
}
