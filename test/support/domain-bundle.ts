/** Bundles the workers for Node's worker_threads, so that tests run guests and the snapshot store in threads of their own. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bundles = new Map<string, Promise<string>>()

async function bundleWorker(name: string, entry: string): Promise<string> {
  // One folder a process: two test files may bundle at the same time.
  const outDir = join(root, 'node_modules/.cache', name, String(process.pid))
  await build({
    configFile: false,
    root: join(root, 'src'),
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: join(root, 'src', entry),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  })
  return join(outDir, `${name}.mjs`)
}

function bundlePath(name: string, entry: string): Promise<string> {
  const bundle = bundles.get(name) ?? bundleWorker(name, entry)
  bundles.set(name, bundle)
  return bundle
}

/** Absolute path of the bundle, built once a process. */
export function domainBundlePath(): Promise<string> {
  return bundlePath('domain', 'domain/node-worker.ts')
}

/** The same of the snapshot store's worker. */
export function storeBundlePath(): Promise<string> {
  return bundlePath('store', 'storage/service/node-worker.ts')
}
