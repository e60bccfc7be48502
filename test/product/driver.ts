/** Drives the built product as a person does: real keys, and what is really drawn read back from the screen. */

import type { BrowserContextOptions, JSHandle, Page } from 'playwright-core'
import { expect } from 'vitest'
import { Picture } from '../support/picture.ts'
import { openProduct, type OpenedPage } from '../support/browser.ts'

/** Milliseconds for a cold boot of several guests on a machine that does something else, too. */
export const PATIENCE = 110_000

/** Hints are for people; each test that is not about them starts as a returning visitor. */
async function asReturningVisitor(page: Page): Promise<void> {
  await page.addInitScript(() => {
    if (localStorage.getItem('hyperspace.preferences') !== null) return
    localStorage.setItem(
      'hyperspace.preferences',
      JSON.stringify({ hintsSeen: ['machines', 'keys', 'honesty'] }),
    )
  })
}

export async function openMachine(
  path = '',
  options: BrowserContextOptions = {},
  prepare?: (page: Page) => Promise<unknown>,
): Promise<OpenedPage> {
  return openProduct(path, options, async (page) => {
    await asReturningVisitor(page)
    await prepare?.(page)
  })
}

/** Until the guests' own agents have said that their userland is up. */
export async function untilReady(page: Page, ids: readonly string[]): Promise<void> {
  await page.waitForFunction(
    (ids) =>
      ids.every((id) => globalThis.hypercore?.domains().some((domain) => domain.id === id && domain.ready)),
    ids,
    { timeout: PATIENCE },
  )
}

/** The rows of a domain's terminal as they are drawn. */
export async function terminalText(page: Page, id: string): Promise<string> {
  const rows = await page.locator(`[data-stage] [data-domain="${id}"] .xterm-rows > div`).allTextContents()
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n')
}

/** Waits until the terminal shows `pattern`. */
export async function untilShown(page: Page, id: string, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    ([id, source, flags]) => {
      const rows = [...document.querySelectorAll(`[data-stage] [data-domain="${id}"] .xterm-rows > div`)]
      const text = rows.map((row) => (row.textContent ?? '').replaceAll('\u00a0', ' ').trimEnd()).join('\n')
      return new RegExp(source, flags).test(text)
    },
    [id, pattern.source, pattern.flags] as const,
    { timeout: PATIENCE },
  )
}

/** The lines of a VGA text screen as it is drawn on the stage; undefined while it is no text screen. */
async function screenText(page: Page, id: string): Promise<string | undefined> {
  const canvas = page.locator(`[data-stage] [data-domain="${id}"] canvas`)
  const drawn = await canvas.evaluate(async (element) => {
    if (!(element instanceof HTMLCanvasElement)) throw new TypeError('no canvas')
    const { width, height } = element
    const context = new OffscreenCanvas(width, height).getContext('2d')
    context?.drawImage(element, 0, 0)
    const { data } = context?.getImageData(0, 0, width, height) ?? { data: new Uint8ClampedArray() }
    // Which pixels are not black, as characters.
    let ink = ''
    for (let at = 0; at < data.length; at += 4)
      ink += (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0) > 0 ? '1' : '0'
    return { width, height, ink }
  })
  if (drawn.height % 16 !== 0 || drawn.width < 640) return undefined
  const picture = new Picture()
  picture.width = drawn.width
  picture.height = drawn.height
  picture.pixels = Uint32Array.from(drawn.ink, (ink) => (ink === '1' ? 0xffffffff : 0xff000000))
  return (
    picture
      .text()
      // No glyph: the cursor.
      .map((line) => line.replaceAll('\ufffd', ' ').trimEnd())
      .join('\n')
  )
}

/** Waits until the VGA text screen shows `pattern`; `meanwhile` is done each time it does not. */
export async function untilScreen(
  page: Page,
  id: string,
  pattern: RegExp,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  await expect
    .poll(
      async () => {
        const text = await screenText(page, id)
        if (text !== undefined && !pattern.test(text)) await meanwhile?.()
        return text
      },
      { timeout: PATIENCE, interval: 300 },
    )
    .toMatch(pattern)
}

/** A file as a person holds it over the page. */
async function fileToDrop(page: Page, file: Blob, name: string): Promise<JSHandle<DataTransfer>> {
  const text = Buffer.from(await file.arrayBuffer()).toString('base64')
  return page.evaluateHandle(
    ([text, name]) => {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
      const transfer = new DataTransfer()
      transfer.items.add(new File([bytes], name))
      return transfer
    },
    [text, name] as const,
  )
}

/** Drops a file on the box with `title`, which the page shows while one is held over the stage. */
export async function dropFile(page: Page, title: string, file: Blob, name: string): Promise<void> {
  const dataTransfer = await fileToDrop(page, file, name)
  await page.dispatchEvent('[data-stage]', 'dragenter', { dataTransfer })
  const target = page.getByText(title, { exact: true }).locator('..')
  await target.dispatchEvent('dragover', { dataTransfer })
  await target.dispatchEvent('drop', { dataTransfer })
}

/** Types a line with real key events into whatever has the keyboard. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.keyboard.type(line)
  await page.keyboard.press('Enter')
}

/** The firmware's 25 lines, as its text alternative gives them; to be asked for while nothing but a key leads on. */
export async function firmwareText(page: Page): Promise<string> {
  return (await page.locator('main[aria-label="Firmware"] pre').textContent()) ?? ''
}

export async function untilFirmwareShows(page: Page, pattern: RegExp): Promise<void> {
  await page.waitForFunction(
    ([source, flags]) =>
      new RegExp(source, flags).test(
        document.querySelector('main[aria-label="Firmware"] pre')?.textContent ?? '',
      ),
    [pattern.source, pattern.flags] as const,
    { timeout: PATIENCE },
  )
}

export async function focusedId(page: Page): Promise<string | undefined> {
  return page.evaluate(() => globalThis.hypercore.domains().find(({ focused }) => focused)?.id)
}

/** Whose picture is in front in the middle of the stage. */
export async function domainUnderStage(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const box = document.querySelector('[data-stage]')?.getBoundingClientRect()
    if (box === undefined) return undefined
    const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
    return seen?.closest<HTMLElement>('[data-domain]')?.dataset['domain']
  })
}
