/** Time from navigation to the firmware's first picture, to the hand-off, and to each guest's first screen. */

import type { BrowserContext, Page } from 'playwright-core'
import { withProfile } from './profile.ts'
import { median } from './statistics.ts'

export type StartFigures = {
  readonly rounds: number
  readonly firmwarePaintedMs: number
  readonly handOffMs: number
  readonly readyMs: readonly { readonly id: string; readonly milliseconds: number }[]
  /** The last of them: every domain is live. */
  readonly allLiveMs: number
  /** The same in a page that is reloaded: the machine before it ends at the same time. */
  readonly reloadedAllLiveMs: number
  /** The same in a profile that has never seen the page. */
  readonly firstVisitAllLiveMs: number
  /** Ids of domains that did not resume from a golden snapshot. */
  readonly booted: readonly string[]
}

const ROUNDS = 5
const FIRST_VISITS = 3

/** Until the browser has cleared away a page's workers and their memory: nothing says when that is. */
export const REST_MS = 2000

export async function rested(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS))
}

/** Until the service worker keeps the product: a page that is closed as soon as its guests are up has not even asked for it. */
export async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })
}

export async function measureStart(url: string): Promise<StartFigures> {
  const warm = await withProfile((context) => measureWarm(context, url))
  const firstVisits: number[] = []
  for (let round = 0; round < FIRST_VISITS; round++)
    firstVisits.push(
      await withProfile(async (context) => lastReady(await visit(await context.newPage(), url))),
    )
  return { ...warm, firstVisitAllLiveMs: median(firstVisits) }
}

async function measureWarm(
  context: BrowserContext,
  url: string,
): Promise<Omit<StartFigures, 'firstVisitAllLiveMs'>> {
  const rounds: Record<string, number>[] = []
  // The first visit fills the caches and does not count: these are the warm figures.
  for (let round = 0; round <= ROUNDS; round++) {
    const page = await context.newPage()
    const marks = await visit(page, url)
    if (round > 0) rounds.push(marks)
    else await kept(page)
    await page.close()
    await rested()
  }
  const page = await context.newPage()
  await visit(page, url)
  const reloads: number[] = []
  for (let round = 0; round < FIRST_VISITS; round++) reloads.push(lastReady(await visit(page, url)))
  const booted = await page.evaluate(() =>
    globalThis.hypercore.domains().flatMap(({ id, origin }) => (origin?.kind === 'boot' ? [id] : [])),
  )
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
    allLiveMs: median(rounds.map(lastReady)),
    reloadedAllLiveMs: median(reloads),
    booted,
  }
}

/** The page's marks, in milliseconds from navigation, once every guest is up. */
async function visit(page: Page, url: string): Promise<Record<string, number>> {
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
  return Object.fromEntries(marks)
}

function lastReady(marks: Readonly<Record<string, number>>): number {
  const ready = Object.entries(marks).filter(([name]) => name.startsWith('ready:'))
  return Math.max(...ready.map(([, at]) => at))
}
