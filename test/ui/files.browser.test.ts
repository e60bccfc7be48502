import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useScenes } from './harness/open-scene.ts'

const open = useScenes()

type Sent = { readonly id: string; readonly file: string; readonly size: number }

const sent = (page: Page): Promise<Sent[]> =>
  page.evaluate(() =>
    window.harness.machine.calls.flatMap((call) =>
      call.name === 'sendFile'
        ? [{ id: call.args.id, file: call.args.file, size: call.args.content.size }]
        : [],
    ),
  )

/** Holds a file over the page until a box with `title` is there, and drops it on it. */
async function drop(page: Page, title: string): Promise<void> {
  const transfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File(['hello'], 'notes.txt'))
    return transfer
  })
  const stage = page.locator('[data-stage]')
  await stage.dispatchEvent('dragenter', { dataTransfer: transfer })
  await stage.dispatchEvent('dragover', { dataTransfer: transfer })
  const box = page.getByText(title, { exact: true })
  await box.dispatchEvent('dragover', { dataTransfer: transfer })
  await box.dispatchEvent('drop', { dataTransfer: transfer })
}

test('a file that is dropped on the stage goes to the guest there, and the person is told where it is', async () => {
  const { page, complaints } = await open('scene=shell')
  await drop(page, 'Send to Primary')
  await page.getByText('Primary has /root/inbox/notes.txt.').waitFor()
  expect(await sent(page)).toEqual([{ id: 'primary', file: 'notes.txt', size: 5 }])
  expect(await page.getByText('Send to Primary').count()).toBe(0)
  expect(complaints).toEqual([])
})

test('a guest that does not run takes none, and says so while the file is still held', async () => {
  const { page } = await open('scene=off')
  await drop(page, 'Primary takes no files now')
  await page.getByText('Primary takes no files now').waitFor({ state: 'detached' })
  expect(await sent(page)).toEqual([])
})

test('a file is sent from a domain’s menu, and a fault is told in the supervisor’s words', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    window.harness.machine.faults.set('sendFile', { kind: 'failed', message: 'the disk is full' })
  })
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Send a file…' }).click()
  await (await chooser).setFiles({ name: 'a b.txt', mimeType: 'text/plain', buffer: Buffer.from('hi') })
  await page.getByText('the disk is full').waitFor()
  expect(await sent(page)).toEqual([{ id: 'primary', file: 'a b.txt', size: 2 }])
})

test('a file of a guest is saved under its own name; a fault stays beside the path', async () => {
  const { page } = await open('scene=shell')
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: 'Fetch a file…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Fetch a file from Primary' })
  const path = dialog.getByLabel('Path of the file in the guest')
  await path.fill('/root/none')
  await page.evaluate(() => {
    window.harness.machine.faults.set('fetchFile', { kind: 'failed', message: '/root/none: not there' })
  })
  await path.press('Enter')
  await dialog.getByRole('alert').getByText('/root/none: not there').waitFor()
  await page.evaluate(() => window.harness.machine.faults.delete('fetchFile'))
  await path.fill('/root/notes.txt')
  const download = page.waitForEvent('download')
  await path.press('Enter')
  expect((await download).suggestedFilename()).toBe('notes.txt')
  await dialog.waitFor({ state: 'detached' })
})

test('a file on its way shows how far it is, and can be stopped', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    const [source, destination] = [window.harness.domainId('primary'), window.harness.domainId('web')]
    const file = {
      id: 7,
      what: 'file' as const,
      source,
      destination,
      file: 'notes.txt',
      doneBytes: 500_000,
      totalBytes: 2_000_000,
    }
    window.harness.machine.transfers([file])
  })
  const bar = page.getByRole('progressbar', { name: 'notes.txt, from Primary to Web' })
  await bar.waitFor()
  expect(await bar.evaluate((element: HTMLProgressElement) => element.position)).toBe(0.25)
  await page.getByRole('button', { name: 'Cancel notes.txt' }).click()
  await expect
    .poll(() =>
      page.evaluate(() => window.harness.machine.calls.find(({ name }) => name === 'cancelTransfer')),
    )
    .toMatchObject({ args: { transfer: 7 } })
  await page.evaluate(() => window.harness.machine.transfers([]))
  await bar.waitFor({ state: 'detached' })
})

test('text that a guest offers waits quietly, and is copied by a click alone', async () => {
  const { page } = await open('scene=shell', { permissions: ['clipboard-read', 'clipboard-write'] })
  await page.evaluate(() => {
    const { machine, domainId } = window.harness
    machine.offerClip(domainId('primary'), 'first')
    machine.offerClip(domainId('primary'), 'second')
  })
  const offer = page.getByRole('region', { name: 'Primary offers text for your clipboard' })
  await offer.getByText('second').waitFor()
  expect(await offer.count()).toBe(1)
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('')
  await offer.getByRole('button', { name: 'Copy' }).click()
  await offer.waitFor({ state: 'detached' })
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('second')
})

const answered = (page: Page) =>
  page.evaluate(() =>
    window.harness.machine.calls.flatMap((call) => (call.name === 'answerClip' ? [call.args.answer] : [])),
  )

test('a guest that may have the clipboard gets what is on it', async () => {
  const { page } = await open('scene=shell', { permissions: ['clipboard-read', 'clipboard-write'] })
  await page.evaluate(async () => {
    await navigator.clipboard.writeText('from outside')
    window.harness.machine.wantClip(window.harness.domainId('primary'), 3)
  })
  await expect.poll(() => answered(page)).toEqual([{ request: 3, text: 'from outside' }])
})

test('where the browser keeps its clipboard to itself, the person pastes or refuses', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    navigator.clipboard.readText = () => Promise.reject(new DOMException('', 'NotAllowedError'))
    window.harness.machine.wantClip(window.harness.domainId('primary'), 1)
  })
  const dialog = page.getByRole('dialog', { name: 'Paste for Primary' })
  await dialog.getByLabel('Text for Primary').fill('typed')
  await dialog.getByRole('button', { name: 'Give it to Primary' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.evaluate(() => window.harness.machine.wantClip(window.harness.domainId('primary'), 2))
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await expect
    .poll(() => answered(page))
    .toEqual([
      { request: 1, text: 'typed' },
      { request: 2, text: undefined },
    ])
})
