/** Snapshots as a person has them: by keys and clicks in the built product, with the browser's own storage beneath. */

import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { statSync } from 'node:fs'
import { openMachine, PATIENCE, typeLine, untilReady, untilShown } from './driver.ts'

async function choose(page: Page, domain: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `${domain}: menu`, exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** The guest has the keyboard again. */
async function closed(page: Page): Promise<void> {
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

/** Counts in `asked` how often the page asks the browser to keep its storage; the answer is as in a browser that does not. */
async function countingRequests(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Reflect.set(globalThis, 'asked', 0)
    StorageManager.prototype.persist = () => {
      Reflect.set(globalThis, 'asked', Number(Reflect.get(globalThis, 'asked')) + 1)
      return Promise.resolve(false)
    }
  })
}

const asked = (page: Page) => page.evaluate(() => Number(Reflect.get(globalThis, 'asked')))

test('a snapshot is taken and gone back to, a guest is cloned as it runs, and both go on', async () => {
  const { page, complaints } = await openMachine('?boot=primary', {}, countingRequests)
  await untilReady(page, ['primary'])
  await untilShown(page, 'primary', /[$#] ?$/m)
  // Neither at load nor for what a boot writes; once for what a person has their guest write.
  expect(await asked(page)).toBe(0)
  await typeLine(page, 'echo before > /root/file; sync; echo written')
  await untilShown(page, 'primary', /^written$/m)
  await expect.poll(() => asked(page), { timeout: PATIENCE }).toBe(1)

  await choose(page, 'Primary', 'Snapshots…')
  await page.getByLabel('Name of the new snapshot').click()
  await page.keyboard.type('With the file')
  await page.keyboard.press('Tab')
  await page.keyboard.type('before it is removed')
  await page.getByRole('button', { name: 'Take a snapshot' }).click()
  await page
    .getByText(/Snapshot “With the file” taken; Primary stood still for/)
    .waitFor({ timeout: PATIENCE })
  await page.getByText('you are here').waitFor()
  await page.getByRole('dialog').getByText('before it is removed').waitFor()
  await expect.poll(() => asked(page)).toBe(2)
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

  // Renamed, saved as a file, removed, and taken back from the file: nothing of it is lost on the way.
  await choose(page, 'Primary', 'Snapshots…')
  const dialog = page.getByRole('dialog', { name: 'Snapshots of Primary' })
  await dialog.getByRole('button', { name: 'Rename With the file' }).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.type('To take along')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Control+a')
  await page.keyboard.type('the file is in it')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('the file is in it').waitFor({ timeout: PATIENCE })
  expect(await dialog.getByText('before it is removed').count()).toBe(0)
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: PATIENCE }),
    dialog.getByRole('button', { name: 'Export To take along to a file' }).click(),
  ])
  const file = await download.path()
  expect(download.suggestedFilename()).toBe('primary-To-take-along.hssnap')
  expect(statSync(file).size).toBeGreaterThan(2 ** 20)
  await dialog.getByRole('button', { name: 'Remove To take along' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await dialog.getByText('There are none of it yet.').waitFor({ timeout: PATIENCE })
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    dialog.getByRole('button', { name: 'Import…' }).click(),
  ])
  await chooser.setFiles(file)
  await dialog.getByText('the file is in it').waitFor({ timeout: PATIENCE })
  await page.keyboard.press('Escape')
  await closed(page)
  await typeLine(page, 'rm /root/file; sync; clear; cat /root/file; echo removed again')
  await untilShown(page, 'primary', /^removed again$/m)
  await choose(page, 'Primary', 'Snapshots…')
  await page.getByRole('button', { name: 'Restore To take along' }).click()
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  await page
    .getByText(/Primary is back at “To take along”/)
    .first()
    .waitFor({ timeout: PATIENCE })
  await untilReady(page, ['primary'])
  await typeLine(page, 'clear; cat /root/file; echo read again')
  await untilShown(page, 'primary', /^before\nread again$/m)
  expect(complaints).toEqual([])
})

test('what is kept outlives the page: an export comes back, and a hibernating guest goes on where it was', async () => {
  const { page, complaints } = await openMachine('?boot=primary', {}, countingRequests)
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
  const before = await asked(page)
  await page.getByRole('button', { name: 'Primary: menu', exact: true }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Hibernate on leave' }).click()
  await page.waitForFunction(
    () => globalThis.hypercore.snapshots().some(({ automatic }) => automatic),
    undefined,
    { timeout: PATIENCE },
  )
  await expect.poll(() => asked(page)).toBe(before + 1)

  // What changes after that is kept, too, down to a line that nobody has entered: by the one that is taken when the
  // browser freezes or hides the page, or by one of those that are taken in between.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+Alt+1')
  await typeLine(page, 'later=also; echo changed-$((6 * 7))')
  await untilShown(page, 'primary', /^changed-42$/m)
  await page.keyboard.type('echo marker is $marker, ')
  await untilShown(page, 'primary', /[$#] echo marker is \$marker,$/m)
  const changed = await page.evaluate(() => Date.now())
  const lifecycle = await page.context().newCDPSession(page)
  await lifecycle.send('Page.setWebLifecycleState', { state: 'frozen' })
  await lifecycle.send('Page.setWebLifecycleState', { state: 'active' })
  await page.waitForFunction(
    (changed) => globalThis.hypercore.snapshots().some(({ automatic, time }) => automatic && time > changed),
    changed,
    { timeout: PATIENCE },
  )
  await page.reload()
  await untilReady(page, ['primary'])
  expect(await asked(page)).toBe(0)
  await page.evaluate(() => globalThis.hypercore.focus('primary'))
  await typeLine(page, 'later is $later')
  await untilShown(page, 'primary', /^marker is kept, later is also$/m)
  expect(complaints).toEqual([])
})
