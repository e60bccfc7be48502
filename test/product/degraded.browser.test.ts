import type { Page } from 'playwright-core'
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

const withMemory = (gibibytes: number) => (page: Page) =>
  page.addInitScript((gibibytes) => {
    Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => gibibytes })
  }, gibibytes)

test('too little memory for a single appliance is said before anything starts', async () => {
  const { page } = await openProduct('', {}, withMemory(0.25))
  await page.getByRole('heading', { name: 'Too little memory' }).waitFor()
  await page.getByText(/smallest guest needs 32 MB\..*nothing is left for guests/).waitFor()
  expect(await page.getByRole('main', { name: 'Firmware' }).count()).toBe(0)
  expect(await page.evaluate(() => globalThis.hypercore.domains())).toEqual([])
  expect(await violations(page)).toEqual([])
})

test('little memory starts what fits in it, and says what stays off', async () => {
  const { page } = await openMachine('', {}, withMemory(0.5))
  await untilReady(page, ['primary'])
  const { states, started } = await page.evaluate(async () => ({
    states: globalThis.hypercore.domains().map(({ id, state }) => `${id} ${state}`),
    started: await globalThis.hypercore.start('web').catch((error: Error) => error.message),
  }))
  expect(states).toEqual([
    'primary running',
    'web created',
    'messaging created',
    'management created',
    'vault created',
  ])
  expect(started).toBe(
    'Web needs 64 MiB; 0 of the 64 MiB budget are free, 64 are in use (Primary 64). ' +
      'Shut one down, or give it less memory in setup (F2).',
  )
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Journal' }).click()
  await page
    .getByText('budget of 64 MiB does not hold all. Not started: Web, Messaging, Management and Vault.')
    .waitFor()
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
