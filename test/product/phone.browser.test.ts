import { expect, test } from 'vitest'
import { openMachine, untilReady, untilShown } from './driver.ts'
import { PHONE, violations } from '../ui/harness/open-scene.ts'

test('a phone boots, switches by touch, and types on the on-screen keyboard', async () => {
  const { page } = await openMachine('', PHONE)
  await untilReady(page, ['primary', 'management'])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await page.getByRole('button', { name: 'Switcher' }).tap()
  await page.getByRole('dialog').getByText('Management').first().tap()
  await page.getByRole('button', { name: 'On-screen keyboard' }).tap()
  await page.locator('[data-stage]').tap({ position: { x: 150, y: 400 } })
  await page.keyboard.type('cat')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^Ctrl|Control/ }).tap()
  await page.keyboard.type('c')
  await untilShown(page, 'management', /\^C/)
  expect(await violations(page)).toEqual([])
})
