import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openStage, serveFixture } from './fixture-server.ts'

serveFixture()

/** What a domain's guest was typed so far. */
function typedInto(page: Page, domain: string): Promise<string> {
  return page.evaluate(
    (name) =>
      window.seen
        .flatMap(({ domain, what }) => (domain === name && what.kind === 'input' ? [what.text] : []))
        .join(''),
    domain,
  )
}

async function waitTyped(page: Page, domain: string, text: string): Promise<void> {
  await page.waitForFunction(
    ([name, wanted]) =>
      window.seen
        .flatMap(({ domain, what }) => (domain === name && what.kind === 'input' ? [what.text] : []))
        .join('')
        .endsWith(wanted),
    [domain, text] as const,
  )
}

function scancodesOf(page: Page, domain: string): Promise<number[]> {
  return page.evaluate(
    (name) =>
      window.seen.flatMap(({ domain, what }) =>
        domain === name && what.kind === 'keys' ? what.scancodes : [],
      ),
    domain,
  )
}

/** The one pane that a person sees. */
function shownPane(page: Page): Promise<string> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[data-domain][data-front]:not([aria-hidden]) > [data-pane]')]
      .filter((pane) => pane.checkVisibility({ visibilityProperty: true }))
      .map((pane) => `${pane.parentElement?.dataset['domain']} ${pane.dataset['pane']}`)
      .join(),
  )
}

describe('stage', () => {
  it('types real keys into the guest in front, and into no other', async () => {
    const page = await openStage()
    await page.keyboard.type('hello')
    await waitTyped(page, 'primary', 'hello')
    await page.waitForFunction(() =>
      document.querySelector('[data-domain="primary"]')?.textContent?.includes('primary$ hello'),
    )
    await page.keyboard.press('Control+Alt+3')
    await page.keyboard.type('secret')
    await waitTyped(page, 'messaging', 'secret')
    expect(await shownPane(page)).toBe('messaging terminal')
    expect(await typedInto(page, 'primary')).toBe('hello')
    await page.keyboard.press('F4')
    expect(await shownPane(page)).toBe('primary terminal')
    await page.keyboard.press('F4')
    expect(await shownPane(page)).toBe('messaging terminal')
    await page.keyboard.press('Control+Alt+2')
    expect(await shownPane(page)).toBe('web screen')
    expect(await typedInto(page, 'messaging')).toBe('secret')
  })

  it('measures a switch from the key to the painted frame', async () => {
    const page = await openStage()
    const measured = page.evaluate(
      () =>
        new Promise<{ to: string; milliseconds: number; from: string | undefined }>((resolve) => {
          window.hypercore.on('switch', resolve)
        }),
    )
    await page.keyboard.press('Control+Alt+5')
    const { from, to, milliseconds } = await measured
    expect([from, to]).toEqual(['primary', 'vault'])
    expect(milliseconds).toBeGreaterThan(0)
    expect(milliseconds).toBeLessThan(2000)
  })

  it('draws no terminal anew for a switch, and its cursor as one without the keyboard only where that is seen', async () => {
    const page = await openStage()
    const cursor = (domain: string, style: string) =>
      page.locator(`[data-domain="${domain}"] .xterm-rows .xterm-cursor-${style}`).waitFor()
    await cursor('primary', 'block')
    await page.keyboard.press('Control+Alt+3')
    await cursor('messaging', 'block')
    await page.evaluate(() => document.fonts.ready.then(() => undefined))
    await page.evaluate(() => {
      const drawn: string[] = []
      Reflect.set(window, 'drawn', drawn)
      for (const rows of document.querySelectorAll('.xterm-rows'))
        new MutationObserver(() => drawn.push('rows')).observe(rows, { subtree: true, childList: true })
      window.hypercore.on('switch', () => drawn.push('switch'))
    })
    for (let count = 1; count <= 12; count++) {
      await page.keyboard.press('F4')
      await page.waitForFunction((wanted) => {
        const drawn: unknown = Reflect.get(window, 'drawn')
        return Array.isArray(drawn) && drawn.filter((what) => what === 'switch').length === wanted
      }, count)
    }
    await page.keyboard.press('Control+Alt+b')
    await cursor('messaging', 'outline')
    await cursor('primary', 'block')
    const drawn: unknown = await page.evaluate(() => Reflect.get(window, 'drawn'))
    // What was still to be drawn of the beginning, a face that came late among it, comes once; a switch's own drawing came with each.
    expect(String(drawn)).toContain('switch,switch,switch,switch')
  })

  it('reports a switch to a guest whose program asked for focus reports', async () => {
    const page = await openStage()
    await page.keyboard.press('Control+Alt+3')
    await page.keyboard.type('report focus\r')
    await page.waitForFunction(() =>
      window.hypercore.console('messaging').text().endsWith('focus\nmessaging$ '),
    )
    await page.keyboard.press('Control+Alt+1')
    await waitTyped(page, 'messaging', '\x1b[O')
    await page.keyboard.press('Control+Alt+3')
    await waitTyped(page, 'messaging', '\x1b[I')
    expect(await typedInto(page, 'primary')).toBe('')
  })

  it('does not measure a guest that was left again before it was painted', async () => {
    const page = await openStage()
    const measured = await page.evaluate(async () => {
      const seen: string[] = []
      const both = new Promise<void>((resolve) => {
        window.hypercore.on('switch', ({ to }) => {
          seen.push(to)
          if (to === 'messaging') resolve()
        })
      })
      void window.hypercore.focus('vault')
      void window.hypercore.focus('messaging')
      await both
      return seen
    })
    expect(measured).toEqual(['messaging'])
  })

  it('lets a person who uses the keyboard alone leave the guest', async () => {
    const page = await openStage()
    for (const domain of ['1', '2']) {
      await page.keyboard.press(`Control+Alt+${domain}`)
      await page.evaluate(() => window.stage.focusGuest())
      await page.keyboard.press('Control+Alt+b')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('bar')
    }
    await page.keyboard.press('Control+Alt+Space')
    expect(await page.evaluate(() => window.acted)).toEqual(['bar', 'bar', 'switcher'])
  })

  it('keeps answering keys while every guest floods its console and redraws its display', async () => {
    const page = await openStage()
    await page.evaluate(() => {
      for (const { id } of window.hypercore.domains()) window.hypercore.console(id).write('flood\r')
    })
    await page.waitForFunction(() => /primary \d{4}/.test(window.hypercore.console('primary').text()))
    const delays = await page.evaluateHandle(() => {
      const found: number[] = []
      addEventListener('keydown', (event) => found.push(performance.now() - event.timeStamp), {
        capture: true,
      })
      return found
    })
    const text = 'the quick brown fox jumps over the lazy dog 0123456789'
    for (const character of text) await page.keyboard.press(character === ' ' ? 'Space' : character)
    await waitTyped(page, 'primary', text)
    // Every key came through the page while it was flooded; how fast is the bench's to say.
    expect(await delays.jsonValue()).toHaveLength(text.length)
    // The terminal in front shows the flood as it comes, and nothing was left out of it.
    const rows = '[data-domain="primary"] .xterm-rows'
    await page.waitForFunction(
      (selector) => /primary \d{4}/.test(document.querySelector(selector)?.textContent ?? ''),
      rows,
    )
    expect(await page.locator(rows).textContent()).not.toContain('not shown')
  })

  it('holds no guest back while the tab is hidden, and says afterwards what was not shown', async () => {
    const page = await openStage()
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: true })
      document.dispatchEvent(new Event('visibilitychange'))
      window.hypercore.console('primary').write('flood\r')
    })
    // 20,000 lines are some 900 KB: more than the ring holds.
    await page.waitForFunction(
      () => Number(/primary (\d+) \S*\n*$/.exec(window.hypercore.console('primary').text())?.[1]) > 20_000,
    )
    await page.evaluate(async () => {
      window.hypercore.console('primary').write('quiet\r')
      await window.hypercore.console('primary').waitFor(/primary\$ $/)
      Reflect.deleteProperty(document, 'hidden')
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.waitForFunction(() =>
      document.querySelector('[data-domain="primary"]')?.textContent?.includes('primary$'),
    )
    // A page that is scrolled to is drawn with the next frame.
    const shown = () =>
      page.evaluate(async () => {
        for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
        return document.querySelector('[data-domain="primary"]')?.textContent ?? ''
      })
    // The note stands above what the terminal was given afterwards: some 80 screens.
    for (let pages = 0; pages < 200 && !(await shown()).includes('not shown'); pages++)
      await page.keyboard.press('Shift+PageUp')
    expect(await shown()).toMatch(/[\d.]+ MiB of output were not shown/)
  })

  it('leads the guest’s pointer exactly, with buttons and wheel', async () => {
    const page = await openStage()
    await page.keyboard.press('Control+Alt+2')
    const canvas = page.locator('[data-domain="web"] canvas')
    await page.waitForFunction(
      () => document.querySelector<HTMLCanvasElement>('[data-domain="web"] canvas')?.width === 1024,
    )
    const box = await canvas.boundingBox()
    if (box === null) throw new Error('the display is not on the page')
    const at = { x: 700, y: 123 }
    await page.mouse.move(
      box.x + ((at.x + 0.5) * box.width) / 1024,
      box.y + ((at.y + 0.5) * box.height) / 768,
    )
    await page.mouse.down({ button: 'right' })
    await page.mouse.up({ button: 'right' })
    await page.mouse.wheel(0, 240)
    await page.waitForFunction(
      () => window.seen.filter(({ what }) => what.kind === 'pointer' && what.wheel === 1).length === 2,
    )
    const pointer = await page.evaluate(() =>
      window.seen.flatMap(({ what }) => (what.kind === 'pointer' ? [what] : [])),
    )
    expect(pointer.at(-1)).toMatchObject(at)
    expect(pointer.find(({ buttons }) => buttons !== 0)).toMatchObject({ ...at, buttons: 4 })
    expect(pointer.at(-1)?.buttons).toBe(0)
  })

  it('sends keys to a display as scancodes, and leaves none stuck when the guest is left', async () => {
    const page = await openStage()
    await page.keyboard.press('Control+Alt+2')
    await page.keyboard.press('Shift+A')
    await page.keyboard.down('ArrowUp')
    await page.keyboard.press('Control+Alt+1')
    await page.waitForFunction(() =>
      window.seen.some(({ what }) => what.kind === 'keys' && what.scancodes.includes(0xc8)),
    )
    const sent = await scancodesOf(page, 'web')
    expect(sent.slice(0, 6)).toEqual([0x2a, 0x1e, 0x9e, 0xaa, 0xe0, 0x48])
    const down = new Set<number>()
    for (const code of sent.filter((byte) => byte !== 0xe0)) {
      if (code < 0x80) down.add(code)
      else down.delete(code & 0x7f)
    }
    expect([...down]).toEqual([])
    expect(await shownPane(page)).toBe('primary terminal')
  })

  it('pastes into the guest without asking for permission, and copies what is selected', async () => {
    const page = await openStage('', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.evaluate(() => navigator.clipboard.writeText('pasted text'))
    await page.keyboard.press('Control+Shift+V')
    await waitTyped(page, 'primary', 'pasted text')
    const box = await page.locator('[data-domain="primary"] .xterm-screen').boundingBox()
    if (box === null) throw new Error('the terminal is not on the page')
    await page.mouse.dblclick(box.x + 20, box.y + 8)
    expect(await page.evaluate(() => window.stage.hasSelection())).toBe(true)
    await page.keyboard.press('Control+Shift+C')
    await vi.waitFor(async () =>
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('Welcome'),
    )
  })

  it('tells the guest its size, again with another font size', async () => {
    const page = await openStage()
    const sizes = () =>
      page.evaluate(() =>
        window.seen.flatMap(({ domain, what }) =>
          domain === 'primary' && what.kind === 'resize' ? [[what.columns, what.rows] as const] : [],
        ),
      )
    const [columns, rows] = (await sizes()).at(-1) ?? [0, 0]
    expect(columns).toBeGreaterThan(100)
    expect(rows).toBeGreaterThan(30)
    const before = (await sizes()).length
    await page.evaluate(() => window.preferences.setState({ fontSize: 24 }))
    await page.waitForFunction(
      (count) =>
        window.seen.filter(({ domain, what }) => domain === 'primary' && what.kind === 'resize').length >
        count,
      before,
    )
    expect((await sizes()).at(-1)?.[0]).toBeLessThan(columns * 0.7)
  })
})

describe('terminal renderer', () => {
  const rowsInDom = (page: Page) =>
    page.evaluate(() => document.querySelector('[data-domain="primary"] .xterm-rows')?.textContent ?? '')

  it('is the DOM where WebGL is emulated by a processor', async () => {
    const page = await openStage()
    expect(await rowsInDom(page)).toContain('Welcome to primary')
    expect(await page.locator('[data-pane="terminal"] canvas').count()).toBe(0)
  })

  it('is WebGL where there is a graphics processor, and the DOM again when its context is lost', async () => {
    // The emulation that Chromium has here, under the name of a real one.
    const page = await openStage('', {}, (opening) =>
      opening.addInitScript(() => {
        const real = WebGL2RenderingContext.prototype
        const getParameter: unknown = Reflect.get(real, 'getParameter')
        if (typeof getParameter !== 'function') throw new Error('no WebGL2 at all')
        real.getParameter = function (name: number) {
          return name === 0x9246 ? 'A graphics processor' : Reflect.apply(getParameter, this, [name])
        }
      }),
    )
    expect(await page.locator('[data-domain="primary"] .xterm-screen canvas').count()).toBeGreaterThan(0)
    expect(await rowsInDom(page)).toBe('')
    await page.evaluate(() => {
      for (const canvas of document.querySelectorAll<HTMLCanvasElement>('.xterm-screen canvas'))
        canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext()
    })
    await page.waitForFunction(() =>
      document
        .querySelector('[data-domain="primary"] .xterm-rows')
        ?.textContent?.includes('Welcome to primary'),
    )
    await page.keyboard.type('still here')
    await page.waitForFunction(() =>
      document.querySelector('[data-domain="primary"] .xterm-rows')?.textContent?.includes('still here'),
    )
  })
})

describe('pictures of domains', () => {
  it('are drawn small of a terminal and of a display', async () => {
    const page = await openStage()
    await page.keyboard.press('Control+Alt+2')
    await page.waitForFunction(
      () => document.querySelector<HTMLCanvasElement>('[data-domain="web"] canvas')?.width === 1024,
    )
    await page.keyboard.press('Control+Alt+1')
    await page.keyboard.type('colours\r')
    await page.waitForFunction(() => window.hypercore.console('primary').text().includes('colours\n '))
    const colours = await page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const count = (id: string): number => {
        const canvas = document.createElement('canvas')
        canvas.width = 240
        canvas.height = 150
        const domain = window.hypercore.domains().find((known) => known.id === id)
        if (domain === undefined || !window.stage.paintThumbnail(domain.id, canvas)) return -1
        const pixels = canvas.getContext('2d')?.getImageData(0, 0, 240, 150).data ?? []
        return new Set(
          Array.from(
            { length: pixels.length / 4 },
            (_, index) => `${pixels[4 * index]},${pixels[4 * index + 1]},${pixels[4 * index + 2]}`,
          ),
        ).size
      }
      return { primary: count('primary'), web: count('web') }
    })
    expect(colours.primary).toBeGreaterThan(15)
    expect(colours.web).toBeGreaterThan(1000)
  })

  it('are PNGs at full size', async () => {
    const page = await openStage()
    await page.keyboard.press('Control+Alt+2')
    await page.waitForFunction(
      () => document.querySelector<HTMLCanvasElement>('[data-domain="web"] canvas')?.width === 1024,
    )
    const size = (id: string) =>
      page.evaluate(async (name) => {
        const blob = await window.hypercore.screenshot(name)
        const image = await createImageBitmap(blob)
        return [blob.type, image.width, image.height] as const
      }, id)
    expect(await size('web')).toEqual(['image/png', 1024, 768])
    const [type, width, height] = await size('vault')
    expect(type).toBe('image/png')
    expect(width).toBeGreaterThan(1100)
    expect(height).toBeGreaterThan(600)
  })
})

describe('on-screen keyboard', () => {
  const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

  it('holds Ctrl for the next key of a terminal, and leaves the keyboard focus where it is', async () => {
    const page = await openStage('?keyboard', PHONE)
    await page.getByRole('button', { name: 'Ctrl' }).tap()
    await page.keyboard.press('c')
    await waitTyped(page, 'primary', '\x03')
    await page.keyboard.press('c')
    await waitTyped(page, 'primary', '\x03c')
    await page.getByRole('button', { name: 'Up' }).tap()
    await waitTyped(page, 'primary', '\x1b[A')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'primary, terminal',
    )
  })

  it('presses keys of a display, function keys with modifiers too', async () => {
    const page = await openStage('?keyboard', PHONE)
    await page.evaluate(() => window.hypercore.focus('web'))
    await page.getByRole('button', { name: 'Fn' }).tap()
    await page.getByRole('button', { name: 'Alt' }).tap()
    await page.getByRole('button', { name: 'F4', exact: true }).tap()
    await page.waitForFunction(() =>
      window.seen.some(({ what }) => what.kind === 'keys' && what.scancodes.includes(0xb8)),
    )
    expect(await scancodesOf(page, 'web')).toEqual([0x38, 0x3e, 0xbe, 0xb8])
    const small = await page.evaluate(
      () =>
        [...document.querySelectorAll('fieldset button')].filter(
          (key) => key.getBoundingClientRect().height < 44 || key.getBoundingClientRect().width < 44,
        ).length,
    )
    expect(small).toBe(0)
  })

  it('has no violation that axe-core finds, and neither have the guests behind it', async () => {
    const page = await openStage('?keyboard', PHONE)
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
    for (const [domain, screenReader] of [
      ['primary', false],
      ['web', false],
      ['vault', true],
    ] as const) {
      await page.evaluate(
        ([name, on]) => {
          window.preferences.setState({ screenReader: on })
          return window.hypercore.focus(name)
        },
        [domain, screenReader] as const,
      )
      const violations = await page.evaluate<string[]>(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join()))",
      )
      expect(violations).toEqual([])
    }
  })
})
