import { expect, test } from 'vitest'
import { firmwareText, openMachine, untilFirmwareShows, untilReady } from './driver.ts'
import { openProduct } from '../support/browser.ts'
import { violations } from '../ui/harness/open-scene.ts'

test('a browser without WebAssembly is told so, and what to do', async () => {
  const { page } = await openProduct('', {}, (page) =>
    page.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly')),
  )
  await page.getByRole('heading', { name: /WebAssembly/ }).waitFor()
  expect(await violations(page)).toEqual([])
})

test('a browser without workers is told so', async () => {
  const { page } = await openProduct('', {}, (page) =>
    page.addInitScript(() => Reflect.deleteProperty(globalThis, 'Worker')),
  )
  await page.getByRole('heading', { name: /worker/i }).waitFor()
  expect(await violations(page)).toEqual([])
})

test('too little memory for a single appliance is said before anything starts', async () => {
  const { page } = await openProduct('', {}, (page) =>
    page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 0.25 })),
  )
  await page
    .getByText(/memory/i)
    .first()
    .waitFor()
  expect(await page.evaluate(() => globalThis.hypercore.domains())).toEqual([])
})

test('a private window without storage runs, and says that nothing is kept', async () => {
  const { page } = await openMachine('?boot=primary', {}, (page) =>
    page.addInitScript(() => {
      StorageManager.prototype.getDirectory = () =>
        Promise.reject(new DOMException('forbidden', 'SecurityError'))
    }),
  )
  await untilReady(page, ['primary'])
  await page
    .getByText(/nothing.*(kept|survives)|not kept/i)
    .first()
    .waitFor()
  expect(await page.evaluate(() => globalThis.hypercore.handOff()?.platform.storage.kind)).toBe('memory')
})

test('a second tab is told that the machine runs in another, and can take it over', async () => {
  const first = await openMachine('?boot=primary')
  await untilReady(first.page, ['primary'])
  const second = await first.page.context().newPage()
  await second.goto(first.page.url())
  await second.getByRole('button', { name: /take/i }).click()
  await untilReady(second, ['primary'])
  expect(await second.evaluate(() => globalThis.hypercore.domains()[0]?.state)).toBe('running')
  await first.page
    .getByText(/another tab/i)
    .first()
    .waitFor()
})

test('a second tab can be a second machine, which keeps nothing and leaves the first alone', async () => {
  const first = await openMachine('?boot=primary')
  await untilReady(first.page, ['primary'])
  const second = await first.page.context().newPage()
  await second.goto(first.page.url())
  await second.getByRole('button', { name: /second machine/i }).click()
  await untilReady(second, ['primary'])
  expect(await second.evaluate(() => globalThis.hypercore.handOff()?.platform.storage)).toMatchObject({
    kind: 'memory',
  })
  await second.getByText(/another tab has the disks/).waitFor()
  const running = () => globalThis.hypercore.domains()[0]?.state
  expect([await first.page.evaluate(running), await second.evaluate(running)]).toEqual(['running', 'running'])
})

test('a firmware that cannot go on stops with words', async () => {
  const { page } = await openMachine('', {}, async (page) => {
    await page.route(/\/kernel-[^/]*\.img$/, (route) => route.abort())
  })
  await untilFirmwareShows(page, /halted/i)
  expect(await firmwareText(page)).toMatch(/kernel/)
})
