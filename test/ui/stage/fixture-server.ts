/** Serves the stage's own page and opens it in Chromium. */

import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { launchChromium } from '../../support/browser.ts'

let server: ViteDevServer
let browser: Browser
let url: string

export function serveFixture(): void {
  beforeAll(async () => {
    const root = join(import.meta.dirname, '../../..')
    server = await createServer({
      configFile: false,
      root: join(import.meta.dirname, 'fixture'),
      cacheDir: join(root, 'node_modules/.vite/stage'),
      plugins: [react()],
      server: { port: 0, host: '127.0.0.1', hmr: false, watch: null, fs: { allow: [root] } },
      logLevel: 'warn',
    })
    await server.listen()
    url = server.resolvedUrls?.local[0] ?? ''
    browser = await launchChromium()
  })
  // A page left open goes on with its guests.
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
  })
  afterAll(async () => {
    await browser.close()
    await server.close()
  })
}

/** The page with five fake domains up and the primary in front. */
export async function openStage(
  path = '',
  options: BrowserContextOptions = {},
  prepare?: (page: Page) => Promise<unknown>,
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.on('pageerror', (error) => {
    throw error
  })
  await prepare?.(page)
  await page.goto(url + path)
  await page.waitForFunction(
    () =>
      window.hypercore?.domains().length === 5 &&
      window.hypercore.domains().every(({ id }) => window.hypercore.console(id).text().includes('$ ')) &&
      document.querySelectorAll('.xterm-screen').length === 5,
  )
  await page.evaluate(() => window.stage.focusGuest())
  return page
}
