import type { Page } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { followLink, goBack, untilDrawn, untilFitted, untilLike } from './browsing.ts'
import {
  domainUnderStage,
  focusedId,
  openMachine,
  terminalText,
  typeLine,
  untilReady,
  untilShown,
} from './driver.ts'

/** Several waits, each of which may take the driver's patience on a machine that does something else, too. */
vi.setConfig({ testTimeout: 300_000 })

/** Notes which keys the browser has given to the page. */
async function notingLocks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const keyboard: unknown = Reflect.get(navigator, 'keyboard')
    if (typeof keyboard !== 'object' || keyboard === null) return
    const lock: unknown = Reflect.get(keyboard, 'lock')
    if (typeof lock !== 'function') return
    Reflect.set(keyboard, 'lock', async (keys: unknown) => {
      await Reflect.apply(lock, keyboard, [keys])
      Reflect.set(globalThis, 'locked', keys)
    })
  })
}

/** Notes in `pictures` each text the firmware's screen shows: a quick boot is over before it is asked for. */
async function notingFirmware(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const pictures: string[] = []
    Reflect.set(globalThis, 'pictures', pictures)
    new MutationObserver(() => {
      const text = document.querySelector('main[aria-label="Firmware"] pre')?.textContent ?? ''
      if (text !== '' && text !== pictures.at(-1)) pictures.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })
}

/** Counts in `measured` how often a terminal measures a character by a layout of the page. */
async function countingMeasurements(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const layout = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'offsetWidth') ?? {}
    const original: object = Object.create(Object.prototype, { offsetWidth: layout })
    Reflect.set(globalThis, 'measured', 0)
    Object.defineProperty(HTMLElement.prototype, 'offsetWidth', {
      get(this: HTMLElement) {
        if (this.closest('.xterm-width-cache-measure-container') !== null)
          Reflect.set(globalThis, 'measured', Number(Reflect.get(globalThis, 'measured')) + 1)
        return Reflect.get(original, 'offsetWidth', this)
      },
    })
  })
}

test('a machine goes from power-on to guests that answer what a person types', async () => {
  const { page, complaints } = await openMachine('', {}, async (page) => {
    await notingLocks(page)
    await notingFirmware(page)
  })
  await page.evaluate(() => globalThis.hypercore.ready)
  const pictures: unknown = await page.evaluate(() => Reflect.get(globalThis, 'pictures'))
  if (!Array.isArray(pictures)) throw new TypeError('no pictures of the firmware')
  expect(
    pictures.map(String).filter((text) => /HyperSpace[^]*; not affiliated[^]*Keyboard/.test(text)),
  ).not.toEqual([])
  // The real timer: in every picture, and never less than in the one before.
  const timers = pictures.flatMap(
    (text) => / (\d+\.\d\d) s /.exec(String(text).split('\n')[0] ?? '')?.[1] ?? [],
  )
  expect(timers.length).toBeGreaterThan(0)
  expect(timers).toEqual(timers.toSorted((a, b) => Number(a) - Number(b)))

  const second = await page.evaluate(() => globalThis.hypercore.create({ appliance: 'management' }))
  await page.evaluate((id) => globalThis.hypercore.start(id), second)
  await untilReady(page, ['primary', 'management', second])

  // Typed by real keys into each, answered on its own screen.
  for (const [keys, id] of [
    ['Control+Alt+1', 'primary'],
    ['Control+Alt+4', 'management'],
    ['Control+Alt+6', second],
  ] as const) {
    await page.keyboard.press(keys)
    expect(await focusedId(page)).toBe(id)
    await typeLine(page, 'uname -a')
    await untilShown(page, id, new RegExp(`Linux ${id} .* i686`))
  }

  // F4 leads back to the primary and to the last appliance again; the frame tells whose picture it is.
  await page.keyboard.press('F4')
  expect(await focusedId(page)).toBe('primary')
  await page.getByRole('region', { name: 'Primary', exact: true }).waitFor()
  await page.keyboard.press('F4')
  expect(await focusedId(page)).toBe(second)
  expect(await domainUnderStage(page)).toBe(second)
  expect(await terminalText(page, second)).toContain('uname -a')
  await page.getByText(/switched in/).waitFor()

  // From management: another guest's console read, and another guest brought to the front.
  await page.keyboard.press('Control+Alt+4')
  await typeLine(page, 'clear; hv console primary')
  await untilShown(page, 'management', /Linux primary .* i686/)
  await typeLine(page, 'hv focus primary')
  await page.waitForFunction(() =>
    globalThis.hypercore.domains().some((d) => d.id === 'primary' && d.focused),
  )
  expect(await domainUnderStage(page)).toBe('primary')

  // In fullscreen the guest has Esc and what closes a tab.
  await page.getByRole('button', { name: 'Fullscreen' }).click()
  await page.waitForFunction(() => Reflect.get(globalThis, 'locked') !== undefined)
  expect(await page.evaluate(() => Reflect.get(globalThis, 'locked'))).toEqual([
    'Escape',
    'KeyN',
    'KeyT',
    'KeyW',
  ])
  await typeLine(page, 'cat -v')
  await page.keyboard.press('Escape')
  await typeLine(page, 'escaped')
  await untilShown(page, 'primary', /^\^\[escaped$/m)
  expect(await page.evaluate(() => document.fullscreenElement !== null)).toBe(true)

  expect(complaints).toEqual([])
})

test('every appliance of the flash reaches its first screen, and each with a shell answers what is typed', async () => {
  const { page, complaints } = await openMachine('', {}, countingMeasurements)
  await page.evaluate(() => globalThis.hypercore.ready)
  await untilReady(page, ['primary', 'web', 'messaging', 'management', 'vault'])
  // A terminal that measures each of its characters by a layout alone makes more than a hundred.
  const measured = await page.evaluate(() => Number(Reflect.get(globalThis, 'measured')))
  expect(measured).toBeGreaterThan(0)
  expect(measured).toBeLessThan(100)
  const domains = await page.evaluate(() =>
    globalThis.hypercore.domains().map(({ state, limits }) => `${state} ${limits.weight}`),
  )
  // Shells that a person works in come with twice the weight of the others.
  expect(domains).toEqual(['running 200', 'running 100', 'running 100', 'running 200', 'running 100'])
  // The firmware's timer ended with the last first screen, by the marks of the page itself.
  const liveAfterMs = await page.evaluate(() =>
    Math.max(
      ...performance
        .getEntriesByType('mark')
        .filter(({ name }) => name.startsWith('hyperspace:ready:'))
        .map(({ startTime }) => startTime),
    ),
  )
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Journal' }).click()
  const said = `All 5 guests were live ${(liveAfterMs / 1000).toFixed(2)} s after power-on, `
  await page.getByText(said).waitFor()
  await page.keyboard.press('Escape')

  // Wherever a program or a menu leads to a shell, it is typed to by real keys; the browser has none to lead to.
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'uname -a')
  await untilShown(page, 'primary', /Linux primary [^]*i686/)
  await page.keyboard.press('Control+Alt+3')
  // Joining shows another window, and an answer in the one before would be out of sight.
  await untilShown(page, 'messaging', /Users #lobby/)
  await typeLine(page, '/exec uname -a')
  await untilShown(page, 'messaging', /Linux messaging [^]*i686/)
  await page.keyboard.press('Control+Alt+4')
  await typeLine(page, 'uname -a')
  await untilShown(page, 'management', /Linux management [^]*i686/)
  await page.keyboard.press('Control+Alt+5')
  await untilShown(page, 'vault', /no vault yet/)
  await page.keyboard.press('!')
  await untilShown(page, 'vault', /vault:~#$/m)
  await typeLine(page, 'uname -a')
  await untilShown(page, 'vault', /Linux vault [^]*i686/)
  await typeLine(page, 'exit')
  await untilShown(page, 'vault', /no vault yet/)

  // The browser has the stage's size. A picture of its page is a link: a click on it leads to another page, and the
  // browser's own button leads back.
  await page.keyboard.press('Control+Alt+2')
  const portal = await untilFitted(page)
  await followLink(page, { x: portal.width / 2, y: 300 }, portal)
  await untilDrawn(page, portal)
  await goBack(page)
  await untilLike(page, portal)
  expect(complaints).toEqual([])

  // The world as far as the browser lets a page of this origin read it: one site says that any may, one names another.
  const asked: string[] = []
  await page.context().route(/^https:\/\/(?:open|shut)\.example\//, async (route) => {
    const { host, pathname } = new URL(route.request().url())
    asked.push(`${host}${pathname}`)
    const headers = {
      'Access-Control-Allow-Origin': host === 'open.example' ? '*' : 'https://another.example',
    }
    await route.fulfill({ headers, contentType: 'text/plain', body: `words of ${host}\n` })
  })
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'clear; wget -qO- http://open.example/page')
  await untilShown(page, 'primary', /^words of open\.example$/m)
  await typeLine(page, 'clear; wget -qO- http://shut.example/page || echo refused-$((6 * 7))')
  await untilShown(page, 'primary', /502[^]*^refused-42$/m)
  const request = String.raw`printf 'GET /why HTTP/1.0\r\n\r\n' | nc shut.example 80 >/tmp/page`
  await typeLine(
    page,
    `clear; ${request}; head -n 1 /tmp/page; grep -o 'Allow-[A-Z]rigin\\|npm [a-z]* relay' /tmp/page`,
  )
  await untilShown(page, 'primary', /^HTTP\/1\.1 502 Bad Gateway$[^]*^Allow-Origin$[^]*^npm run relay$/m)
  expect(asked).toEqual(['open.example/page', 'shut.example/page', 'shut.example/why'])
  expect(complaints.filter((words) => !words.includes('shut.example'))).toEqual([])
})

test('links choose what boots and what is shown', async () => {
  const { page } = await openMachine('?boot=primary&embed')
  await untilReady(page, ['primary'])
  expect(
    await page.evaluate(
      () => globalThis.hypercore.domains().filter(({ state }) => state === 'running').length,
    ),
  ).toBe(1)
  expect(await page.getByRole('toolbar', { name: 'Domains' }).count()).toBe(0)

  const focused = await openMachine('?focus=management')
  await untilReady(focused.page, ['management'])
  expect(await focusedId(focused.page)).toBe('management')
})
