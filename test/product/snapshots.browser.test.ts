/** Snapshots as a person has them: by keys and clicks in the built product, with the browser's own storage beneath. */

import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { openMachine, PATIENCE, typeLine, untilReady, untilShown } from './driver.ts'

async function choose(page: Page, domain: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `${domain}: menu`, exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** The guest has the keyboard again. */
async function closed(page: Page): Promise<void> {
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

test('a snapshot is taken and gone back to, a guest is cloned as it runs, and both go on', async () => {
  const { page, complaints } = await openMachine('?boot=primary')
  await untilReady(page, ['primary'])
  await untilShown(page, 'primary', /[$#] ?$/m)
  await typeLine(page, 'echo before > /root/file; sync; echo written')
  await untilShown(page, 'primary', /^written$/m)

  await choose(page, 'Primary', 'Snapshots…')
  await page.getByLabel('Name of the new snapshot').fill('With the file')
  await page.getByRole('button', { name: 'Take a snapshot' }).click()
  await page
    .getByText(/Snapshot “With the file” taken; Primary stood still for/)
    .waitFor({ timeout: PATIENCE })
  await page.getByText('you are here').waitFor()
  await page.keyboard.press('Escape')
  await closed(page)

  await typeLine(page, 'rm /root/file; sync; cat /root/file; echo removed')
  await untilShown(page, 'primary', /^removed$/m)
  await choose(page, 'Primary', 'Snapshots…')
  await page.getByRole('button', { name: 'Restore With the file' }).click()
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  await page
    .getByText(/Primary is back at “With the file”/)
    .first()
    .waitFor({ timeout: PATIENCE })
  await untilReady(page, ['primary'])
  await typeLine(page, 'cat /root/file; echo read')
  await untilShown(page, 'primary', /^before\nread$/m)

  await choose(page, 'Primary', 'Clone as it runs')
  await untilReady(page, ['primary-2'])
  await typeLine(page, 'echo i am $(hostname); cat /root/file')
  await untilShown(page, 'primary-2', /^i am primary-2\nbefore$/m)
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'echo i am $(hostname)')
  await untilShown(page, 'primary', /^i am primary$/m)
  expect(complaints).toEqual([])
})

test('what is kept outlives the page: an export comes back, and a hibernating guest goes on where it was', async () => {
  const { page, complaints } = await openMachine('?boot=primary')
  await untilReady(page, ['primary'])
  const id = await page.evaluate(async () => {
    const api = globalThis.hypercore
    const id = await api.create({ appliance: 'management' })
    await api.start(id)
    return id
  })
  await untilReady(page, [id])
  // A snapshot that a guest asks for has its picture, too.
  await page.evaluate(async (id) => {
    const shell = globalThis.hypercore.console(id)
    shell.write(`hv snapshot ${id} 'by hv'; echo status-$?\r`)
    await shell.waitFor(/status-0/)
  }, id)
  await choose(page, 'Management 2', 'Snapshots…')
  await page.getByRole('dialog').locator('img').waitFor()
  await page.keyboard.press('Escape')
  await closed(page)
  await page.evaluate(async () => {
    const [byHv] = globalThis.hypercore.snapshots()
    if (byHv !== undefined) await globalThis.hypercore.removeSnapshot(byHv.id)
  })
  const restored = await page.evaluate(async (id) => {
    const api = globalThis.hypercore
    const shell = api.console(id)
    shell.write('echo alpha > /tmp/alpha; echo is-$((6 * 7))\r')
    await shell.waitFor(/is-42/)
    const file = await api.exportSnapshot(await api.snapshot(id, 'to take along'))
    const copy = await api.importSnapshot(id, file)
    const damaged = new Blob([file.slice(0, 5000), new Uint8Array(64), file.slice(5064)])
    const refused = await api.importSnapshot(id, damaged).then(
      () => 'taken',
      (error: unknown) => String(error),
    )
    for (const { id, name } of api.snapshots())
      if (id !== copy && name === 'to take along') await api.removeSnapshot(id)
    shell.write('rm /tmp/alpha; echo gone-$((6 * 7))\r')
    await shell.waitFor(/gone-42/)
    await api.restore(copy)
    return { refused, left: api.snapshots().map(({ name }) => name) }
  }, id)
  expect(restored.left).toEqual(['to take along'])
  expect(restored.refused).toMatch(/damaged/)
  await untilReady(page, [id])
  const alpha = await page.evaluate(async (id) => {
    const shell = globalThis.hypercore.console(id)
    shell.write('cat /tmp/alpha\r')
    return shell.waitFor(/^alpha$/m)
  }, id)
  expect(alpha).toBe('alpha')

  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'marker=kept; sync; sleep 7; sync; echo quiet')
  await untilShown(page, 'primary', /^quiet$/m)
  await page.getByRole('button', { name: 'Primary: menu', exact: true }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Hibernate on leave' }).click()
  await page.waitForFunction(
    () => globalThis.hypercore.snapshots().some(({ automatic }) => automatic),
    undefined,
    { timeout: PATIENCE },
  )
  await page.reload()
  await untilReady(page, ['primary'])
  await page.evaluate(() => globalThis.hypercore.focus('primary'))
  await typeLine(page, 'echo marker is $marker')
  await untilShown(page, 'primary', /^marker is kept$/m)
  expect(complaints).toEqual([])
})
