/** What crosses between the guests, and between them and the person: by real keys, seen on the guests' own screens. */

import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { beforeAll, expect, test, vi } from 'vitest'
import { dropFile, openMachine, PATIENCE, terminalText, typeLine, untilReady, untilShown } from './driver.ts'

/** Argon2id over 16 MiB on an interpreted processor that other guests share. */
vi.setConfig({ testTimeout: 600_000 })

const SECRET = 'the-cellar-door-opens-at-4711'

let page: Page
let complaints: string[]

beforeAll(async () => {
  const opened = await openMachine('', { permissions: ['clipboard-read', 'clipboard-write'] })
  page = opened.page
  complaints = opened.complaints
  await page.evaluate(() => globalThis.hypercore.ready)
  await untilReady(page, ['primary', 'web', 'messaging', 'management', 'vault'])
})

/** What comes too soon after the question appeared was not meant for it, and is not taken. */
async function answer(act: (question: Locator) => Promise<void>): Promise<void> {
  const question = page.getByRole('dialog', { name: 'May this cross?' })
  await expect
    .poll(
      async () => {
        if (await question.isVisible()) await act(question)
        return question.isVisible()
      },
      { timeout: PATIENCE, interval: 300 },
    )
    .toBe(false)
}

const allowOnce = (question: Locator): Promise<void> =>
  question.getByRole('button', { name: 'Allow once' }).click()

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

test('a file that is dropped on the stage lies in the inbox of the guest there', async () => {
  await page.keyboard.press('Control+Alt+1')
  await dropFile(page, 'Send to Primary', new Blob(['let fall\n']), 'dropped.txt')
  await page.getByText('Primary has /root/inbox/dropped.txt.').waitFor({ timeout: PATIENCE })
  await typeLine(page, 'clear; ls /root/inbox; cat /root/inbox/dropped.txt')
  await untilShown(page, 'primary', /^dropped\.txt\s[^]*^let fall$/m)
  expect(await page.getByText('Send to Primary').count()).toBe(0)
})

test('the person edits the policy in its dialog, and the running primary is held to it at once', async () => {
  const fetches = async (mark: string) => {
    await page.keyboard.press('Control+Alt+1')
    const command = 'wget -qO /dev/null http://portal/'
    await typeLine(page, `clear; ${command} && echo ${mark}-read || echo ${mark}-refused`)
  }
  const open = async (tab: string) => {
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Policy' }).click()
    await dialog.getByRole('button', { name: tab }).click()
  }
  const dialog = page.getByRole('dialog', { name: 'Policy' })
  const applied = async () => {
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await dialog.getByText('In force.').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await fetches('first')
  await untilShown(page, 'primary', /^first-read$/m)

  await open('Text')
  await dialog.getByRole('textbox', { name: 'Policy' }).click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('primary portal http deny\n')
  await dialog.getByText('Changed, and not in force yet.').waitFor()
  await applied()
  await fetches('second')
  await untilShown(page, 'primary', /^second-refused$/m)

  await open('Decisions')
  const row = dialog.getByRole('row', { name: /primary portal http deny 1 / })
  await row.waitFor()
  expect(await row.textContent()).toContain('deny')
  await dialog.getByRole('button', { name: 'Text' }).click()
  await dialog.getByRole('button', { name: 'Default policy' }).click()
  await applied()
  await fetches('third')
  await untilShown(page, 'primary', /^third-read$/m)
})

test('text goes from a guest to the clipboard by the person’s click, and back with their consent', async () => {
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
  await page.evaluate(() => navigator.clipboard.writeText('the person’s own'))
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'clear; echo from the guest | tr a-z A-Z | hv clip set; echo set $?')
  await untilShown(page, 'primary', /^set 0$/m)
  const offer = page.getByRole('region', { name: 'Primary offers text for your clipboard' })
  await offer.getByText('FROM THE GUEST').waitFor({ timeout: PATIENCE })
  expect(await clipboard()).toBe('the person’s own')
  await offer.getByRole('button', { name: 'Copy' }).click()
  await offer.waitFor({ state: 'detached' })
  expect(await clipboard()).toBe('FROM THE GUEST\n')

  await page.evaluate(() => navigator.clipboard.writeText('to the guest'))
  await typeLine(page, 'clear; hv clip get; echo got $?')
  const question = page.getByRole('dialog', { name: 'May this cross?' })
  await question.waitFor({ timeout: PATIENCE })
  expect(await terminalText(page, 'primary')).not.toContain('to the guest')
  await answer(allowOnce)
  await untilShown(page, 'primary', /^to the guest\s*got 0$/m)
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
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'clear; hv vault get mail; echo status $?')
  await question.getByText('the secret “mail”').waitFor({ timeout: PATIENCE })
  expect(await terminalText(page, 'primary')).not.toContain(SECRET)
  await answer(allowOnce)
  await untilShown(page, 'primary', new RegExp(`${SECRET}\\s+status 0`))

  await typeLine(page, 'clear; hv vault get mail; echo status $?')
  await question.waitFor({ timeout: PATIENCE })
  await answer(() => page.keyboard.press('Escape'))
  await untilShown(page, 'primary', /permission denied[^]*status 2/)
  expect(await terminalText(page, 'primary')).not.toContain(SECRET)
  expect(complaints).toEqual([])
})
