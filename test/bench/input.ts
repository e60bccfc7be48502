/**
 * Keys while the guest in front floods its console, or redraws as fast as it can: real key events, from the browser's own
 * timestamp to the end of the page's handlers and to the end of the frame after them.
 *
 * When the handlers ended is told by the browser (Event Timing) for every key that took longer than 16 ms to the next picture.
 * The others were answered within a frame; for them it is when the first handler began, and all of them take some tenths of a
 * millisecond.
 */

import type { Page } from 'playwright-core'
import { openProfile } from './profile.ts'
import { distribution, type Distribution } from './statistics.ts'

const KEYS = 200
const PATIENCE = 120_000

/** What guests do meanwhile, the one in front among them. */
const FLOODS = [
  {
    name: 'three print without end',
    front: 'primary',
    command: 'while :; do echo $((i = i + 1)); done',
    ids: ['primary', 'management', 'vault'],
  },
  {
    name: 'three redraw their terminals',
    front: 'primary',
    command: String.raw`while :; do printf '\033[2J\033[H'; cat /proc/interrupts /proc/meminfo; done`,
    ids: ['primary', 'management', 'vault'],
  },
  {
    name: 'one redraws its screen',
    front: 'web',
    // Two pictures as large as its frame buffer, by turns.
    command: 'while :; do head -c 3145728 /dev/zero; cat /bin/busybox /bin/busybox; done >/dev/fb0',
    ids: ['web'],
  },
] as const

export type InputFigures = {
  readonly flood: string
  readonly keys: number
  /** What came from them meanwhile. */
  readonly consoleBytes: number
  readonly frames: number
  /** From the key event to the end of the page's handlers. */
  readonly handled: Distribution
  /** To the end of the frame after it. */
  readonly painted: Distribution
  /** By the browser's own Event Timing, which tells of those that took longer than 16 ms to the next picture. */
  readonly slow: number
  readonly longestDelayMs: number
}

declare global {
  var keysMeasured: { at: number; begunMs: number; paintedMs: number }[] | undefined
  var slowKeys: { at: number; begunMs: number; handledMs: number }[] | undefined
}

export async function measureInput(url: string): Promise<readonly InputFigures[]> {
  const context = await openProfile()
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(
    () => globalThis.hypercore?.domains().filter(({ ready }) => ready).length === 5,
    undefined,
    { timeout: PATIENCE },
  )
  await page.evaluate(async () => {
    // Its menu leads to a shell.
    globalThis.hypercore.console('vault').write('!')
    await globalThis.hypercore.console('vault').waitFor('vault:~#')
    window.addEventListener(
      'keydown',
      ({ timeStamp }) => {
        const begunMs = performance.now() - timeStamp
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = () =>
            globalThis.keysMeasured?.push({
              at: timeStamp,
              begunMs,
              paintedMs: performance.now() - timeStamp,
            })
          port2.postMessage(undefined)
        })
      },
      { capture: true },
    )
    // Event Timing's own field, which the compiler's library lacks; 16 is the least that it takes.
    const slowEvents: PerformanceObserverInit & { durationThreshold: number } = {
      type: 'event',
      durationThreshold: 16,
    }
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (entry instanceof PerformanceEventTiming && entry.name === 'keydown')
          globalThis.slowKeys?.push({
            at: entry.startTime,
            begunMs: entry.processingStart - entry.startTime,
            handledMs: entry.processingEnd - entry.startTime,
          })
    }).observe(slowEvents)
  })
  const figures: InputFigures[] = []
  for (const flood of FLOODS) figures.push(await underFlood(page, flood))
  await context.close()
  return figures
}

/** Totals of what the guests have sent to the page. */
async function sent(page: Page, ids: readonly string[]): Promise<{ bytes: number; frames: number }> {
  return page.evaluate((ids) => {
    const stats = ids.map((id) => globalThis.hypercore.stats(id))
    return {
      bytes: stats.reduce((sum, each) => sum + (each?.console.outBytes ?? 0), 0),
      frames: stats.reduce((sum, each) => sum + (each?.framesSent ?? 0), 0),
    }
  }, ids)
}

async function underFlood(
  page: Page,
  { name, front, command, ids }: (typeof FLOODS)[number],
): Promise<InputFigures> {
  const before = await sent(page, ids)
  await page.evaluate(
    async ([front, command, ids]) => {
      await globalThis.hypercore.focus(front)
      // Ctrl+C ends the flood before.
      for (const id of ids) globalThis.hypercore.console(id).write(`\x03\r${command}\r`)
      globalThis.keysMeasured = []
      globalThis.slowKeys = []
    },
    [front, command, ids] as const,
  )
  for (let count = 1; count <= KEYS; count++) {
    await page.keyboard.press('x')
    await page.waitForFunction((count) => globalThis.keysMeasured?.length === count, count, {
      timeout: PATIENCE,
    })
  }
  const { keys, slow } = await page.evaluate(() => ({
    keys: globalThis.keysMeasured ?? [],
    slow: globalThis.slowKeys ?? [],
  }))
  const handledMs = (at: number): number | undefined =>
    slow.find((key) => Math.abs(key.at - at) < 0.5)?.handledMs
  const after = await sent(page, ids)
  await page.evaluate((ids) => {
    for (const id of ids) globalThis.hypercore.console(id).write('\x03')
  }, ids)
  return {
    flood: name,
    keys: keys.length,
    consoleBytes: after.bytes - before.bytes,
    frames: after.frames - before.frames,
    handled: distribution(keys.map(({ at, begunMs }) => handledMs(at) ?? begunMs)),
    painted: distribution(keys.map(({ paintedMs }) => paintedMs)),
    slow: slow.length,
    longestDelayMs: Math.max(0, ...slow.map(({ begunMs }) => begunMs)),
  }
}
