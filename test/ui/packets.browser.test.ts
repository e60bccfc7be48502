import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { PHONE, useScenes } from './harness/open-scene.ts'

const open = useScenes()

const panelOf = (page: Page) => page.getByRole('region', { name: 'Packets', exact: true })
const listOf = (page: Page) => page.getByRole('region', { name: 'Recorded packets' })
const pass = (page: Page, count: number) =>
  page.evaluate((frames) => window.harness.passPackets(frames), count)

const acts = (page: Page) =>
  page.evaluate(() =>
    window.harness.machine.calls.flatMap((call) => (call.name === 'capture' ? [call.args.act] : [])),
  )

async function openPanel(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Packets' }).click()
  await panelOf(page).waitFor()
}

async function record(page: Page): Promise<void> {
  await openPanel(page)
  await panelOf(page).getByRole('button', { name: 'Record', exact: true }).click()
}

/** Numbers of the lines that are in sight: wholly within the list. */
const inSight = (page: Page) =>
  listOf(page).evaluate((list) => {
    const box = list.getBoundingClientRect()
    return Array.from(list.querySelectorAll('tbody tr'))
      .filter(
        (row) =>
          row.getBoundingClientRect().top >= box.top && row.getBoundingClientRect().bottom <= box.bottom + 1,
      )
      .map((row) => Number(row.firstElementChild?.textContent))
  })

test('nothing is recorded until the person says so; then lines come, and the newest is in sight', async () => {
  const { page, complaints } = await open('scene=shell')
  await openPanel(page)
  expect(await acts(page)).toEqual([])
  await page.getByText('Nothing is recorded.').waitFor()
  await panelOf(page).getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByText('Nothing has passed yet.').waitFor()
  await pass(page, 3000)
  await page.getByText('3,000 of 3,000 listed').waitFor()
  await expect.poll(async () => (await inSight(page)).at(-1)).toBe(3000)
  // Of thousands, a screenful is drawn.
  expect(await listOf(page).locator('tbody tr').count()).toBeLessThan(60)
  await panelOf(page).getByRole('button', { name: 'Stop' }).click()
  expect(await acts(page)).toEqual(['start', 'stop'])
  expect(complaints).toEqual([])
})

test('scrolled up, or held, the list stands still while frames go on; followed again, it is at the end', async () => {
  const { page } = await open('scene=shell')
  await record(page)
  await pass(page, 500)
  await expect.poll(async () => (await inSight(page)).at(-1)).toBe(500)
  await listOf(page).evaluate((list) => (list.scrollTop = 2400))
  await panelOf(page).getByRole('button', { name: 'Follow' }).waitFor()
  const before = await inSight(page)
  expect(before.length).toBeGreaterThan(3)
  await pass(page, 500)
  await page.getByText('of 1,000 listed').waitFor()
  expect(await inSight(page)).toEqual(before)
  await panelOf(page).getByRole('button', { name: 'Follow' }).click()
  await expect.poll(async () => (await inSight(page)).at(-1)).toBe(1000)

  await panelOf(page).getByRole('button', { name: 'Hold' }).click()
  await pass(page, 10)
  await page.getByText('1,000 of 1,010 listed').waitFor()
  expect((await inSight(page)).at(-1)).toBe(1000)
})

test('the list is held to a port and to words; a refused frame says why', async () => {
  const { page } = await open('scene=shell')
  await record(page)
  await pass(page, 12)
  await page.getByText('12 of 12 listed').waitFor()
  expect(await listOf(page).getByRole('row').filter({ hasText: 'not carried: policy' }).count()).toBe(1)
  await page.getByRole('combobox', { name: 'Port' }).selectOption({ label: 'Web, 10.83.7.11' })
  await page.getByText('6 of 12 listed').waitFor()
  await page.getByRole('searchbox', { name: 'Show lines with' }).fill('http 200')
  await page.getByText('1 of 12 listed').waitFor()
  expect(await listOf(page).getByRole('row').last().textContent()).toContain('HTTP/1.1 200 OK')
})

test('a domain’s menu opens the list at its port, where it has one', async () => {
  const { page } = await open('scene=shell')
  await record(page)
  await pass(page, 12)
  await page.getByRole('button', { name: 'Close packets' }).click()
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: 'Packets' }).click()
  await page.getByText('6 of 12 listed').waitFor()
  const downloading = page.waitForEvent('download')
  await panelOf(page).getByRole('button', { name: 'Save' }).click()
  expect((await downloading).suggestedFilename()).toMatch(/^primary-\d{4}-.*\.pcapng$/)
  const asked = await page.evaluate(() =>
    window.harness.machine.calls.flatMap((call) => (call.name === 'exportCapture' ? [call.args.of] : [])),
  )
  expect(asked).toEqual(['primary'])
})

test('closed while it records, it says that it goes on; forgotten, the list is empty', async () => {
  const { page } = await open('scene=shell')
  await record(page)
  await pass(page, 5)
  await page.getByText('5 of 5 listed').waitFor()
  await page.getByRole('button', { name: 'Close packets' }).click()
  await page.getByText('Packets are still being recorded.').waitFor()
  // The keyboard is the guest's again.
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.closest('[data-stage]') !== null))
    .toBe(true)
  await openPanel(page)
  await page.getByText('5 of 5 listed').waitFor()
  await page.getByRole('button', { name: 'Forget what was recorded' }).click()
  await page.getByText('Nothing has passed yet.').waitFor()
  await pass(page, 2)
  await page.getByText('2 of 2 listed').waitFor()
})

test('on a phone the list fits its width, and every button is reached', async () => {
  const { page } = await open('scene=shell', PHONE)
  await record(page)
  await pass(page, 40)
  await page.getByText('40 of 40 listed').waitFor()
  const overflow = await listOf(page).evaluate((list) => list.scrollWidth - list.clientWidth)
  expect(overflow).toBe(0)
  for (const name of ['Stop', 'Hold', 'Save', 'Forget what was recorded', 'Close packets']) {
    const box = await panelOf(page).getByRole('button', { name, exact: true }).boundingBox()
    expect([name, box !== null && box.x >= 0 && box.x + box.width <= 390]).toEqual([name, true])
  }
})

test('the network’s table says what was carried, what was claimed and refused, and that the relay is lost', async () => {
  const { page } = await open('scene=shell', PHONE)
  const tell = (frames: number) =>
    page.evaluate((frames) => {
      window.harness.machine.network({
        ports: [
          {
            port: 'primary',
            fromGuest: { frames, bytes: 4096 },
            toGuest: { frames: 1, bytes: 60 },
            dropped: [['forged-mac', 2]],
          },
        ],
        stations: [
          {
            port: 'primary',
            name: '',
            mac: '02:48:53:00:00:09',
            address: '10.83.7.12',
            kind: 'refused',
            silentSeconds: 4,
          },
        ],
        relay: { url: 'wss://relay.example/', state: 'lost', streams: 0 },
      })
    }, frames)
  await tell(7)
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Network' }).click()
  await page.getByRole('cell', { name: '7 frames 4.0 KiB' }).waitFor()
  await page.getByRole('cell', { name: '2 another’s MAC' }).waitFor()
  // On a phone each word stands behind its column's name.
  const refused = page.getByRole('row', {
    name: /MAC ?02:48:53:00:00:09 ?Address ?10\.83\.7\.12 ?Heard ?4 s ago ?How it is known ?claimed, refused/,
  })
  await refused.waitFor()
  await page.getByText('Start it again: the next connection').waitFor()
  await tell(8)
  await page.getByRole('cell', { name: '8 frames' }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
})
