/** Bundles the domain worker for Node's worker_threads, so that tests run guests in threads of their own. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))
let bundle: Promise<string> | undefined

async function bundleDomain(): Promise<string> {
  // One folder a process: two test files may bundle at the same time.
  const outDir = join(root, 'node_modules/.cache/domain', String(process.pid))
  await build({
    configFile: false,
    root: join(root, 'src'),
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: join(root, 'src/domain/node-worker.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'domain.mjs' } },
    },
  })
  return join(outDir, 'domain.mjs')
}

/** Absolute path of the bundle, built once a process. */
export function domainBundlePath(): Promise<string> {
  bundle ??= bundleDomain()
  return bundle
}
