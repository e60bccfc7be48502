/** Provides the golden snapshots to the page: bakes what has changed, and ships each file as an asset of the build. */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { Plugin } from 'vite'

const MODULE = 'virtual:goldens'

type Baked = { readonly list: unknown; readonly files: Readonly<Record<string, string>> }

/** In a process of its own: guests take the thread for seconds. */
function bake(root: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'src/bake/run.mjs')], { cwd: root, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error('the golden snapshots could not be baked; `npm run bake` says why'))
    })
  })
}

/** `root` is the repository's. */
export function goldens(root: string): Plugin {
  return {
    name: 'goldens',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    async load(id) {
      if (id !== `\0${MODULE}`) return undefined
      await bake(root)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by src/bake; the firmware checks it
      const { list, files } = JSON.parse(
        readFileSync(join(root, 'node_modules/.cache/goldens/list.json'), 'utf8'),
      ) as Baked
      const entries = Object.entries(files)
      return [
        ...entries.map(([, path], index) => `import url${index} from ${JSON.stringify(`${path}?url`)}`),
        `export const goldens = ${JSON.stringify(list)}`,
        `export const goldenUrls = { ${entries.map(([file], index) => `${JSON.stringify(file)}: url${index}`).join(', ')} }`,
      ].join('\n')
    },
  }
}
