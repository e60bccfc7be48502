/** Two machines in two tabs, joined over the trunk: a chat both ways by real keys, with the person's consent. */

import type { Page } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { openMachine, PATIENCE, typeLine, untilReady, untilShown } from './driver.ts'

/** Two machines boot on the processors of one. */
vi.setConfig({ testTimeout: 600_000 })

async function startMessaging(page: Page): Promise<void> {
  await untilReady(page, ['primary'])
  await page.evaluate(() => globalThis.hypercore.start('messaging'))
  await untilReady(page, ['messaging'])
  await page.evaluate(() => globalThis.hypercore.focus('messaging'))
  await untilShown(page, 'messaging', /#lobby/)
}

async function joinTabs(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Trunk' }).click()
  await page.getByRole('checkbox', { name: /Other tabs/ }).click()
}

async function closeDialog(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
}

test('two tabs chat both ways, after the one has let the other in', async () => {
  const { page: first } = await openMachine('?boot=primary')
  await startMessaging(first)
  const second = await first.context().newPage()
  await second.goto(first.url())
  await second.getByRole('button', { name: /second machine/i }).click()
  await startMessaging(second)

  await joinTabs(first)
  await joinTabs(second)
  const name = second.getByText(/^messaging\.m\d+$/)
  await name.waitFor({ timeout: PATIENCE })
  const host = (await name.textContent()) ?? ''
  await closeDialog(first)
  await closeDialog(second)

  await second.bringToFront()
  await second.evaluate(() => globalThis.hypercore.focus('messaging'))
  // The window that a connection speaks in.
  await typeLine(second, '/window 1')
  await typeLine(second, `/server connect ${host}`)
  const question = first.getByRole('dialog', { name: 'May this cross?' })
  await question.waitFor({ timeout: PATIENCE })
  expect(await question.textContent()).toMatch(/Other machines.*Messaging/)
  await first.bringToFront()
  await expect
    .poll(
      async () => {
        await question
          .getByRole('button', { name: 'Allow this session' })
          .click({ timeout: 1000 })
          .catch(() => undefined)
        return question.count()
      },
      { timeout: PATIENCE },
    )
    .toBe(0)

  await second.bringToFront()
  await untilShown(second, 'messaging', /Welcome to|Connection to messaging\.m\d+ established/i)
  await typeLine(second, '/join #lobby')
  await untilShown(second, 'messaging', /Total of 2 nicks/)
  await typeLine(second, 'good evening from the other tab')
  await first.bringToFront()
  await untilShown(first, 'messaging', /good evening from the other tab/)
  await first.evaluate(() => globalThis.hypercore.focus('messaging'))
  await typeLine(first, 'and back to you')
  await second.bringToFront()
  await untilShown(second, 'messaging', /and back to you/)

  const log = await first.evaluate(() => globalThis.hypercore.policy.log())
  expect(log).toContainEqual(
    expect.objectContaining({ source: 'trunk', destination: 'messaging', answered: 'session' }),
  )
})

test('two browsers are joined by two codes, without a server', async () => {
  const { page: first } = await openMachine('?boot=primary')
  const { page: second } = await openMachine('?boot=primary')
  await untilReady(first, ['primary'])
  await untilReady(second, ['primary'])
  for (const page of [first, second]) {
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Trunk' }).click()
  }
  await first.getByRole('button', { name: 'Make an invitation' }).click()
  const invitation = await first.getByLabel('Your invitation').inputValue({ timeout: PATIENCE })
  await second
    .getByLabel('The other person’s code')
    .fill(`${invitation.slice(0, 60)}\n${invitation.slice(60)}`)
  await second.getByRole('button', { name: 'Use this code' }).click()
  const answer = await second.getByLabel('Your answer').inputValue({ timeout: PATIENCE })
  await first.getByLabel('The other person’s code').fill(answer.slice(0, -20))
  await first.getByRole('button', { name: 'Use this code' }).click()
  await first.getByText(/damaged|does not accept/).waitFor()
  await first.getByLabel('The other person’s code').fill(answer)
  await first.getByRole('button', { name: 'Use this code' }).click()
  await first.getByText(/^primary\.m\d+$/).waitFor({ timeout: PATIENCE })
  const name = second.getByText(/^primary\.m\d+$/)
  await name.waitFor({ timeout: PATIENCE })
  expect(await second.getByText('1 connected').count()).toBe(1)

  // Joined is not let in: by the default policy the one does not even learn where the other is.
  const host = (await name.textContent()) ?? ''
  for (const page of [first, second]) await closeDialog(page)
  await second.bringToFront()
  await second.evaluate(() => globalThis.hypercore.focus('primary'))
  await typeLine(second, `clear; ping -c 1 ${host}`)
  await untilShown(second, 'primary', /bad address/)
  for (const page of [first, second])
    await page.evaluate(async () => {
      const { policy } = globalThis.hypercore
      const ping = { service: 'icmp', verdict: 'allow' } as const
      await policy.set([
        { source: 'primary', destination: 'trunk', ...ping },
        { source: 'trunk', destination: 'primary', ...ping },
        ...policy.rules(),
      ])
    })
  await typeLine(second, `clear; ping -c 3 ${host}`)
  await untilShown(second, 'primary', /\b[1-3] packets received/)
  await expect
    .poll(() => first.evaluate(() => globalThis.hypercore.policy.log()), { timeout: PATIENCE })
    .toContainEqual(
      expect.objectContaining({ source: 'trunk', destination: 'primary', service: 'icmp', verdict: 'allow' }),
    )
})
