/** Emits the service worker with the list of everything the build made. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const MARKER = /\/\* BUILD_LIST \*\/ \{[^}]*\}/

export function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.keys(bundle)
          .filter((file) => file.startsWith('assets/'))
          .toSorted()
        const page = bundle['index.html']
        const seed = JSON.stringify([files, page?.type === 'asset' ? String(page.source) : ''])
        const version = createHash('sha256').update(seed).digest('hex').slice(0, 16)
        const source = readFileSync(join(import.meta.dirname, 'offline-worker.js'), 'utf8')
        if (!MARKER.test(source)) throw new Error('offline-worker.js has lost its marker')
        this.emitFile({
          type: 'asset',
          fileName: 'offline-worker.js',
          source: source.replace(MARKER, JSON.stringify({ version, files })),
        })
      },
    },
  }
}
