import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { bootableFloppy, notebookDisk } from '../support/boot-media.ts'
import {
  dropFile,
  focusedId,
  openMachine,
  PATIENCE,
  typeLine,
  untilReady,
  untilScreen,
  untilShown,
} from './driver.ts'

/** Several waits, each of which may take the driver's patience on a machine that does something else, too. */
vi.setConfig({ testTimeout: 300_000 })

test('a floppy that is dropped on the page starts in a machine of its own and hears its keys', async () => {
  const { page, complaints } = await openMachine('?boot=primary')
  await untilReady(page, ['primary'])
  const packed = await new Response(
    bootableFloppy('started from a dropped floppy').stream().pipeThrough(new CompressionStream('gzip')),
  ).blob()
  await dropFile(page, 'Start it in a machine of its own', packed, 'my floppy.img.gz')

  const dialog = page.getByRole('dialog', { name: 'A machine for your own image' })
  await dialog.getByText('There is something for a BIOS to start.').waitFor()
  expect(await dialog.getByLabel('Name').inputValue()).toBe('my floppy')
  expect(await dialog.getByLabel('Drive').inputValue()).toBe('floppy')
  expect(await dialog.getByLabel('System').inputValue()).toBe('dos')
  await dialog.getByRole('button', { name: 'Start' }).click()

  await page.waitForFunction(
    () => globalThis.hypercore.domains().some(({ id, ready, focused }) => id === 'own-2' && ready && focused),
    undefined,
    { timeout: PATIENCE },
  )
  const waitFor = (text: string) =>
    page.evaluate((text) => globalThis.hypercore.console('own-2').waitFor(text), text)
  await waitFor('started from a dropped floppy')
  // Real keys, through the keyboard controller to INT 16h, and back on COM1.
  await page.keyboard.type('hello')
  expect(await waitFor('hello')).toBe('hello')

  // F4 leads to the primary; a small ISO of others in its place is what it leads to from now on.
  await page.keyboard.press('F4')
  expect(await focusedId(page)).toBe('primary')
  await page.getByRole('button', { name: 'More' }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Start a disk image of your own…' }).click()
  await (await chooser).setFiles(fileURLToPath(new URL('../support/media/ipxe.iso', import.meta.url)))
  await dialog.getByLabel('Place').selectOption('As the primary')
  expect(await dialog.getByLabel('Drive').inputValue()).toBe('cdrom')
  expect(await dialog.getByLabel('System').inputValue()).toBe('other')
  await dialog.getByRole('button', { name: 'Start' }).click()
  // Its shell is behind a key. On a VGA text screen, read by the font: there is no agent and no console in it.
  await untilScreen(page, 'own-3', /iPXE initialising devices/)
  await page.keyboard.press('Control+b')
  await untilScreen(page, 'own-3', /^iPXE>$/m, () => page.keyboard.press('Control+b'))
  await typeLine(page, 'ifconf -c dhcp')
  await untilScreen(page, 'own-3', /^Configuring \[dhcp\].*\.\.\. ok/m)
  await typeLine(page, 'imgfetch http://portal/')
  await untilScreen(page, 'own-3', /^http:\/\/portal\/\.\.\. ok/m)
  await page.keyboard.press('F4')
  expect(await focusedId(page)).toBe('own-2')
  await page.keyboard.press('F4')
  expect(await focusedId(page)).toBe('own-3')

  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'The primary: F4 leads here' }).click()
  await page.waitForFunction(() =>
    globalThis.hypercore.domains().some(({ id, primary }) => id === 'primary' && primary),
  )
  await page.keyboard.press('F4')
  expect(await focusedId(page)).toBe('primary')
  await page.keyboard.type('echo as-$((6 * 7))')
  await page.keyboard.press('Enter')
  await untilShown(page, 'primary', /^as-42$/m)
  expect(complaints).toEqual([])
})

test('what a system of one’s own writes to its hard disk is there when its file is chosen again', async () => {
  const { page, complaints } = await openMachine('?boot=primary')
  const start = async () => {
    await untilReady(page, ['primary'])
    await dropFile(page, 'Start it in a machine of its own', notebookDisk('it said: '), 'notes.img')
    const dialog = page.getByRole('dialog', { name: 'A machine for your own image' })
    await dialog.getByText('kept beside it in this browser').waitFor()
    await dialog.getByRole('button', { name: 'Start' }).click()
    await page.waitForFunction(
      () => globalThis.hypercore.domains().some(({ id, focused }) => id === 'own-2' && focused),
      undefined,
      { timeout: PATIENCE },
    )
  }
  const waitFor = (text: string) =>
    page.evaluate((text) => globalThis.hypercore.console('own-2').waitFor(text), text)
  await start()
  await waitFor('it said: ')
  await page.keyboard.press('k')
  await waitFor('it said: k')
  // It never asks for a flush. Its file's root record tells when one has been made all the same.
  const isFlushed = () =>
    page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('overlays')
      for await (const [name, handle] of folder.entries()) {
        if (!name.startsWith('own-') || !(handle instanceof FileSystemFileHandle)) continue
        const roots = new DataView(await (await handle.getFile()).slice(0, 8192).arrayBuffer())
        if (roots.byteLength === 8192 && [0, 4096].some((at) => roots.getUint32(at + 12, true) > 0))
          return true
      }
      return false
    })
  await vi.waitFor(async () => expect(await isFlushed()).toBe(true), { timeout: PATIENCE, interval: 200 })
  await page.reload()
  await start()
  await waitFor('it said: k')
  await page.keyboard.press('x')
  await waitFor('it said: kx')

  await page.evaluate(() => globalThis.hypercore.kill('own-2'))
  await page.getByRole('button', { name: 'notes: menu' }).click()
  await page.getByRole('menuitem', { name: 'Disk…' }).click()
  const disk = page.getByRole('dialog', { name: 'Disk of notes' })
  await disk.getByRole('button', { name: 'Reset…' }).click()
  await disk.getByRole('button', { name: 'Reset the disk' }).click()
  await disk.getByText('The disk is as your file is again.').waitFor({ timeout: PATIENCE })
  await page.evaluate(() => globalThis.hypercore.start('own-2'))
  await page.evaluate(() => globalThis.hypercore.console('own-2').waitFor(/it said: (?!k)/))
  expect(complaints).toEqual([])
})

test('a disk is saved, reset and put back by its dialog', async () => {
  const { page, complaints } = await openMachine('?boot=primary')
  await untilReady(page, ['primary'])
  await typeLine(page, 'echo kept-$((6 * 7)) > /root/file; sync; echo synced-$((6 * 7))')
  await untilShown(page, 'primary', /^synced-42$/m)
  await page.evaluate(() => globalThis.hypercore.shutdown('primary'))
  const open = async () => {
    await page.getByRole('button', { name: 'Primary: menu' }).click()
    await page.getByRole('menuitem', { name: 'Disk…' }).click()
  }
  await open()
  const dialog = page.getByRole('dialog', { name: 'Disk of Primary' })
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: PATIENCE }),
    dialog.getByRole('button', { name: 'Save as an image' }).click(),
  ])
  const image = await download.path()
  await dialog.getByRole('button', { name: 'Reset…' }).click()
  await dialog.getByRole('button', { name: 'Reset the disk' }).click()
  await dialog.getByText('The disk is blank.').waitFor({ timeout: PATIENCE })
  expect(await page.evaluate(async () => (await globalThis.hypercore.diskUsage('primary')).storedBytes)).toBe(
    0,
  )

  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    dialog.getByRole('button', { name: 'Replace by an image…' }).click(),
  ])
  await chooser.setFiles(image)
  await dialog.getByRole('button', { name: 'Replace the content' }).click()
  await dialog.getByText('The disk now holds').waitFor({ timeout: PATIENCE })
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.evaluate(() => globalThis.hypercore.start('primary'))
  await untilReady(page, ['primary'])
  await typeLine(page, 'cat /root/file')
  await untilShown(page, 'primary', /^kept-42$/m)
  expect(complaints).toEqual([])

  // A browser that runs out of space removes all that an origin has, open files included, and its handles say nothing.
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', {
    origin: new URL(page.url()).origin,
    storageTypes: 'all',
  })
  await typeLine(page, 'dd if=/etc/passwd of=/root/file conv=fsync || echo refused-$((6 * 7))')
  await untilShown(page, 'primary', /^refused-42$/m)
  await page.getByText('the browser has removed its file').first().waitFor({ timeout: PATIENCE })
})

test('a browser that grants no more space gives the guest its error, the person words, and loses nothing', async () => {
  const { page } = await openMachine('?boot=primary')
  await untilReady(page, ['primary'])
  await typeLine(page, 'echo kept-$((6 * 7)) > /root/file; sync; echo synced-$((6 * 7))')
  await untilShown(page, 'primary', /^synced-42$/m)
  const session = await page.context().newCDPSession(page)
  const { origin } = new URL(page.url())
  const { usage } = await session.send('Storage.getUsageAndQuota', { origin })
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 2 ** 20 })
  await typeLine(
    page,
    'dd if=/dev/urandom of=/root/large bs=1M count=2 conv=fsync; echo dd-$(($? > 0))-$((6 * 7))',
  )
  // The kernel's complaints push it off the screen.
  const said = await page.evaluate(
    (timeoutMs) => globalThis.hypercore.console('primary').waitFor(/dd-\d-42/, { timeoutMs }),
    PATIENCE,
  )
  expect(said).toBe('dd-1-42')
  await page.getByText('the browser grants no more space').first().waitFor({ timeout: PATIENCE })

  await session.send('Storage.overrideQuotaForOrigin', { origin })
  await page.evaluate(() => globalThis.hypercore.reset('primary'))
  await untilReady(page, ['primary'])
  await typeLine(page, 'cat /root/file')
  await untilShown(page, 'primary', /^kept-42$/m)
})
