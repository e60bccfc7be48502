import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inject } from 'vitest'
import manifest from '../../images/manifest.json'
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

test('setup changes a setting by keys alone, keeps it, and a corrupt NVRAM is reported and replaced by defaults', async () => {
  const { page } = await openMachine('?boot=setup')
  await untilFirmwareShows(page, /Setup Utility/)
  expect(await violations(page)).toEqual([])
  // To the Boot page, down to the delay, and two steps less than a second.
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await untilFirmwareShows(page, /Boot delay +\[ ?1/)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('-')
  await page.keyboard.press('-')
  await untilFirmwareShows(page, /Boot delay +\[ ?0 s/)
  await page.keyboard.press('F10')
  await untilFirmwareShows(page, /save/i)
  await page.keyboard.press('Enter')
  await page.evaluate(() => globalThis.hypercore.ready)
  expect(await page.evaluate(() => globalThis.hypercore.handOff()?.settings.bootDelayMs)).toBe(0)
  await page.reload()
  await untilFirmwareShows(page, /Boot delay +\[ ?0 s|Setup Utility/)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await page.evaluate(() => globalThis.hypercore.ready)
  expect(await page.evaluate(() => globalThis.hypercore.handOff()?.settings.bootDelayMs)).toBe(0)

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

test('F12 leads to the boot menu while the firmware runs', async () => {
  // A volume that has not come yet: a quick boot could be over before the key.
  let sendKernel = (): void => undefined
  const pressed = new Promise<void>((resolve) => {
    sendKernel = resolve
  })
  const { page } = await openMachine('', {}, (page) =>
    page.route(/\/kernel-[^/]*\.img$/, async (route) => {
      await pressed
      await route.continue()
    }),
  )
  await untilFirmwareShows(page, /F12/)
  await page.keyboard.press('F12')
  sendKernel()
  await untilFirmwareShows(page, /Primary/)
  expect(await violations(page)).toEqual([])
  expect(await firmwareText(page)).toMatch(/Setup/)
})
