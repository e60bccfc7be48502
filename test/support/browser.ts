/** One headless Chromium per test file, a fresh profile per page, and everything the browser complained about. */

import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core'
import { afterAll, afterEach, beforeEach, inject } from 'vitest'
import { ensureChromium } from '../../src/build/chromium.mjs'

export const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Promise<Browser> | undefined
/** Machines of the test that runs. Their guests execute as long as they are there, and what comes next would wait for them. */
const opened: BrowserContext[] = []
let isInTest = false

beforeEach(() => {
  isInTest = true
})

afterEach(async () => {
  isInTest = false
  await Promise.all(opened.splice(0).map((context) => context.close()))
})

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: ensureChromium(), args: BROWSER_ARGUMENTS })
}

afterAll(async () => {
  await (await browser)?.close()
  browser = undefined
})

export type OpenedPage = {
  readonly page: Page
  /** Uncaught errors, console errors and policy violations so far. */
  readonly complaints: string[]
}

/**
 * Opens the built product in a fresh profile, which goes with the test, or with the file where no test runs yet. `path` is
 * relative to its address (“?boot=primary”), or another server's.
 */
export async function openProduct(
  path = '',
  options: BrowserContextOptions = {},
  prepare?: (page: Page) => Promise<unknown>,
): Promise<OpenedPage> {
  browser ??= launchChromium()
  const context = await (await browser).newContext({ viewport: { width: 1440, height: 900 }, ...options })
  if (isInTest) opened.push(context)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`)
  })
  await prepare?.(page)
  await page.goto(new URL(path, inject('productUrl')).href)
  return { page, complaints }
}
