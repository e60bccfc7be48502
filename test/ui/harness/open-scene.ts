/** Opens a scene of the harness in headless Chromium, and asks axe-core what is wrong with it. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest'
import { launchChromium } from '../../support/browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const DESKTOP = { width: 1440, height: 900 }
export const PHONE_SIZE = { width: 390, height: 844 }
export const PHONE: BrowserContextOptions = { viewport: PHONE_SIZE, hasTouch: true, isMobile: true }

export type Scene = {
  readonly page: Page
  /** Uncaught errors and errors on the browser's console so far. */
  readonly complaints: string[]
}

/** For one test file: a browser, gone when it ends. A scene ends with its test: it draws as long as it is there. */
export function useScenes(): (query: string, options?: BrowserContextOptions) => Promise<Scene> {
  let browser: Browser | undefined
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
  })
  return async (query, options = {}) => {
    if (browser === undefined) throw new Error('a scene is opened in a test')
    const context = await browser.newContext({ viewport: DESKTOP, ...options })
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
    })
    await page.goto(`${inject('harnessUrl')}?${query}`)
    await page.locator('#root > *').first().waitFor()
    return { page, complaints }
  }
}

/**
 * What axe-core finds wrong, as readable lines; empty is good. WCAG 2.2 A and AA with its best practices, or its rules on colours
 * alone: all others see the same in another theme.
 */
export async function violations(page: Page, rules: 'all' | 'colours' = 'all'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  const found = await page.evaluate(async (rules) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the script just evaluated put it there
    const { axe } = globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }
    // What passes is most of what there is, and would be described, too.
    const results = await axe.run({
      resultTypes: ['violations'],
      ...(rules === 'all' ? {} : { runOnly: ['color-contrast', 'link-in-text-block'] }),
    })
    return results.violations
  }, rules)
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary ?? ''}`),
  )
}
