/** Time from navigation to the firmware's first picture, to the hand-off, and to each guest's first screen. */

import type { Browser } from 'playwright-core'
import { median } from './statistics.ts'

export type StartFigures = {
  readonly rounds: number
  readonly firmwarePaintedMs: number
  readonly handOffMs: number
  readonly readyMs: readonly { readonly id: string; readonly milliseconds: number }[]
}

const ROUNDS = 5

export async function measureStart(browser: Browser, url: string): Promise<StartFigures> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  const rounds: Record<string, number>[] = []
  // The first visit fills the caches and does not count: these are the warm figures.
  for (let round = 0; round <= ROUNDS; round++) {
    await page.goto(url)
    await page.waitForFunction(
      () =>
        globalThis.hypercore?.domains().length !== 0 &&
        globalThis.hypercore?.domains().every(({ ready }) => ready),
      undefined,
      { timeout: 120_000 },
    )
    const marks = await page.evaluate(() =>
      performance
        .getEntriesByType('mark')
        .filter(({ name }) => name.startsWith('hyperspace:'))
        .map(({ name, startTime }) => [name.slice('hyperspace:'.length), startTime] as const),
    )
    if (round > 0) rounds.push(Object.fromEntries(marks))
  }
  await context.close()
  const of = (name: string): number => median(rounds.map((marks) => marks[name] ?? Number.NaN))
  const ids = Object.keys(rounds[0] ?? {})
    .filter((name) => name.startsWith('ready:'))
    .map((name) => name.slice('ready:'.length))
  return {
    rounds: ROUNDS,
    firmwarePaintedMs: of('firmware-painted'),
    handOffMs: of('hand-off'),
    readyMs: ids
      .map((id) => ({ id, milliseconds: of(`ready:${id}`) }))
      .toSorted((a, b) => a.milliseconds - b.milliseconds),
  }
}
