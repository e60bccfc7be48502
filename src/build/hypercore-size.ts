/** Measures HyperCore's own code at build time, for “About HyperCore”: lines without blanks and comments, bytes minified. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifySync, transformSync } from 'rolldown/experimental'
import type { Plugin } from 'vite'

const MODULE = 'virtual:hypercore-size'

export type HypercoreSize = {
  readonly lines: number
  readonly minifiedBytes: number
  readonly files: readonly { readonly file: string; readonly lines: number; readonly minifiedBytes: number }[]
}

/** Lines that hold code: neither blank nor wholly inside a comment. */
export function countCodeLines(source: string): number {
  let inBlockComment = false
  let count = 0
  for (const raw of source.split('\n')) {
    let line = raw.trim()
    if (inBlockComment) {
      const end = line.indexOf('*/')
      if (end < 0) continue
      inBlockComment = false
      line = line.slice(end + 2).trim()
    }
    while (line.startsWith('/*')) {
      const end = line.indexOf('*/', 2)
      if (end < 0) {
        inBlockComment = true
        line = ''
      } else {
        line = line.slice(end + 2).trim()
      }
    }
    if (line !== '' && !line.startsWith('//')) count++
  }
  return count
}

/** Measures every TypeScript file of a folder and of those in it. Throws when one does not parse. */
export function measureFolder(folder: string): HypercoreSize {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map((file) => {
      const source = readFileSync(join(folder, file), 'utf8')
      const script = transformSync(file, source, { lang: 'ts' })
      const minified = minifySync(file, script.code)
      const [error] = [...script.errors, ...minified.errors]
      if (error !== undefined) throw new Error(`${file}: ${error.message}`)
      return { file, lines: countCodeLines(source), minifiedBytes: Buffer.byteLength(minified.code) }
    })
  return {
    lines: files.reduce((sum, { lines }) => sum + lines, 0),
    minifiedBytes: files.reduce((sum, { minifiedBytes }) => sum + minifiedBytes, 0),
    files,
  }
}

/** Provides the figures as a module. `folder` is src/hypercore. */
export function hypercoreSize(folder: string): Plugin {
  return {
    name: 'hypercore-size',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load: (id) =>
      id === `\0${MODULE}` ? `export const size = ${JSON.stringify(measureFolder(folder))}` : undefined,
  }
}
