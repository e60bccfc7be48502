/**
 * Pages on the browser's own screen, as a person waits for them: its home page, the portal, which has a picture and a style sheet,
 * after a new identity, and another page of it after a click on that picture.
 */

import type { Page } from 'playwright-core'
import { openProfile } from './profile.ts'
import { rested } from './start.ts'
import { median } from './statistics.ts'

const ROUNDS = 3
const PATIENCE = 120_000

export type PageFigures = {
  /** From the call for a new identity (the guest ends, another resumes) to its home page on the page's canvas. */
  readonly homeMs: number
  /** From the start of another web guest until its agent has answered, a machine ahead being there for it. */
  readonly newGuestMs: number
  /** The same in a larger window: to its home page in the stage's size, laid out anew. */
  readonly fittedMs: number
  /** From the click to the last change on the screen: text, style and pictures. */
  readonly linkMs: number
}

/** Of the guest's screen at the size that its golden snapshot has: the portal's picture, which is a link. */
const LINK = { x: 512, y: 300 }

/** A window whose stage is as large as the golden snapshot's screen, and a larger one. */
const SAME_SIZE = { width: 1032, height: 820 }
const LARGER = { width: 1440, height: 900 }

/** Puts into the page what looks at web's canvas, once a frame, from so far that a pointer is next to nothing. */
async function watchScreen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const screen = (): HTMLCanvasElement => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-stage] [data-domain="web"] canvas')
      if (canvas === null) throw new Error('web has no screen')
      return canvas
    }
    const small = new OffscreenCanvas(128, 96).getContext('2d', { willReadFrequently: true })
    if (small === null) throw new Error('no second canvas')
    const look = (): number[] => {
      // Without the tool bar and the status line.
      const { width, height } = screen()
      small.drawImage(screen(), 0, 40, width, height - 70, 0, 0, 128, 96)
      const { data } = small.getImageData(0, 0, 128, 96)
      return Array.from({ length: data.length / 4 }, (_, at) => data[at * 4 + 1] ?? 0)
    }
    const difference = (one: readonly number[], other: readonly number[]): number =>
      one.filter((value, at) => Math.abs(value - (other[at] ?? 0)) > 24).length / one.length
    globalThis.webScreen = {
      look,
      until: (wanted, start) =>
        new Promise((resolve) => {
          let other = false
          const frame = (): void => {
            const far = difference(look(), wanted)
            other ||= far > 0.02
            if (other && far < 0.005) resolve(performance.now() - start)
            else requestAnimationFrame(frame)
          }
          frame()
        }),
      settled: (before, start, quietMs) =>
        new Promise((resolve) => {
          let [last, changed] = [before, start]
          const frame = (): void => {
            const [now, picture] = [performance.now(), look()]
            if (difference(picture, last) > 0.002) [last, changed] = [picture, now]
            if (now - changed > quietMs && difference(last, before) > 0.02) resolve(changed - start)
            else requestAnimationFrame(frame)
          }
          frame()
        }),
    }
  })
}

declare global {
  // oxlint-disable-next-line no-var -- a global of the measured page
  var opened: Promise<number>
  // oxlint-disable-next-line no-var -- a global of the measured page
  var webScreen: {
    look(): number[]
    /** Milliseconds from `start` until the screen shows `wanted`, after it has shown something else. */
    until(wanted: readonly number[], start: number): Promise<number>
    /** Milliseconds from `start` to the last change, after which nothing changed for `quietMs`; `before` is gone by then. */
    settled(before: readonly number[], start: number, quietMs: number): Promise<number>
  }
}

/** Clicks the link with the mouse, and answers the milliseconds from the click to the page's last change. */
async function followPicture(page: Page): Promise<number> {
  const canvas = page.locator('[data-stage] [data-domain="web"] canvas')
  const box = await canvas.boundingBox()
  const width = await canvas.evaluate((element: HTMLCanvasElement) => element.width)
  if (box === null || width !== 1024) throw new Error(`web is ${width} wide, or not shown`)
  const scale = box.width / width
  await page.mouse.move(box.x + LINK.x * scale, box.y + LINK.y * scale)
  await page.evaluate(() => {
    const before = globalThis.webScreen.look()
    globalThis.opened = new Promise((resolve) => {
      const click = (): void => resolve(globalThis.webScreen.settled(before, performance.now(), 3000))
      addEventListener('pointerdown', click, { once: true, capture: true })
    })
  })
  await page.mouse.down()
  await page.mouse.up()
  return page.evaluate(() => globalThis.opened)
}

/** Another part of the page is seen, so that the home page is known when it comes; and the machine ahead has drawn it. */
async function scrollAway(page: Page, home: readonly number[]): Promise<void> {
  await page.locator('[data-stage] [data-domain="web"] canvas').hover()
  await page.mouse.wheel(0, 4000)
  await page.evaluate((home) => globalThis.webScreen.settled(home, performance.now(), 3000), home)
  await rested()
}

/** Milliseconds from the call for a new identity until the screen shows `home`. */
async function newIdentity(page: Page, home: readonly number[]): Promise<number> {
  const shownMs = await page.evaluate(async (home) => {
    const start = performance.now()
    const [shown] = await Promise.all([
      globalThis.webScreen.until(home, start),
      globalThis.hypercore.newIdentity('web'),
    ])
    return shown
  }, home)
  await page.waitForFunction(() =>
    globalThis.hypercore.domains().every(({ id, ready }) => id !== 'web' || ready),
  )
  return shownMs
}

/** Milliseconds from the start of another web guest until it answers; it is ended and removed again. */
async function newGuest(page: Page): Promise<number> {
  const id = await page.evaluate(() => globalThis.hypercore.create({ appliance: 'web' }))
  // The supervisor builds the machine ahead in a moment of its own.
  await rested()
  return page.evaluate(async (id) => {
    const api = globalThis.hypercore
    const start = performance.now()
    const ready = new Promise<number>((resolve) => {
      const stop = api.on('domain', (domain) => {
        if (domain.id !== id || !domain.ready) return
        stop()
        resolve(performance.now() - start)
      })
    })
    const [milliseconds] = await Promise.all([ready, api.start(id)])
    await api.kill(id)
    await api.remove(id)
    return milliseconds
  }, id)
}

export async function measurePages(url: string): Promise<PageFigures> {
  const context = await openProfile(SAME_SIZE)
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  await page.addInitScript(() =>
    localStorage.setItem(
      'hyperspace.preferences',
      JSON.stringify({ hintsSeen: ['machines', 'keys', 'honesty'] }),
    ),
  )
  await page.goto(`${url}?focus=web`)
  await page.waitForFunction(
    () =>
      globalThis.hypercore?.domains().length !== 0 &&
      globalThis.hypercore?.domains().every(({ ready }) => ready),
  )
  await watchScreen(page)
  const home = await page.evaluate(() => globalThis.webScreen.look())
  const [homes, links, fitted, guests]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    links.push(await followPicture(page))
    homes.push(await newIdentity(page, home))
  }
  for (let round = 0; round < ROUNDS; round++) guests.push(await newGuest(page))
  await page.setViewportSize(LARGER)
  const larger = await page.evaluate(async (home) => {
    await globalThis.webScreen.settled(home, performance.now(), 3000)
    return globalThis.webScreen.look()
  }, home)
  for (let round = 0; round < ROUNDS; round++) {
    await scrollAway(page, larger)
    fitted.push(await newIdentity(page, larger))
  }
  await context.close()
  return {
    homeMs: median(homes),
    newGuestMs: median(guests),
    fittedMs: median(fitted),
    linkMs: median(links),
  }
}
