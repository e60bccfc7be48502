/** Switch latency with every guest busy: real key events, and the product's own measurement of each switch. */

import type { Page } from 'playwright-core'
import { openProfile } from './profile.ts'
import { distribution, type Distribution } from './statistics.ts'

const SWITCHES = 200

/** Percent of a core above which a guest counts as busy; several share two cores. */
const BUSY_PERCENT = 10

/** A chat and a browser run beside them. */
const SHELLS = ['primary', 'management', 'vault'] as const

/**
 * Guests are busy for so long before the first switch: what the browser compiles of new code, on every processor, comes in their
 * first twenty seconds. Milliseconds.
 */
const WARM_UP_MS = 20_000

/** What every shell does meanwhile. */
const LOADS = [
  { name: 'computing', command: 'while :; do i=$((i + 1)); done' },
  { name: 'printing without end', command: 'while :; do echo $((i = i + 1)); done' },
] as const

export type SwitchFigures = {
  readonly load: string
  readonly count: number
  readonly busyGuests: number
  /** From the key event to the other guest's picture, drawn, in front on the stage. */
  readonly placed: Distribution
  /** To the end of the page's frame that shows it. */
  readonly painted: Distribution
}

export async function measureSwitches(url: string): Promise<readonly SwitchFigures[]> {
  const context = await openProfile()
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(
    () =>
      (globalThis.hypercore?.domains().length ?? 0) >= 3 &&
      globalThis.hypercore?.domains().every(({ ready }) => ready),
    undefined,
    { timeout: 120_000 },
  )
  await page.evaluate(async () => {
    const api = globalThis.hypercore
    api.on('switch', (figure) => globalThis.switches?.push(figure))
    // Its menu leads to a shell.
    api.console('vault').write('!')
    await api.console('vault').waitFor('vault:~#')
  })
  const figures: SwitchFigures[] = []
  for (const load of LOADS) figures.push(await underLoad(page, load))
  await context.close()
  return figures
}

async function underLoad(page: Page, { name, command }: (typeof LOADS)[number]): Promise<SwitchFigures> {
  // Ctrl+C ends the load before.
  await page.evaluate(
    ([command, shells]) => {
      globalThis.switches = []
      for (const id of shells) globalThis.hypercore.console(id).write(`\x03\r${command}\r`)
    },
    [command, SHELLS] as const,
  )
  await page.waitForTimeout(WARM_UP_MS)
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
    await page.waitForFunction((wanted) => (globalThis.switches?.length ?? 0) >= wanted, count + 1)
  }
  const switches = await page.evaluate(() => globalThis.switches ?? [])
  // Counted, not assumed: a menu or a chat does not run what was typed into it.
  const busyGuests = await page.evaluate(
    (busy) =>
      globalThis.hypercore
        .domains()
        .filter(({ id }) => (globalThis.hypercore.stats(id)?.cpuPercent ?? 0) > busy).length,
    BUSY_PERCENT,
  )
  return {
    load: name,
    count: switches.length,
    busyGuests,
    placed: distribution(switches.map(({ placedMs }) => placedMs)),
    painted: distribution(switches.map(({ milliseconds }) => milliseconds)),
  }
}
