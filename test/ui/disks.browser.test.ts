import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useScenes } from './harness/open-scene.ts'

const open = useScenes()

const called = (page: Page, name: string) =>
  page.evaluate(
    (name) => window.harness.machine.calls.filter((call) => call.name === name).map(({ args }) => args),
    name,
  )

async function choose(page: Page, domain: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `${domain}: menu` }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** One thing on its way, a quarter done. */
async function onItsWay(page: Page, what: 'disk' | 'snapshot', file: string): Promise<void> {
  await page.evaluate(
    ([what, file]) => {
      const { machine, domainId } = window.harness
      const bytes = { doneBytes: 2 ** 26, totalBytes: 2 ** 28 }
      machine.transfers([{ id: 9, what, source: domainId('primary'), destination: 'host', file, ...bytes }])
    },
    [what, file] as const,
  )
}

test('an own image’s machine is shown in words, and memory, card and boot order are the person’s to choose', async () => {
  const { page, complaints } = await open('scene=shell')
  await page.getByRole('button', { name: 'More', exact: true }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Start a disk image of your own…' }).click()
  const image = Buffer.alloc(1440 * 1024)
  image.set([0x55, 0xaa], 510)
  await (await chooser).setFiles({ name: 'my dos.img', mimeType: '', buffer: image })
  const dialog = page.getByRole('dialog', { name: 'A machine for your own image' })
  const machine = dialog.getByRole('region', { name: 'Machine for DOS' })
  const facts = async () => (await machine.locator('dl').first().textContent()) ?? ''
  expect(await facts()).toMatch(
    /Memory32 MB, and 2 MB for the display.*NE2000.*ACPINoBoot orderFloppy, hard disk, CD-ROM/,
  )
  await machine.getByText('No DOS is among them.').waitFor()

  await machine.getByText('Adjust').click()
  // No more than all domains share: 512 MB in this machine.
  const sizes = await machine.getByLabel('Memory').locator('option').allTextContents()
  expect([sizes[0], sizes.at(-1)]).toEqual(['16 MB', '512 MB'])
  await machine.getByLabel('Memory').selectOption('512 MB')
  await machine
    .getByRole('alert')
    .getByText(/^240 of the 512 MB/)
    .waitFor()
  await machine.getByLabel('Memory').selectOption('48 MB')
  await machine.getByRole('alert').waitFor({ state: 'detached' })
  await machine.getByLabel('Network card').selectOption({ label: 'None: on no network at all' })
  await machine.getByLabel('Boot order').selectOption('CD-ROM, hard disk, floppy')
  expect(await facts()).toMatch(/Memory48 MB.*Network cardNone.*Boot orderCD-ROM, hard disk, floppy/)
  await dialog.getByRole('button', { name: 'Start' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await called(page, 'create')).toMatchObject([
    {
      config: {
        appliance: 'own',
        memoryMiB: 48,
        image: { kind: 'floppy', profile: 'dos', card: 'none', bootOrder: ['cdrom', 'hard-disk', 'floppy'] },
      },
    },
  ])
  expect(await called(page, 'start')).toEqual([{ id: 'own-2' }])
  expect(complaints).toEqual([])
})

test('a disk on its way shows how far it is in its dialog, beside the page without it, and can be stopped', async () => {
  const { page, complaints } = await open('scene=off')
  await page.evaluate(() => window.harness.machine.held.add('exportDisk'))
  await choose(page, 'Primary', 'Disk…')
  const dialog = page.getByRole('dialog', { name: 'Disk of Primary' })
  await dialog.getByRole('button', { name: 'Save as an image' }).click()
  await onItsWay(page, 'disk', 'primary.img')
  const bar = page.getByRole('progressbar', { name: 'primary.img, from Primary’s disk to this computer' })
  await bar.waitFor()
  expect(await bar.count()).toBe(1)
  expect(await dialog.getByRole('progressbar').count()).toBe(1)
  expect(await bar.evaluate((element: HTMLProgressElement) => element.position)).toBe(0.25)
  await dialog.getByText('67 MB of 268 MB').waitFor()
  await dialog.getByRole('button', { name: 'Cancel primary.img' }).click()
  await expect.poll(() => called(page, 'cancelTransfer')).toEqual([{ transfer: 9 }])

  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await dialog.waitFor({ state: 'detached' })
  await bar.waitFor()
  await page.evaluate(() => {
    window.harness.machine.faults.set('exportDisk', { kind: 'failed', message: 'It was cancelled.' })
    window.harness.machine.release('exportDisk')
    window.harness.machine.transfers([])
  })
  // Its dialog is gone: the end is said where everything else is.
  await page.getByText('It was cancelled.').waitFor()
  await bar.waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
})

test('a packed image shows how much of it is unpacked, and cancelled leaves the disk alone', async () => {
  const { page } = await open('scene=off')
  // Endless: it is never unpacked, only cancelled.
  await page.evaluate(() => {
    File.prototype.stream = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]))
        },
      })
  })
  await choose(page, 'Primary', 'Disk…')
  const dialog = page.getByRole('dialog', { name: 'Disk of Primary' })
  const chooser = page.waitForEvent('filechooser')
  await dialog.getByRole('button', { name: 'Replace by an image…' }).click()
  const packed = Buffer.alloc(5000)
  packed.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
  await (await chooser).setFiles({ name: 'disk.img.gz', mimeType: '', buffer: packed })
  await dialog.getByRole('button', { name: 'Replace the content' }).click()
  await dialog.getByRole('progressbar', { name: 'disk.img.gz, unpacked in this browser' }).waitFor()
  await dialog.getByText('10 B of 5.0 kB').waitFor()
  await dialog.getByRole('button', { name: 'Cancel disk.img.gz' }).click()
  await dialog.getByRole('alert').getByText('Cancelled: the disk is what it was.').waitFor()
  expect(await called(page, 'importDisk')).toEqual([])
})

test('a snapshot is taken with a note, renamed, exported with its progress, imported and removed', async () => {
  const { page, complaints } = await open('scene=shell')
  await choose(page, 'Primary', 'Snapshots…')
  const dialog = page.getByRole('dialog', { name: 'Snapshots of Primary' })
  await dialog.getByLabel('Name of the new snapshot').fill('Tools built')
  await dialog.getByLabel('Note for the new snapshot').fill('before the fork bomb')
  await dialog.getByRole('button', { name: 'Take a snapshot' }).click()
  await dialog.getByText('before the fork bomb').waitFor()
  expect(await called(page, 'snapshot')).toMatchObject([
    { id: 'primary', name: 'Tools built', note: 'before the fork bomb' },
  ])
  expect(await dialog.getByLabel('Note for the new snapshot').inputValue()).toBe('')

  await dialog.getByRole('button', { name: 'Rename Tools built' }).click()
  await dialog.getByLabel('Name', { exact: true }).fill('Tools and labs')
  await dialog.getByLabel('Note', { exact: true }).fill('tcc is there')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('tcc is there').waitFor()
  expect(await called(page, 'describeSnapshot')).toMatchObject([
    { name: 'Tools and labs', note: 'tcc is there' },
  ])

  await page.evaluate(() => window.harness.machine.held.add('exportSnapshot'))
  await dialog.getByRole('button', { name: 'Export Tools and labs to a file' }).click()
  await onItsWay(page, 'snapshot', 'Tools and labs')
  const words = 'Tools and labs, from Primary’s snapshots to this computer'
  await dialog.getByRole('progressbar', { name: words }).waitFor()
  const download = page.waitForEvent('download')
  await page.evaluate(() => {
    window.harness.machine.release('exportSnapshot')
    window.harness.machine.transfers([])
  })
  expect((await download).suggestedFilename()).toBe('primary-Tools-and-labs.hssnap')

  const chooser = page.waitForEvent('filechooser')
  await dialog.getByRole('button', { name: 'Import…' }).click()
  await (await chooser).setFiles({ name: 'mine.hssnap', mimeType: '', buffer: Buffer.from('a snapshot') })
  await page.getByText('“mine.hssnap” is a snapshot of Primary now.').first().waitFor()

  await dialog.getByRole('button', { name: 'Remove Tools and labs' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await dialog.getByText('There are none of it yet.').waitFor()
  expect(complaints).toEqual([])
})
