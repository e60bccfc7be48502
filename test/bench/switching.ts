/** Switch latency with every guest busy: real key events, and the product's own measurement to the painted frame. */

import type { Browser } from 'playwright-core'
import { median, quantile } from './statistics.ts'

const SWITCHES = 200

/** Percent of a core above which a guest counts as busy; several share two cores. */
const BUSY_PERCENT = 10

export type SwitchFigures = {
  readonly count: number
  readonly busyGuests: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly worstMs: number
}

export async function measureSwitches(browser: Browser, url: string): Promise<SwitchFigures> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(
    () =>
      (globalThis.hypercore?.domains().length ?? 0) >= 3 &&
      globalThis.hypercore?.domains().every(({ ready }) => ready),
    undefined,
    { timeout: 120_000 },
  )
  // Busy for as long as it takes: every shell counts and prints what it counts.
  await page.evaluate(() => {
    const api = globalThis.hypercore
    globalThis.switchTimes = []
    api.on('switch', ({ milliseconds }) => globalThis.switchTimes?.push(milliseconds))
    for (const { id } of api.domains()) api.console(id).write('\rwhile :; do echo $((i = i + 1)); done\r')
  })
  const shortcuts = await page.evaluate(
    () =>
      globalThis.hypercore
        ?.domains()
        .map(({ shortcut }) => shortcut)
        .filter((key) => key !== undefined) ?? [],
  )
  for (let count = 0; count < SWITCHES; count++) {
    // Every third by F4, the others by number, always to a guest that is not the one in front.
    const front = await page.evaluate(
      () => globalThis.hypercore?.domains().find(({ focused }) => focused)?.shortcut,
    )
    const next = shortcuts.filter((key) => key !== front)[count % (shortcuts.length - 1)] ?? 1
    await page.keyboard.press(count % 3 === 0 ? 'F4' : `Control+Alt+${next}`)
    await page.waitForFunction((wanted) => (globalThis.switchTimes?.length ?? 0) >= wanted, count + 1)
  }
  const times = await page.evaluate(() => globalThis.switchTimes ?? [])
  // Counted, not assumed: a menu or a chat does not run what was typed into it.
  const busyGuests = await page.evaluate(
    (busy) =>
      globalThis.hypercore
        .domains()
        .filter(({ id }) => (globalThis.hypercore.stats(id)?.cpuPercent ?? 0) > busy).length,
    BUSY_PERCENT,
  )
  await context.close()
  return {
    count: times.length,
    busyGuests,
    medianMs: median(times),
    p99Ms: quantile(times, 0.99),
    worstMs: Math.max(...times),
  }
}
