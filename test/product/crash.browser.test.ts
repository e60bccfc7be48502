import { expect, test } from 'vitest'
import { openMachine, PATIENCE, typeLine, untilReady, untilShown } from './driver.ts'

test('a killed, a panicked and a spinning guest are each shown for what they are, and the others answer', async () => {
  const { page, complaints } = await openMachine('?boot=primary')
  await untilReady(page, ['primary'])
  const [victim, panicked, spinning] = await page.evaluate(async () => {
    const api = globalThis.hypercore
    const ids = []
    for (let index = 0; index < 3; index++) {
      const id = await api.create({ appliance: 'management' })
      await api.start(id)
      ids.push(id)
    }
    return ids
  })
  if (victim === undefined || panicked === undefined || spinning === undefined)
    throw new Error('three guests were made')
  await untilReady(page, [victim, panicked, spinning])

  await page.evaluate((id) => globalThis.hypercore.kill(id), victim)
  await page.keyboard.press('Control+Alt+7')
  await typeLine(page, 'echo c > /proc/sysrq-trigger')
  await page.waitForFunction(
    (id) => globalThis.hypercore.domains().find((domain) => domain.id === id)?.crash?.cause.kind === 'panic',
    panicked,
    { timeout: PATIENCE },
  )
  // What happened, the last registers, and the kernel's own last words.
  const report = page.getByRole('article', { name: /has crashed/ })
  await report.waitFor()
  await report.getByText('eip', { exact: false }).first().waitFor()
  await report
    .getByText(/Kernel panic - not syncing/)
    .first()
    .waitFor()

  await page.keyboard.press('Control+Alt+8')
  await typeLine(page, 'haltcli spin --yes')
  await page.waitForFunction(
    (id) => globalThis.hypercore.domains().find((domain) => domain.id === id)?.health.kind === 'spinning',
    spinning,
    { timeout: PATIENCE },
  )
  await page
    .getByText(/interrupts/i)
    .first()
    .waitFor()

  const states = await page.evaluate(
    (ids) => ids.map((id) => globalThis.hypercore.domains().find((domain) => domain.id === id)?.state),
    [victim, panicked, spinning],
  )
  expect(states).toEqual(['off', 'crashed', 'running'])

  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'echo still-$((6 * 7))')
  await untilShown(page, 'primary', /^still-42$/m)

  // The crashed one comes back from a button.
  await page.keyboard.press('Control+Alt+7')
  await page
    .getByRole('button', { name: /restart|start again/i })
    .first()
    .click()
  await untilReady(page, [panicked])
  expect(complaints).toEqual([])
})

test('a reset gives a fresh machine, and a shutdown is asked of the guest', async () => {
  const { page } = await openMachine('?boot=primary')
  const id = await page.evaluate(async () => {
    await globalThis.hypercore.ready
    const id = await globalThis.hypercore.create({ appliance: 'management' })
    await globalThis.hypercore.start(id)
    return id
  })
  await untilReady(page, [id])
  await page.keyboard.press('Control+Alt+6')
  await typeLine(page, 'touch /tmp/before')
  await page.evaluate((id) => globalThis.hypercore.reset(id), id)
  await untilReady(page, [id])
  await typeLine(page, 'ls /tmp/before || echo gone')
  await untilShown(page, id, /^gone$/m)
  await page.evaluate((id) => globalThis.hypercore.shutdown(id), id)
  expect(
    await page.evaluate((id) => globalThis.hypercore.domains().find((domain) => domain.id === id)?.state, id),
  ).toBe('off')
})
