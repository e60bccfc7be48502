/** Builds the harness once and serves it, for tests in Chromium; or serves its sources, for looking at it while they change. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { build, createServer, preview, type InlineConfig } from 'vite'
import { hypercoreSize } from '../../../src/build/hypercore-size.ts'
import { notices } from '../../../src/build/notices.ts'

const root = join(import.meta.dirname, '../../..')

const config: InlineConfig = {
  configFile: false,
  root: import.meta.dirname,
  cacheDir: join(root, 'node_modules/.cache/vite-harness'),
  logLevel: 'warn',
  plugins: [react(), hypercoreSize(join(root, 'src/hypercore')), notices(root)],
}

export type Served = { readonly url: string; close(): Promise<void> }

/** The built harness on a free port of this machine; the caller closes it. */
export async function serveHarness(): Promise<Served> {
  const outDir = join(root, `node_modules/.cache/harness-${process.pid}`)
  await build({ ...config, build: { outDir, emptyOutDir: true, target: 'es2022', minify: false } })
  const server = await preview({ ...config, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } })
  return {
    url: addressOf(server.resolvedUrls),
    close: async () => {
      await server.close()
      await rm(outDir, { recursive: true })
    },
  }
}

/** The harness from its sources, followed as they change. */
export async function serveHarnessSources(port: number): Promise<Served> {
  const server = await createServer({
    ...config,
    server: { host: '127.0.0.1', port, strictPort: true, fs: { allow: [root] }, hmr: false },
  })
  await server.listen()
  return { url: addressOf(server.resolvedUrls), close: () => server.close() }
}

function addressOf(urls: { readonly local: readonly string[] } | null): string {
  const url = urls?.local[0]
  if (url === undefined) throw new Error('the harness server has no address')
  return url
}
