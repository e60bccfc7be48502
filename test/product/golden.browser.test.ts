import { expect, test } from 'vitest'
import { openMachine, typeLine, untilReady, untilShown } from './driver.ts'

const GOLDEN = /\/management-[^/]*\.golden$/

test('appliances resume from the golden snapshots of the build and answer what a person types', async () => {
  const { page, complaints } = await openMachine()
  await untilReady(page, ['web', 'management'])
  const { goldens, refused, origins } = await page.evaluate(() => {
    const handOff = globalThis.hypercore.handOff()
    return {
      goldens: handOff?.goldens.map(({ appliance }) => appliance),
      refused: handOff?.refusedGoldens,
      origins: Object.fromEntries(globalThis.hypercore.domains().map(({ id, origin }) => [id, origin?.kind])),
    }
  })
  expect(goldens).toEqual(expect.arrayContaining(['web', 'management']))
  expect(refused).toEqual([])
  expect(origins).toMatchObject({ web: 'golden', management: 'golden' })

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
