/** Vite plugin: what v86 asks of Node it asks for in Node alone; the browser's build leaves those imports as they are. */

import { isBuiltin } from 'node:module'
import type { Plugin } from 'vite'

export function nodeParts(): Plugin {
  return {
    name: 'hyperspace:node-parts',
    enforce: 'pre',
    apply: 'build',
    resolveId(source, importer) {
      if (importer?.endsWith('/libv86.mjs') !== true || !isBuiltin(source)) return null
      return { id: source, external: true }
    },
  }
}
