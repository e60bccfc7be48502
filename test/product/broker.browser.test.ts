/** What crosses between the guests, and between them and the person: by real keys, seen on the guests' own screens. */

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test, vi } from 'vitest'
import { openMachine, PATIENCE, terminalText, typeLine, untilReady, untilShown } from './driver.ts'

/** Argon2id over 16 MiB on an interpreted processor that other guests share. */
vi.setConfig({ testTimeout: 600_000 })

const SECRET = 'the-cellar-door-opens-at-4711'

let page: Page
let complaints: string[]

beforeAll(async () => {
  const opened = await openMachine()
  page = opened.page
  complaints = opened.complaints
  await page.evaluate(() => globalThis.hypercore.ready)
  await untilReady(page, ['primary', 'web', 'messaging', 'management', 'vault'])
})

const stateOf = (id: string) =>
  page.evaluate((id) => globalThis.hypercore.domains().find((domain) => domain.id === id)?.state, id)

test('hv pause web works from management; from the primary it is refused, and the journal says so', async () => {
  await page.evaluate(() => {
    globalThis.hypercore.on('log', ({ text }) => document.body.setAttribute('data-last-log', text))
  })
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'hv pause web; echo status $?')
  await untilShown(page, 'primary', /permission denied[^]*status 2/)
  expect(await stateOf('web')).toBe('running')
  expect(await page.locator('body').getAttribute('data-last-log')).toBe(
    'Primary may not call “pause”: permission denied.',
  )
  await page.keyboard.press('Control+Alt+4')
  await typeLine(page, 'hv pause web')
  await untilShown(page, 'management', /web is paused/)
  expect(await stateOf('web')).toBe('paused')
  await typeLine(page, 'hv resume web')
  await untilShown(page, 'management', /web is running/)
})

test('a file goes into the primary from a domain’s menu, and comes out of it again', async () => {
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Send a file…' }).click()
  const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('from outside\n') }
  await (await chooser).setFiles(notes)
  await page.getByText('Primary has /root/inbox/notes.txt.').waitFor({ timeout: PATIENCE })
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'cd; tr a-z A-Z <inbox/notes.txt | tee loud.txt')
  await untilShown(page, 'primary', /FROM OUTSIDE/)

  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: 'Fetch a file…' }).click()
  await page.getByLabel('Path of the file in the guest').fill('loud.txt')
  const download = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  expect(await readFile(await (await download).path(), 'utf8')).toBe('FROM OUTSIDE\n')

  const again = await page.evaluate(async () => {
    const path = await globalThis.hypercore.sendFile('primary', 'notes.txt', new Blob(['by a script']))
    return [path, await (await globalThis.hypercore.fetchFile('primary', path)).text()]
  })
  expect(again).toEqual(['/root/inbox/notes-2.txt', 'by a script'])
})

test('the primary gets a secret of the vault once the person has agreed, and never without', async () => {
  await page.keyboard.press('Control+Alt+5')
  await page.keyboard.press('c')
  await untilShown(page, 'vault', /New passphrase:/)
  await typeLine(page, 'correct horse battery staple')
  await untilShown(page, 'vault', /Once more:/)
  await typeLine(page, 'correct horse battery staple')
  await untilShown(page, 'vault', /The vault is made, and open/)
  await page.keyboard.press('Enter')
  await untilShown(page, 'vault', /Lock it when done[^]*Store a secret/)
  await page.keyboard.press('s')
  await untilShown(page, 'vault', /Name:/)
  await typeLine(page, 'mail')
  await untilShown(page, 'vault', /not shown/)
  await typeLine(page, SECRET)
  await untilShown(page, 'vault', /Stored mail/)
  await page.keyboard.press('Enter')

  const question = page.getByRole('dialog', { name: 'May this cross?' })
  // What comes too soon after the question appeared was not meant for it, and is not taken.
  const answer = async (act: () => Promise<void>): Promise<void> =>
    await expect
      .poll(
        async () => {
          if (await question.isVisible()) await act()
          return question.isVisible()
        },
        { timeout: PATIENCE, interval: 300 },
      )
      .toBe(false)
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'clear; hv vault get mail; echo status $?')
  await question.getByText('the secret “mail”').waitFor({ timeout: PATIENCE })
  expect(await terminalText(page, 'primary')).not.toContain(SECRET)
  await answer(() => question.getByRole('button', { name: 'Allow once' }).click())
  await untilShown(page, 'primary', new RegExp(`${SECRET}\\s+status 0`))

  await typeLine(page, 'clear; hv vault get mail; echo status $?')
  await question.waitFor({ timeout: PATIENCE })
  await answer(() => page.keyboard.press('Escape'))
  await untilShown(page, 'primary', /permission denied[^]*status 2/)
  expect(await terminalText(page, 'primary')).not.toContain(SECRET)
  expect(complaints).toEqual([])
})
