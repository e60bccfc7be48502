/**
 * A browser with a profile on disk, as a person's own window has it: a private one keeps its files in the browser's process,
 * where each write of a guest's disk takes longer.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { chromium, type BrowserContext } from 'playwright-core'
import { ensureChromium } from '../../src/build/chromium.mjs'

export const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A window of its own, its browser gone when it is closed, its profile with the bench. */
export async function openProfile(viewport = { width: 1440, height: 900 }): Promise<BrowserContext> {
  const folder = mkdtempSync(join(tmpdir(), 'hyperspace-bench-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: ensureChromium(),
    args: BROWSER_ARGUMENTS,
    viewport,
  })
  // By then the browser's last process has ended, too.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return context
}

/** Gone when `use` has ended. */
export async function withProfile<T>(use: (context: BrowserContext) => Promise<T>): Promise<T> {
  const context = await openProfile()
  try {
    return await use(context)
  } finally {
    await context.close()
  }
}
