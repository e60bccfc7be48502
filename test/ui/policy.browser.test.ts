import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { useScenes } from './harness/open-scene.ts'

const open = useScenes()

const calls = (page: Page) =>
  page.evaluate(() => window.harness.machine.calls.filter(({ name }) => /policy|consent/i.test(name)))

async function openPolicy(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Policy' }).click()
}

async function askSecret(page: Page): Promise<void> {
  await page.evaluate(() => {
    const flow = { source: 'primary', destination: 'vault', service: 'secret' }
    const times = { askedAt: Date.now(), expiresAt: Date.now() + 60_000 }
    window.harness.machine.consents([{ id: 7, ...flow, words: 'the secret “mail”', line: 20, ...times }])
  })
  await page.getByRole('dialog', { name: 'May this cross?' }).waitFor()
}

/** Past the moment in which what is pressed was meant for the guest. */
const notice = (page: Page) =>
  page.evaluate(async () => {
    const start = performance.now()
    while (performance.now() - start < 650) await new Promise(requestAnimationFrame)
  })

test('the policy is edited as a table, takes effect when applied, and says so', async () => {
  const { page } = await open('scene=shell')
  await openPolicy(page)
  await page.getByText('In force.').waitFor()
  const service = page.getByLabel('Service, line 9')
  await service.fill('gopher')
  expect(await service.getAttribute('aria-invalid')).toBe('true')
  expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true)
  await service.fill('tcp/70')
  await page.getByLabel('Verdict, line 9').selectOption('deny')
  await page.getByText('Changed, and not in force yet.').waitFor()
  await page.getByRole('button', { name: 'Move line 9 up' }).click()
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('In force.').waitFor()
  const text = await page.evaluate(() => window.harness.seat.policy.store.getState().text)
  expect(text.split('\n')[7]).toMatch(/^linked +gateway +tcp\/70 +deny$/)
  expect(await calls(page)).toMatchObject([{ name: 'setPolicy' }])
})

test('a line that is added stands before the one that denies everything', async () => {
  const { page } = await open('scene=shell')
  await openPolicy(page)
  const rows = page.getByRole('table').getByRole('row')
  const before = await rows.count()
  await page.getByRole('button', { name: 'Add a line' }).click()
  expect(await rows.count()).toBe(before + 1)
  expect(
    await rows
      .nth(before - 1)
      .getByRole('combobox')
      .first()
      .inputValue(),
  ).toBe('primary')
  expect(await rows.nth(before).getByRole('combobox').first().inputValue()).toBe('*')
})

test('the text is checked as it is typed, and what is wrong cannot be applied', async () => {
  const { page } = await open('scene=shell')
  await openPolicy(page)
  await page.getByRole('button', { name: 'Text' }).click()
  const text = page.getByRole('textbox', { name: 'Policy' })
  await text.fill('web portal http allow\nweb internet http perhaps\nprimry portal http allow')
  await page.getByText(/Line 2, column 19/).waitFor()
  expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true)
  await text.fill('web portal http allow\nprimry portal http allow')
  await page.getByText('Line 2: there is no “primry” at present.').waitFor()
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('In force.').waitFor()
  await page.getByRole('button', { name: 'Default policy' }).click()
  expect(await text.inputValue()).toContain('zone linked')
})

test('a question names both sides; Enter and Escape deny, and only a button allows', async () => {
  const { page } = await open('scene=shell')
  await askSecret(page)
  const dialog = page.getByRole('dialog', { name: 'May this cross?' })
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Deny')
  expect(await dialog.textContent()).toMatch(/FromPrimary.*ToVault.*the secret “mail”.*line 20/)
  // What a person was typing in a guest when the question came.
  await page.keyboard.press('Enter')
  expect(await calls(page)).toEqual([])
  await notice(page)
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await askSecret(page)
  await notice(page)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await askSecret(page)
  await notice(page)
  await page.getByRole('button', { name: 'Allow once' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect((await calls(page)).map(({ args }) => args)).toEqual([
    { id: 7, answer: 'deny' },
    { id: 7, answer: 'deny' },
    { id: 7, answer: 'once' },
  ])
})

test('denials are counted in the menu and listed by line', async () => {
  const { page } = await open('scene=shell')
  await page.evaluate(() => {
    const row = { at: 0, line: 29, source: 'web', destination: 'primary', service: 'tcp/22' }
    window.harness.machine.decisions([{ ...row, verdict: 'deny', answered: undefined, count: 12 }], 12)
  })
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: /Policy.*12 denied/ }).click()
  await page.getByRole('button', { name: 'Decisions' }).click()
  const row = page.getByRole('row').filter({ hasText: 'tcp/22' })
  expect(await row.textContent()).toMatch(/webprimarytcp\/22deny2912$/)
})
