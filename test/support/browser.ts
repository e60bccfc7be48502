/**
 * A headless Chromium and a fresh profile on disk for each opened product, and everything the browser complained about. In
 * private windows, of which one Chromium could have many, each write of a guest's disk goes through the browser's process: a
 * guest that had written 150 KB was busy for fifteen seconds.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

type Profile = { readonly context: BrowserContext; readonly folder: string }

/** Machines of the test that runs. Their guests execute as long as they are there, and what comes next would wait for them. */
const opened: Profile[] = []
/** Those that were there before any test ran. */
const shared: Profile[] = []
let isInTest = false

async function close(profiles: Profile[]): Promise<void> {
  const closed = profiles.splice(0).map(async ({ context, folder }) => {
    await context.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await Promise.all(closed)
}

beforeEach(() => {
  isInTest = true
})

afterEach(async () => {
  isInTest = false
  await close(opened)
})

afterAll(() => close(shared))

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: ensureChromium(), args: BROWSER_ARGUMENTS })
}

async function openProfile(options: BrowserContextOptions): Promise<Profile> {
  const folder = mkdtempSync(join(tmpdir(), 'hyperspace-profile-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: ensureChromium(),
    args: BROWSER_ARGUMENTS,
    viewport: { width: 1440, height: 900 },
    ...options,
  })
  return { context, folder }
}

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
  const profile = await openProfile(options)
  const group = isInTest ? opened : shared
  group.push(profile)
  const page = await profile.context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`)
  })
  await prepare?.(page)
  await page.goto(new URL(path, inject('productUrl')).href)
  return { page, complaints }
}
