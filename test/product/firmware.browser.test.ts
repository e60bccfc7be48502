import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, inject, test } from 'vitest'
import { SERVED_CONTENT_SECURITY_POLICY } from '../../src/build/content-security-policy.ts'
import manifest from '../../images/manifest.json'
import { gate } from '../firmware/fake-platform.ts'
import { firmwareText, openMachine, untilFirmwareShows, untilReady } from './driver.ts'
import { violations } from '../ui/harness/open-scene.ts'

test('a volume with one flipped byte is refused by name with both hashes, and the rest boots', async () => {
  const web = manifest.volumes.find(({ name }) => name === 'web')
  if (web === undefined) throw new Error('the manifest has no web volume')
  const damaged = readFileSync(new URL(`../../images/${web.file}`, import.meta.url))
  damaged[4096] = (damaged[4096] ?? 0) ^ 1
  const { page } = await openMachine('', {}, async (page) => {
    await page.route(/\/web-[^/]*\.sqfs\.bin$/, (route) =>
      route.fulfill({ body: damaged, contentType: 'application/octet-stream' }),
    )
  })
  await untilReady(page, ['primary', 'management'])
  await page.getByRole('button', { name: /web refused/i }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(web.sha256).waitFor()
  const handOff = await page.evaluate(() => globalThis.hypercore.handOff()?.refused)
  expect(handOff).toMatchObject([{ name: 'web', reason: { kind: 'mismatch', expectedSha256: web.sha256 } }])
  const reason = handOff?.[0]?.reason
  if (reason?.kind !== 'mismatch') throw new Error('refused for its hash')
  await dialog.getByText(reason.actualSha256).waitFor()
  expect(
    await page.evaluate(() => globalThis.hypercore.start('web').catch((error: Error) => error.message)),
  ).toContain(web.sha256)
})

/** A volume that does not come before the gate opens: a quick boot could be over before a key. */
function heldKernel(): { readonly open: () => void; readonly hold: (page: Page) => Promise<unknown> } {
  const { opened, open } = gate()
  const hold = (page: Page): Promise<unknown> =>
    page.route(/\/kernel-[^/]*\.img$/, async (route) => {
      await opened
      await route.continue()
    })
  return { open, hold }
}

test('setup is entered by F2 and from the shell, changes a setting by keys alone, keeps it, and a corrupt NVRAM is reported and replaced by defaults', async () => {
  const kernel = heldKernel()
  const { page } = await openMachine('', {}, kernel.hold)
  await untilFirmwareShows(page, /Esc> +Logo/)
  await page.keyboard.press('F2')
  await untilFirmwareShows(page, /Setup Utility/)
  expect(await violations(page)).toEqual([])
  // To the Boot page, the primary first, down to the delay, and two steps less than a second.
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await untilFirmwareShows(page, /Boot delay +\[ ?1/)
  await page.keyboard.press('+')
  await untilFirmwareShows(page, /1st boot path +\[ ?Primary/)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('-')
  await page.keyboard.press('-')
  await untilFirmwareShows(page, /Boot delay +\[ ?0 s/)
  await page.keyboard.press('F10')
  await untilFirmwareShows(page, /save/i)
  await page.keyboard.press('Enter')
  kernel.open()
  await untilReady(page, ['primary'])
  const booted = () =>
    page.evaluate(async () => {
      await globalThis.hypercore.ready
      const { bootPath, settings } = globalThis.hypercore.handOff() ?? {}
      return { bootPath, first: settings?.bootOrder[0], delayMs: settings?.bootDelayMs }
    })
  expect(await booted()).toEqual({ bootPath: 'primary', first: 'primary', delayMs: 0 })

  // By the shell's own button: the guest is shut down, and the firmware is in its setup again.
  await page.evaluate(() => {
    globalThis.hypercore.on('log', ({ text }) => sessionStorage.setItem('last log', text))
  })
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Restart into setup…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restart into setup' }).click()
  await untilFirmwareShows(page, /Setup Utility/)
  expect(await page.evaluate(() => sessionStorage.getItem('last log'))).toBe('Primary is off.')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await untilFirmwareShows(page, /Boot delay +\[ ?0 s/)
  await page.keyboard.press('F9')
  await untilFirmwareShows(page, /Load default configuration now/)
  await page.keyboard.press('Enter')
  await untilFirmwareShows(page, /Boot delay +\[ ?1 s/)
  // Nothing of that is kept.
  await page.keyboard.press('Escape')
  await untilFirmwareShows(page, /Exit without saving/)
  await page.keyboard.press('Enter')
  expect(await booted()).toEqual({ bootPath: 'primary', first: 'primary', delayMs: 0 })
  // A link decides for once, against what is stored.
  await page.goto(`${inject('productUrl')}?boot=hyperspace`)
  expect(await booted()).toEqual({ bootPath: 'hyperspace', first: 'primary', delayMs: 0 })

  // Damaged behind the firmware's back, as a failing flash cell would.
  await page.goto('about:blank')
  await page.goto(`${inject('productUrl')}notices.txt`)
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const file = await (await root.getDirectoryHandle('nvram')).getFileHandle('settings.bin')
    const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer())
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 0x40
    const writable = await file.createWritable()
    await writable.write(bytes)
    await writable.close()
  })
  await page.goto(`${inject('productUrl')}?boot=setup`)
  await untilFirmwareShows(page, /F10/)
  await page.keyboard.press('F10')
  await untilFirmwareShows(page, /save/i)
  await page.keyboard.press('Enter')
  const post = await page.evaluate(async () => {
    await globalThis.hypercore.ready
    return globalThis.hypercore.handOff()?.post.find(({ id }) => id === 'nvram')
  })
  expect(post?.result).toBe('warning')
  expect(post?.detail).toMatch(/corrupt|checksum/i)
  expect(await page.evaluate(() => globalThis.hypercore.handOff()?.settings.bootDelayMs)).toBe(1000)
})

test('F12 leads to the boot menu while the firmware runs, and Esc to its logo and back', async () => {
  const kernel = heldKernel()
  const { page } = await openMachine('', {}, kernel.hold)
  await untilFirmwareShows(page, /Keyboard [^]*Esc> +Logo/)
  await page.keyboard.press('Escape')
  await untilFirmwareShows(page, /Esc> +Details/)
  expect(await firmwareText(page)).not.toContain('Keyboard')
  await page.keyboard.press('Escape')
  await untilFirmwareShows(page, /Keyboard [^]*Esc> +Logo/)
  await page.keyboard.press('F12')
  kernel.open()
  await untilFirmwareShows(page, /Primary/)
  expect(await violations(page)).toEqual([])
  expect(await firmwareText(page)).toMatch(/Setup/)
  // Where we serve it ourselves, the policy is in a header, too, which binds the workers.
  const served = await page.request.get(inject('productUrl'))
  expect(served.headers()['content-security-policy']).toBe(SERVED_CONTENT_SECURITY_POLICY)
})
