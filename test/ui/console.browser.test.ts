import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DESKTOP, PHONE_SIZE, PHONE, useScenes, violations } from './harness/open-scene.ts'
import type { Page } from 'playwright-core'

const open = useScenes()

/** Names of the calls that the console made, those left out that it makes of its own accord. */
const calls = (page: Page) =>
  page.evaluate(() =>
    window.harness.machine.calls
      .map(({ name }) => name)
      .filter((name) => name !== 'focus' && name !== 'setScreenSize'),
  )

const focused = (page: Page) => page.evaluate(() => window.harness.seat.store.getState().focusedId)

const chip = (page: Page, name: string) =>
  page
    .getByRole('toolbar', { name: 'Domains' })
    .getByRole('button', { name: new RegExp(`${name} `) })
    .first()

const frameColour = (page: Page) =>
  page.evaluate(() => {
    const edge = document.querySelector('[data-edge]')
    return edge === null ? '' : getComputedStyle(edge).borderTopColor
  })

const colourOf = (page: Page, name: string) =>
  page.evaluate((property) => {
    const probe = document.createElement('i')
    probe.style.color = `var(${property})`
    document.body.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }, `--${name}`)

test('the frame and its tab take the focused domain’s colour in the very task that changes the focus', async () => {
  const { page } = await open('scene=shell')
  expect(await frameColour(page)).toBe(await colourOf(page, 'teal'))
  const inSameTask = await page.evaluate(() => {
    window.harness.seat.focus('web')
    return document.querySelector<HTMLElement>('[data-edge]')?.dataset['colour']
  })
  expect(inSameTask).toBe('red')
  await expect.poll(() => chip(page, 'Web').getAttribute('aria-pressed')).toBe('true')
})

test('the bar says how long the last switch took, and a button does what F4 does', async () => {
  const { page } = await open('scene=shell')
  expect(await page.getByText('switched in').count()).toBe(0)
  await page.getByRole('button', { name: 'F4: primary and last appliance' }).click()
  expect(await focused(page)).toBe('web')
  await page.getByText(/switched in \d+(\.\d)? ms/).waitFor()
})

test('by keyboard alone: out of the guest, along the bar, into another domain and back in the guest', async () => {
  const { page } = await open('scene=shell')
  await page.locator('[data-stage] textarea').first().focus()
  await page.keyboard.press('Control+Alt+b')
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('Primary')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  expect(await focused(page)).toBe('web')
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.closest('[data-stage]') !== null))
    .toBe(true)
})

test('the switcher: Enter goes where F4 would, arrows and digits go elsewhere, Escape goes nowhere', async () => {
  const { page } = await open('scene=shell')
  const switcher = page.getByRole('dialog', { name: 'Domains' })

  await page.keyboard.press('Control+Alt+Space')
  await switcher.waitFor()
  await page.keyboard.press('Escape')
  await switcher.waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('primary')

  await page.keyboard.press('Control+Alt+Space')
  await page.keyboard.press('Enter')
  await switcher.waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('web')

  await page.keyboard.press('Control+Alt+Space')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await switcher.waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('management')

  await page.keyboard.press('Control+Alt+Space')
  await page.keyboard.press('3')
  await switcher.waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('messaging')
})

test('the console’s keys close the switcher and a menu, and wait while a dialog asks something', async () => {
  const { page } = await open('scene=shell')
  await page.keyboard.press('Control+Alt+Space')
  await page.getByRole('dialog', { name: 'Domains' }).waitFor()
  await page.keyboard.press('Control+Alt+Digit3')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('messaging')

  await page.getByRole('button', { name: 'More', exact: true }).click()
  await expect.poll(() => page.evaluate(() => document.activeElement?.role)).toBe('menuitem')
  await page.keyboard.press('F4')
  await page.getByRole('menu').waitFor({ state: 'hidden' })
  expect(await focused(page)).toBe('primary')

  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: 'Kill…' }).click()
  await page.getByRole('dialog', { name: 'Kill Primary?' }).waitFor()
  await page.keyboard.press('F4')
  expect(await focused(page)).toBe('primary')
})

test('a machine whose appliances are all off says so, and leads into setup', async () => {
  const { page } = await open('scene=empty')
  const heading = page.getByRole('heading', { name: 'No domain was started' })
  await expect.poll(() => heading.isVisible()).toBe(true)
  await page.getByRole('button', { name: 'Restart into setup' }).click()
  await page.getByRole('dialog', { name: 'Restart into setup?' }).waitFor()
})

test('the switcher’s thumbnails show the domains’ pictures', async () => {
  const { page } = await open('scene=shell')
  await page.keyboard.press('Control+Alt+Space')
  const inked = () =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('dialog [data-domain=web] canvas')
      const pixels = canvas?.getContext('2d')?.getImageData(canvas.width / 2, canvas.height / 2, 40, 40).data
      return pixels === undefined ? 0 : new Set(pixels).size
    })
  await expect.poll(inked, { timeout: 10_000 }).toBeGreaterThan(2)
})

test('a kill that would lose something is asked about, and names the loss; one that would not is done', async () => {
  const { page } = await open('scene=shell')
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: 'Kill…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Kill Primary?' })
  await dialog.getByText('Lost: What its programs have not yet written to its disk.').waitFor()
  expect(await calls(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Kill Primary' }).click()
  await expect.poll(() => calls(page)).toEqual(['kill'])
  await page.getByRole('heading', { name: 'Primary is off' }).waitFor()

  await chip(page, 'Web').click()
  await page.getByRole('button', { name: 'Web: menu' }).click()
  await page.getByRole('menuitem', { name: 'Kill', exact: true }).click()
  await expect.poll(() => calls(page)).toEqual(['kill', 'kill'])
})

test('a fault of the supervisor’s is told in its own words and stays until it is put away', async () => {
  const { page, complaints } = await open('scene=shell')
  await page.evaluate(() =>
    window.harness.machine.faults.set('create', {
      kind: 'over-budget',
      message: 'That needs 96 MB and 48 MB are left: shut a domain down first.',
    }),
  )
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: /Create another/ }).click()
  await page.getByText('shut a domain down first').waitFor()
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await page.getByText('shut a domain down first').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
})

test('a created domain is focused; it can be paused, resumed and, once off, removed', async () => {
  const { page } = await open('scene=shell')
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: /Create another/ }).click()
  await expect.poll(() => focused(page)).toBe('primary-2')
  const menu = async (item: string) => {
    await page.getByRole('button', { name: 'Primary 2: menu' }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  await menu('Pause')
  await page.getByRole('heading', { name: 'Primary 2 is paused' }).waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('heading', { name: 'Primary 2 is paused' }).waitFor({ state: 'detached' })
  await menu('Shut down')
  await menu('Remove Primary 2…')
  await page.getByRole('dialog').getByRole('button', { name: 'Remove Primary 2' }).click()
  await expect.poll(() => chip(page, 'Primary 2').count()).toBe(0)
})

test('a graphical guest’s screen has the stage’s size and follows the window', async () => {
  const { page } = await open('scene=shell')
  const asked = () =>
    page.evaluate(() =>
      window.harness.machine.calls.flatMap((call) => (call.name === 'setScreenSize' ? [call.args] : [])),
    )
  const fitting = async () => {
    const stage = await page.locator('[data-stage]').boundingBox()
    return {
      id: 'web',
      size: { width: Math.floor((stage?.width ?? 0) / 8) * 8, height: Math.floor(stage?.height ?? 0) },
    }
  }
  const first = await fitting()
  await expect.poll(asked).toEqual([first])
  await page.setViewportSize({ width: 1024, height: 768 })
  const second = await fitting()
  expect(second).not.toEqual(first)
  await expect.poll(asked).toEqual([first, second])
})

test('a crash shows what happened, the registers and the last console lines, and offers a restart', async () => {
  const { page } = await open('scene=crash')
  const report = page.getByRole('article', { name: 'Primary has crashed' })
  await report.getByRole('heading', { name: 'Kernel panic' }).waitFor()
  await report.getByText('c1032b8e').waitFor()
  await report.getByText('flags PF ZF IF').waitFor()
  await report.getByText('sysrq triggered crash ]---').waitFor()
  await report.getByRole('button', { name: 'Restart Primary' }).click()
  await report.waitFor({ state: 'detached' })
  expect(await calls(page)).toEqual(['start'])
})

test('a crash report that was put away comes back from the menu; another domain’s crash leaves the stage alone', async () => {
  const { page } = await open('scene=crash')
  const report = page.getByRole('article', { name: 'Primary has crashed' })
  await report.getByRole('button', { name: 'Show its last picture' }).click()
  await report.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: 'Crash report' }).click()
  await report.waitFor()

  const other = await open('scene=crash-elsewhere')
  await other.page.getByText('crashed').first().waitFor()
  expect(await other.page.getByRole('article').count()).toBe(0)
})

test('a guest’s words in a crash report stay text', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    const { machine, CRASH } = window.harness
    for (const { id, name } of machine.domains.values())
      if (name === 'Primary')
        machine.crash(id, { ...CRASH, consoleTail: '<img src=x onerror=alert(1)><b>bold</b>' })
  })
  await page.getByText('<img src=x onerror=alert(1)><b>bold</b>').waitFor()
  expect(await page.locator('article img').count()).toBe(0)
})

test('a spinning guest is said to be spinning, for how long, beside its picture', async () => {
  const { page } = await open('scene=spinning')
  const banner = page.getByRole('complementary', { name: 'Primary is not answering' })
  expect(await banner.textContent()).toContain('Interrupts off for 7 s')
  await banner.getByRole('button', { name: 'Reset' }).click()
  await page
    .getByRole('dialog', { name: 'Reset Primary?' })
    .getByRole('button', { name: 'Reset Primary' })
    .click()
  await banner.waitFor({ state: 'detached' })
})

test('a worker that says nothing is said to be silent, with what may be the matter', async () => {
  const { page } = await open('scene=silent')
  const banner = page.getByRole('complementary', { name: 'Primary is not answering' })
  expect(await banner.textContent()).toContain('said nothing for 12 s: this computer is very busy')
})

test('a refused volume stands in the bar and shows both hashes, the difference marked', async () => {
  const { page } = await open('scene=refused')
  await page.getByRole('button', { name: 'web refused' }).click()
  const dialog = page.getByRole('dialog', { name: 'A volume was refused' })
  const [expected, actual] = await dialog.locator('code').allTextContents()
  expect(expected).toHaveLength(64)
  expect(actual).toHaveLength(64)
  expect(actual).not.toBe(expected)
  expect(await dialog.locator('code').nth(1).locator('span[class]').allTextContents()).toEqual(['8d1f6a26'])
})

test('three hints on the first visit, and never again', async () => {
  const { page } = await open('scene=shell&hints')
  const card = page.getByRole('complementary', { name: 'First visit' })
  await card.getByRole('heading', { name: 'Every tab is a machine' }).waitFor()
  await card.getByRole('button', { name: 'Next' }).click()
  await card.getByRole('heading', { name: 'One key away' }).waitFor()
  await card.getByRole('button', { name: 'Next' }).click()
  await card.getByRole('button', { name: 'Done' }).click()
  await card.waitFor({ state: 'detached' })
  await page.reload()
  await page.getByRole('toolbar', { name: 'Domains' }).waitFor()
  expect(await card.count()).toBe(0)
})

test('a restart shuts every guest down first', async () => {
  const { page } = await open('scene=shell')
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Restart into setup…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Restart into setup?' })
  await dialog.getByText('asked to shut down').waitFor()
  expect(await page.evaluate(() => window.harness.restarts)).toEqual([])
  await dialog.getByRole('button', { name: 'Restart into setup' }).click()
  await expect.poll(() => page.evaluate(() => window.harness.restarts)).toEqual(['setup'])
  const asked = (await calls(page)).filter((name) => name === 'shutdown')
  expect(asked.length).toBeGreaterThan(1)
  expect(
    await page.evaluate(() =>
      window.harness.seat.store.getState().domains.filter(({ state }) => state === 'running'),
    ),
  ).toEqual([])
})

test('a guest that does not shut down is named with what it would lose, and the person stays or cuts it off', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    window.harness.machine.deaf.add('primary')
  })
  const restart = async () => {
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Restart…', exact: true }).click()
    await dialog.getByRole('button', { name: 'Restart', exact: true }).click()
    await dialog.getByText('One guest did not end').waitFor()
  }
  const dialog = page.getByRole('dialog', { name: 'Restart the machine?' })
  await restart()
  await dialog.getByText('it loses: What its programs have not yet written').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Stay' }).click()
  expect(await page.evaluate(() => window.harness.restarts)).toEqual([])
  await restart()
  await dialog.getByRole('button', { name: 'Restart now' }).click()
  expect(await page.evaluate(() => window.harness.restarts)).toEqual(['machine'])
})

test('limits are set within their range, and nothing is sent by Cancel', async () => {
  const { page } = await open('scene=shell')
  const dialog = page.getByRole('dialog', { name: 'Primary: figures and limits' })
  const show = async () => {
    await page.getByRole('button', { name: 'Primary: menu' }).click()
    await page.getByRole('menuitem', { name: 'Figures and limits…' }).click()
  }
  await show()
  await dialog.getByLabel('Cap').fill('500')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect(await calls(page)).toEqual([])
  await show()
  await dialog.getByLabel('Cap').fill('500')
  await dialog.getByLabel('Weight').fill('20')
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await expect
    .poll(() => page.evaluate(() => window.harness.seat.domain('primary')?.limits))
    .toEqual({ capPercent: 100, weight: 20 })
})

test('the theme follows the system until a person chooses, and the choice is kept', async () => {
  const { page } = await open('scene=shell', { colorScheme: 'light' })
  const theme = () => page.evaluate(() => document.documentElement.dataset['theme'])
  expect(await theme()).toBe('light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(theme).toBe('dark')
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitemradio', { name: 'Light' }).click()
  await expect.poll(theme).toBe('light')
  await page.reload()
  await expect.poll(theme).toBe('light')
})

test('reduced motion stops what turns', async () => {
  const { page } = await open('scene=shell', { reducedMotion: 'reduce' })
  await page.evaluate(() => {
    for (const { id } of window.harness.machine.domains.values())
      window.harness.machine.change(id, { state: 'starting' })
  })
  await page.getByText('starting').first().waitFor()
  expect(
    await page.evaluate(
      () => document.getAnimations().filter(({ playState }) => playState === 'running').length,
    ),
  ).toBe(0)
})

test('a change of state is said in the live region', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    const { machine, CRASH } = window.harness
    for (const { id, name } of machine.domains.values()) if (name === 'Web') machine.crash(id, CRASH)
  })
  await expect
    .poll(() => page.getByLabel('News of the domains').textContent())
    .toBe('Web: crashed. Kernel panic.')
})

test('figures change without drawing the bar again', async () => {
  const { page } = await open('scene=shell')
  const changed = await page.evaluate(async () => {
    const bar = document.querySelector('header')
    if (bar === null) return ['no bar']
    const nodes = new Set<string>()
    const observer = new MutationObserver((records) => {
      for (const { target } of records) nodes.add((target.parentElement ?? target).textContent ?? '')
    })
    observer.observe(bar, { subtree: true, childList: true, characterData: true, attributes: true })
    window.harness.machine.sample(() => 77)
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    observer.disconnect()
    return [...nodes]
  })
  // Nothing but the text of each running domain's processor figure was touched.
  expect(changed).toEqual(['77 %'])
})

test('a screenshot is saved as a PNG named after its domain', async () => {
  const { page } = await open('scene=shell')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save a screenshot' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^primary-\d{4}-\d\d-\d\d-\d{6}\.png$/)
})

test('embedded: the frame, its label and one menu, nothing else', async () => {
  const { page } = await open('scene=shell&embed&hints', { viewport: { width: 800, height: 500 } })
  expect(await page.getByRole('toolbar').count()).toBe(0)
  expect(await page.getByRole('banner').getByText('Primary').count()).toBe(1)
  expect(await page.getByRole('banner').getByRole('button').count()).toBe(1)
  expect(await page.getByRole('complementary').count()).toBe(0)
})

test.each([
  ['shell', 'scene=many'],
  ['crash', 'scene=crash'],
  ['boot', 'scene=boot'],
  ['plain page', 'scene=elsewhere'],
])('on a phone the %s has no sideways scrolling, and targets a thumb can hit', async (_name, query) => {
  const { page } = await open(query, PHONE)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE_SIZE.width)
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], input')]
      .filter((element) => element.checkVisibility() && element.offsetParent !== null)
      .map((element) => ({
        name: element.ariaLabel ?? element.textContent,
        box: element.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44))
      .map(({ name, box }) => `${name}: ${box.width} × ${box.height}`),
  )
  expect(small).toEqual([])
})

test('on a phone the bar is at the bottom, and one thumb switches, opens the sheet and the keyboard', async () => {
  const { page } = await open('scene=many', PHONE)
  const bar = await page.getByRole('banner').boundingBox()
  expect((bar?.y ?? 0) + (bar?.height ?? 0)).toBe(PHONE_SIZE.height)
  await page.getByRole('button', { name: 'F4: primary and last appliance' }).tap()
  expect(await focused(page)).toBe('web')
  await page.getByRole('button', { name: 'Switcher' }).tap()
  const sheet = page.getByRole('dialog', { name: 'Domains' })
  const box = await sheet.boundingBox()
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBe(PHONE_SIZE.height)
  await sheet.getByRole('button', { name: /Messaging 2/ }).tap()
  await expect.poll(() => focused(page)).toBe('messaging-2')
  await page.getByRole('button', { name: 'On-screen keyboard' }).tap()
  await page.getByRole('button', { name: 'Esc, escape' }).waitFor()
})

test('the focused domain’s tab stays in sight while the chips scroll', async () => {
  const { page } = await open('scene=many', PHONE)
  await page
    .getByRole('toolbar', { name: 'Domains' })
    .evaluate((bar) => bar.scrollTo({ left: bar.scrollWidth }))
  const tab = await page.locator('[data-focused]').boundingBox()
  const chips = await page.getByRole('toolbar', { name: 'Domains' }).boundingBox()
  expect(tab?.x).toBeGreaterThanOrEqual(chips?.x ?? Infinity)
})

test('the firmware’s screen takes the firmware’s keys, by keyboard and by the row, and leaves the browser its own', async () => {
  const { page } = await open('scene=boot')
  for (const key of ['F2', 'ArrowDown', '+', 'Escape', 'F5']) {
    await page.evaluate((name) => {
      window.dispatchEvent(new KeyboardEvent('keydown', { key: name, cancelable: true }))
    }, key)
  }
  await page.keyboard.press('Control+l')
  expect(await page.evaluate(() => window.harness.firmware.keys)).toEqual(['F2', 'ArrowDown', '+', 'Escape'])
  await page.setViewportSize(PHONE_SIZE)
  await page.getByRole('button', { name: 'F12, boot menu' }).click()
  expect(await page.evaluate(() => window.harness.firmware.keys.at(-1))).toBe('F12')
})

test('the firmware’s screen keeps 80 × 25 cells inside the window at every size, and is there as text', async () => {
  const { page } = await open('scene=boot')
  for (const viewport of [DESKTOP, { width: 1024, height: 768 }, PHONE_SIZE]) {
    await page.setViewportSize(viewport)
    const inside = async () => {
      const box = await page.locator('.xterm-screen').boundingBox()
      if (box === null) return false
      return (
        box.x >= 0 &&
        box.y >= 0 &&
        box.x + box.width <= viewport.width &&
        box.y + box.height <= viewport.height
      )
    }
    await expect.poll(inside).toBe(true)
    const box = await page.locator('.xterm-screen').boundingBox()
    // At least four fifths of what would fit: the sharp size may be that much smaller.
    const share = Math.max((box?.width ?? 0) / viewport.width, (box?.height ?? 0) / viewport.height)
    expect(share).toBeGreaterThan(0.75)
  }
  await expect
    .poll(() => page.getByLabel('The firmware’s screen as text').textContent())
    .toContain('MISMATCH')
})

test('the VGA font out of the flash is taken while the firmware runs: cells of exactly 1 : 2, sharp multiples', async () => {
  const { page } = await open('scene=boot')
  const font = readFileSync(join(import.meta.dirname, '../../images/flash/vga-8x16.woff')).toString('base64')
  const ratio = async () => {
    const box = await page.locator('.xterm-screen').boundingBox()
    return (box?.height ?? 0) / 25 / ((box?.width ?? 1) / 80)
  }
  expect(await ratio()).not.toBe(2)
  await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    document.fonts.add(await new FontFace('HyperSpace VGA', bytes).load())
    window.harness.firmware.emit('.')
  }, font)
  await expect.poll(ratio).toBe(2)
  expect((await page.locator('.xterm-screen').boundingBox())?.height).toBe(25 * 32)
})

test('beside a machine in another tab, the person chooses: take it over, or have a second', async () => {
  const { page } = await open('scene=elsewhere')
  await page.getByRole('button', { name: 'Take it over here' }).click()
  await page.getByRole('button', { name: 'Start a second machine' }).click()
  expect(await page.evaluate(() => window.harness.choices)).toEqual(['take-over', 'second'])
})

test('without storage a strip says that nothing is kept, and why', async () => {
  const { page } = await open('scene=nothing-kept')
  const strip = page.getByRole('complementary', { name: 'Storage' })
  expect(await strip.textContent()).toContain('Nothing is kept after this tab closes')
  expect(await strip.textContent()).toContain('SecurityError')
})

test('About shows the measured size and the notices', async () => {
  const { page } = await open('scene=shell')
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'About HyperCore' }).click()
  const dialog = page.getByRole('dialog', { name: 'About HyperCore' })
  const files = await dialog
    .getByRole('list', { name: 'Lines by file' })
    .getByRole('listitem')
    .allTextContents()
  const sum = files.reduce(
    (total, text) => total + Number(/(\d+)$/.exec(text.replaceAll('\u2009', ''))?.[1]),
    0,
  )
  const shown = await dialog.getByText('lines of code').locator('strong').textContent()
  expect(Number(shown?.replaceAll('\u2009', ''))).toBe(sum)
  expect(sum).toBeGreaterThan(0)
  await dialog.getByRole('button', { name: 'Licences and notices' }).click()
  await dialog.getByText(/react/i).first().waitFor()
})
