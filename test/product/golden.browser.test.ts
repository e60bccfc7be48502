import { expect, test } from 'vitest'
import { followLink, goBack, typeAddress, untilDrawn, untilLike } from './browsing.ts'
import { openMachine, PATIENCE, typeLine, untilReady, untilShown } from './driver.ts'

const GOLDEN = /\/management-[^/]*\.golden\.bin$/

test('appliances resume from the golden snapshots of the build and answer what a person types', async () => {
  const packed = new Map<string, string | undefined>()
  const { page, complaints } = await openMachine('', {}, async (page) =>
    page.on('response', (response) => {
      const file = /[^/]*\.(?:golden|sqfs)\.bin$/.exec(response.url())?.[0]
      if (file !== undefined) packed.set(file, response.headers()['content-encoding'])
    }),
  )
  await untilReady(page, ['primary', 'web', 'messaging', 'management', 'vault'])
  // Packed files come as they are: a server that packs them once more keeps everybody waiting.
  expect(packed.size).toBe(10)
  expect(new Set(packed.values())).toEqual(new Set([undefined]))
  const { goldens, refused, origins } = await page.evaluate(() => {
    const handOff = globalThis.hypercore.handOff()
    return {
      goldens: handOff?.goldens.map(({ appliance, stage }) => `${appliance} ${stage}`),
      refused: handOff?.refusedGoldens,
      origins: Object.fromEntries(globalThis.hypercore.domains().map(({ id, origin }) => [id, origin?.kind])),
    }
  })
  // On a first visit, with blank disks, every one at its first screen.
  const all = ['primary', 'web', 'messaging', 'management', 'vault']
  expect(goldens).toEqual(all.map((name) => `${name} ready`))
  expect(refused).toEqual([])
  expect(origins).toEqual(Object.fromEntries(all.map((name) => [name, 'golden'])))
  await untilShown(page, 'primary', /a small Linux on a simulated PC/)
  await typeLine(page, 'echo of the first visit > /root/file; sync; echo synced-$((6 * 7))')
  await untilShown(page, 'primary', /^synced-42$/m)
  await page.keyboard.press('Control+Alt+3')
  await untilShown(page, 'messaging', /has joined #lobby/)
  await typeLine(page, '/nick lovelace')
  await untilShown(page, 'messaging', /now known as lovelace/)
  await typeLine(page, 'remember this evening')
  await untilShown(page, 'messaging', /lovelace> remember this evening/)
  await typeLine(page, '/exec sync; echo kept | tr a-z A-Z')
  await untilShown(page, 'messaging', /KEPT/)
  await page.keyboard.press('Control+Alt+5')
  await untilShown(page, 'vault', /no vault yet/)

  await page.keyboard.press('Control+Alt+4')
  await typeLine(page, 'echo year $(date +%Y) of $(hostname)')
  await untilShown(page, 'management', new RegExp(`year ${new Date().getFullYear()} of management`))
  // Nobody resets a guest to find it in the state it was in: this one boots.
  await page.evaluate(() => globalThis.hypercore.reset('management'))
  await untilReady(page, ['management'])
  const origin = await page.evaluate(
    () => globalThis.hypercore.domains().find(({ id }) => id === 'management')?.origin,
  )
  expect(origin).toEqual({ kind: 'boot' })

  // What was written has made the primary's disk its own: now it resumes before it looks at that disk.
  await page.reload()
  await untilReady(page, ['primary'])
  const stages = await page.evaluate(() =>
    globalThis.hypercore.handOff()?.goldens.map(({ appliance, stage }) => `${appliance} ${stage}`),
  )
  expect(stages).toEqual(expect.arrayContaining(['primary checkpoint', 'vault ready']))
  await typeLine(page, 'cat /root/file')
  await untilShown(page, 'primary', /^of the first visit$/m)
  // A name, and what was said under it.
  await untilReady(page, ['messaging'])
  await page.keyboard.press('Control+Alt+3')
  await untilShown(page, 'messaging', /lovelace> remember this evening[^]*lovelace \[~\S+ has joined #lobby/)
  expect(complaints).toEqual([])
})

test('a new identity of the browser has the portal on its screen before it asks for anything, and its links work', async () => {
  const { page, complaints } = await openMachine('?boot=web&focus=web')
  await untilReady(page, ['web'])
  await page.getByRole('button', { name: 'Web: menu' }).click()
  await page.getByRole('menuitem', { name: 'New identity' }).click()
  await page.getByText('Web is a new one:').first().waitFor({ timeout: PATIENCE })
  await untilReady(page, ['web'])
  const home = await untilDrawn(page, { width: 0, grey: [] })
  const received = () => page.evaluate(() => globalThis.hypercore.stats('web')?.network.rxBytes ?? 0)
  // A lease is all that has come; the page came with the snapshot.
  expect(await received()).toBeLessThan(2000)
  // The picture is a link, to a page that comes over the new guest's own address.
  await followLink(page, { x: home.width / 2, y: 300 }, home)
  const machine = await untilDrawn(page, home)
  expect(await received()).toBeGreaterThan(10_000)
  await goBack(page)
  await untilLike(page, home)
  // The same page by its address, typed key by key.
  await typeAddress(page, 'http://portal/machine.html')
  await untilLike(page, machine)
  expect(complaints).toEqual([])
})

test('a golden snapshot that was changed is refused in POST, and its appliance boots and says why', async () => {
  const { page } = await openMachine('', {}, async (page) => {
    await page.route(GOLDEN, async (route) => {
      const response = await route.fetch()
      const body = await response.body()
      body[1000] = (body[1000] ?? 0) ^ 1
      await route.fulfill({ response, body })
    })
  })
  await untilReady(page, ['management'])
  const { post, origin } = await page.evaluate(() => ({
    post: globalThis.hypercore.handOff()?.post.find(({ id }) => id === 'golden:management'),
    origin: globalThis.hypercore.domains().find(({ id }) => id === 'management')?.origin,
  }))
  expect(post?.result).toBe('warning')
  expect(post?.detail).toContain('Management boots instead.')
  expect(origin).toMatchObject({
    kind: 'boot',
    why: 'its golden snapshot was refused: its SHA-256 is not the one that the build noted',
  })
  await page
    .getByRole('button', { name: /Management/ })
    .first()
    .hover()
  await page
    .getByText(/its golden snapshot was refused/)
    .first()
    .waitFor()
})
