/** Serves the harness from the sources, for tests in Chromium and for looking at it. */

import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { createServer, type ViteDevServer } from 'vite'
import { hypercoreSize } from '../../../src/build/hypercore-size.ts'
import { notices } from '../../../src/build/notices.ts'

const root = join(import.meta.dirname, '../../..')

/** Listens on a free port of this machine; the caller closes it. With a port given, it follows changed sources. */
export async function serveHarness(port = 0): Promise<{ url: string; server: ViteDevServer }> {
  const server = await createServer({
    configFile: false,
    root: import.meta.dirname,
    cacheDir: join(root, 'node_modules/.cache/vite-harness'),
    logLevel: 'warn',
    plugins: [react(), hypercoreSize(join(root, 'src/hypercore')), notices(root)],
    server: {
      host: '127.0.0.1',
      port,
      strictPort: port !== 0,
      fs: { allow: [root] },
      hmr: false,
      ...(port === 0 ? { watch: null } : {}),
    },
  })
  await server.listen()
  const url = server.resolvedUrls?.local[0]
  if (url === undefined) throw new Error('the harness server has no address')
  return { url, server }
}
