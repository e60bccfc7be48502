/** The plainest static host there is: the built folder under some path, no header but the type, and no caching. */

import { readFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
}

export type StaticHost = {
  /** Of the page, with a slash at its end. */
  readonly url: string
  /** Nobody is answered any more. */
  close(): Promise<void>
}

/** The file of a request below `base`; undefined for what lies elsewhere. */
function fileOf(url: string | undefined, base: string): string | undefined {
  const { pathname } = new URL(url ?? '/', 'http://localhost')
  if (!pathname.startsWith(base)) return undefined
  const path = normalize(join(DIST, decodeURIComponent(pathname.slice(base.length)) || 'index.html'))
  return path.startsWith(DIST + sep) ? path : undefined
}

async function answer(path: string | undefined, response: ServerResponse): Promise<void> {
  try {
    if (path === undefined) throw new Error('it lies elsewhere')
    const bytes = await readFile(path)
    response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes)
  } catch {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is no such file.')
  }
}

/** @param base begins and ends with a slash */
export async function serveStatically(base: string): Promise<StaticHost> {
  const server = createServer(({ url }, response) => void answer(fileOf(url, base), response))
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}${base}`,
    close: async () => {
      const closed = new Promise((resolve) => {
        server.close(resolve)
      })
      // A browser opens a connection in place of every one it lost.
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('the server has no port')
      resolve(address.port)
    })
  })
}
