/** Time from navigation to the firmware's first picture, to the hand-off, and to each guest's first screen. */

import type { Page } from 'playwright-core'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { withQuietBrowser, type QuietPage } from './quiet-browser.ts'
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

/** Every appliance, by the mark that the page sets with its first screen. */
const READY = APPLIANCES.map(({ name }) => `ready:${name}`)

const isUp = (marks: Readonly<Record<string, number>>): boolean =>
  READY.every((name) => marks[name] !== undefined)

export async function measureStart(url: string): Promise<StartFigures> {
  const warm = await withQuietBrowser((open) => measureWarm(open, url))
  const firstVisits: number[] = []
  for (let round = 0; round < FIRST_VISITS; round++)
    firstVisits.push(await withQuietBrowser(async (open) => lastReady(await (await open()).visit(url, isUp))))
  return { ...warm, firstVisitAllLiveMs: median(firstVisits) }
}

async function measureWarm(
  open: () => Promise<QuietPage>,
  url: string,
): Promise<Omit<StartFigures, 'firstVisitAllLiveMs'>> {
  const rounds: Record<string, number>[] = []
  // The first visit fills the caches and does not count: these are the warm figures.
  for (let round = 0; round <= ROUNDS; round++) {
    const page = await open()
    const marks = await page.visit(url, isUp)
    if (round > 0) rounds.push(marks)
    else await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)')
    await page.close()
    await rested()
  }
  const page = await open()
  await page.visit(url, isUp)
  const reloads: number[] = []
  for (let round = 0; round < FIRST_VISITS; round++) reloads.push(lastReady(await page.visit(url, isUp)))
  const booted = await page.evaluate<string[]>(
    `hypercore.domains().flatMap(({ id, origin }) => (origin?.kind === 'boot' ? [id] : []))`,
  )
  await page.close()
  const of = (name: string): number => median(rounds.map((marks) => marks[name] ?? Number.NaN))
  return {
    rounds: ROUNDS,
    firmwarePaintedMs: of('firmware-painted'),
    handOffMs: of('hand-off'),
    readyMs: APPLIANCES.map(({ name }) => ({ id: name, milliseconds: of(`ready:${name}`) })).toSorted(
      (a, b) => a.milliseconds - b.milliseconds,
    ),
    allLiveMs: median(rounds.map(lastReady)),
    reloadedAllLiveMs: median(reloads),
    booted,
  }
}

function lastReady(marks: Readonly<Record<string, number>>): number {
  const ready = Object.entries(marks).filter(([name]) => name.startsWith('ready:'))
  return Math.max(...ready.map(([, at]) => at))
}
