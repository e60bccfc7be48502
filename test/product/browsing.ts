/** The web appliance as a person uses it: real mouse and keyboard, and what its canvas shows. */

import type { Page } from 'playwright-core'
import { PATIENCE } from './driver.ts'

/** Of the guest's screen, in its own pixels. */
type Point = { readonly x: number; readonly y: number }

const CANVAS = '[data-stage] [data-domain="web"] canvas'

/** The browser's tool bar above and status line below are no part of the page. */
const TOOL_BAR = 40
const STATUS_LINE = 30

/** A page that is drawn, looked at from so far that a pointer or a caret is nothing: a value for each square. */
export type Drawn = { readonly width: number; readonly grey: readonly number[] }

const SQUARE = 8

async function drawn(page: Page): Promise<Drawn> {
  return page.evaluate(
    ([selector, above, below, square]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(selector)
      if (canvas === null) throw new Error('web has no screen')
      const { width } = canvas
      const height = canvas.height - above - below
      const [columns, rows] = [Math.ceil(width / square), Math.ceil(height / square)]
      const copy = new OffscreenCanvas(columns, rows).getContext('2d')
      if (copy === null) throw new Error('no second canvas')
      copy.drawImage(canvas, 0, above, width, height, 0, 0, columns, rows)
      const { data } = copy.getImageData(0, 0, columns, rows)
      const grey = Array.from({ length: columns * rows }, (_, at) => data[at * 4 + 1] ?? 0)
      return { width, grey }
    },
    [CANVAS, TOOL_BAR, STATUS_LINE, SQUARE] as const,
  )
}

/** Of all squares, the part that differs clearly; 1 for two sizes. */
function difference(one: Drawn, other: Drawn): number {
  if (one.grey.length !== other.grey.length) return 1
  const differing = one.grey.filter((value, at) => Math.abs(value - (other.grey[at] ?? 0)) > 32)
  return differing.length / one.grey.length
}

/** Looks at a page that stands still before it counts as whole: its pictures come after its text. */
const STILL_LOOKS = 4

/** Percent of a core that a browser uses which has nothing left to do. */
const IDLE_PERCENT = 25

type Effort = { readonly received: number; readonly cpuPercent: number }

/** What web has received, and what it does with it: between a page's text and its pictures it is busy or hears more. */
function effort(page: Page): Promise<Effort> {
  return page.evaluate(() => {
    const stats = globalThis.hypercore.stats('web')
    return { received: stats?.network.rxBytes ?? 0, cpuPercent: stats?.cpuPercent ?? 100 }
  })
}

/** Ten seconds: what a busy browser may take to leave a page. */
const LOOKS_A_CLICK = 40

/** Another page differs by more than this, the same one with the pointer elsewhere by less. */
const ANOTHER_PAGE = 0.01

/** Waits until another page than `before` is shown and stands still, its browser with it. */
export async function untilDrawn(page: Page, before: Drawn): Promise<Drawn> {
  const deadline = performance.now() + PATIENCE
  let last = before
  let worked: Effort = { received: 0, cpuPercent: 100 }
  let same = 0
  while (performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await page.waitForTimeout(250)
    // oxlint-disable-next-line no-await-in-loop
    const now = await drawn(page)
    // oxlint-disable-next-line no-await-in-loop
    const works = await effort(page)
    const isPage = now.grey.some((value) => value < 128)
    const isStill = difference(now, last) < ANOTHER_PAGE / 10 && works.received === worked.received
    const isOther = difference(now, before) > ANOTHER_PAGE
    same = isPage && isStill && isOther && works.cpuPercent < IDLE_PERCENT ? same + 1 : 0
    if (same === STILL_LOOKS) return now
    worked = works
    last = now
  }
  throw new Error('no other page was drawn')
}

/** Waits until the screen shows what `wanted` is. */
export async function untilLike(page: Page, wanted: Drawn): Promise<void> {
  const deadline = performance.now() + PATIENCE
  while (performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    if (difference(await drawn(page), wanted) < ANOTHER_PAGE / 2) return
    // oxlint-disable-next-line no-await-in-loop
    await page.waitForTimeout(250)
  }
  throw new Error('the page that was awaited is not drawn')
}

/** Waits until the screen has the stage's size, and the page that is shown stands still. */
export async function untilFitted(page: Page): Promise<Drawn> {
  await page.waitForFunction(
    (selector) => (document.querySelector<HTMLCanvasElement>(selector)?.width ?? 0) > 1024,
    CANVAS,
    { timeout: PATIENCE },
  )
  return untilDrawn(page, { width: 0, grey: [] })
}

async function pointAt(page: Page, { x, y }: Point): Promise<void> {
  const canvas = page.locator(CANVAS)
  const box = await canvas.boundingBox()
  const size = await canvas.evaluate((element) =>
    element instanceof HTMLCanvasElement ? [element.width, element.height] : [],
  )
  const [width, height] = size
  if (box === null || width === undefined || height === undefined) throw new Error('web is not shown')
  await page.mouse.move(box.x + ((x + 0.5) * box.width) / width, box.y + ((y + 0.5) * box.height) / height)
}

async function clickGuest(page: Page, at: Point): Promise<void> {
  await pointAt(page, at)
  await page.mouse.down()
  await page.mouse.up()
}

/** Clicks until the page is left, as a person does whose click came before the page had taken its place. */
export async function followLink(page: Page, at: Point, from: Drawn): Promise<void> {
  const deadline = performance.now() + PATIENCE
  while (performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- one click after the other
    await clickGuest(page, at)
    for (let look = 0; look < LOOKS_A_CLICK; look += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await page.waitForTimeout(250)
      // oxlint-disable-next-line no-await-in-loop
      if (difference(await drawn(page), from) > ANOTHER_PAGE) return
    }
  }
  throw new Error('no click led to another page')
}

/** Keys that clear the longest address that the bar has had. */
const LONGEST_ADDRESS = 60

/** By the address bar: a click into it, and keys. */
export async function typeAddress(page: Page, address: string): Promise<void> {
  await clickGuest(page, { x: 392, y: 15 })
  await page.keyboard.press('End')
  for (let key = 0; key < LONGEST_ADDRESS; key += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one key after the other
    await page.keyboard.press('Backspace')
  }
  await page.keyboard.type(address)
  await page.keyboard.press('Enter')
}

/** By the button in the browser's bar. */
export async function goBack(page: Page): Promise<void> {
  await clickGuest(page, { x: 13, y: 14 })
}
