/** Global set-up of the browser tests: builds the product once and serves it as `npm start` does. */

import { build, preview } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    productUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const configFile = new URL('../../vite.config.ts', import.meta.url).pathname
  // The runner says “test” here, for which Vite builds a product that nobody gets: React's slow half, no service worker.
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  await build({ configFile, logLevel: 'warn' })
  process.env['NODE_ENV'] = NODE_ENV
  const server = await preview({ configFile, logLevel: 'warn', preview: { port: 0, host: '127.0.0.1' } })
  const url = server.resolvedUrls?.local[0]
  if (url === undefined) throw new Error('the preview server gave no address')
  project.provide('productUrl', url)
  return () => server.close()
}
