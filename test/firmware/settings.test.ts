import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  defaultSettings,
  fitSettings,
  memoryBudgetMiB,
  memoryInUseMiB,
  memoryShortage,
  type Appliance,
} from '../../src/firmware/settings.ts'
import type { FirmwareSettings } from '../../src/protocol/hand-off.ts'

const FIVE: readonly Appliance[] = [
  { appliance: 'primary', ramMiB: 96 },
  { appliance: 'web', ramMiB: 128 },
  { appliance: 'messaging', ramMiB: 64 },
  { appliance: 'management', ramMiB: 48 },
  { appliance: 'vault', ramMiB: 64 },
]

const stored: fc.Arbitrary<FirmwareSettings> = fc.record({
  bootOrder: fc.array(fc.constantFrom('hyperspace' as const, 'primary' as const), { maxLength: 4 }),
  bootDelayMs: fc.integer({ min: 0, max: 0xffff }),
  quietBoot: fc.boolean(),
  firstScreen: fc.constantFrom('primary', 'web', 'gone', ''),
  relayUrl: fc.constantFrom('', 'ws://127.0.0.1:6001/', 'wss://relay.example/', 'ws://relay.example/', 'x'),
  appliances: fc.dictionary(
    fc.constantFrom('primary', 'web', 'messaging', 'management', 'vault', 'gone', 'constructor'),
    fc.record({
      start: fc.boolean(),
      memoryMiB: fc.integer({ min: 0, max: 0xffff }),
      capPercent: fc.integer({ min: 0, max: 255 }),
      weight: fc.integer({ min: 0, max: 0xffff }),
    }),
    { noNullPrototype: true },
  ),
})

const budgets = fc.constantFrom(64, 512, 1_024, 2_048)

test.each([
  [undefined, 1_024],
  [0.25, 0],
  [0.5, 64],
  [1, 256],
  [2, 512],
  [4, 1_024],
  [8, 2_048],
  [32, 2_048],
])('a device of %s GiB gives its guests %i MiB', (reported, budget) => {
  expect(memoryBudgetMiB(reported)).toBe(budget)
})

test('a device that not even the smallest guest fits is told what is missing', () => {
  expect(memoryShortage(FIVE, 0.25)).toEqual({ haveMiB: 0, needMiB: 48 })
  expect(memoryShortage(FIVE, 0.5)).toBeUndefined()
  expect(memoryShortage(FIVE, undefined)).toBeUndefined()
  expect(memoryShortage([{ ramMiB: 96 }, { ramMiB: 72 }], 0.5)).toEqual({ haveMiB: 64, needMiB: 72 })
})

describe('default settings', () => {
  test('start every appliance with what it needs, primary on the screen', () => {
    const settings = defaultSettings(FIVE, 1_024)
    expect(settings).toMatchObject({
      bootOrder: ['hyperspace', 'primary'],
      bootDelayMs: 1_000,
      firstScreen: 'primary',
      relayUrl: '',
    })
    expect(Object.values(settings.appliances).every(({ start }) => start)).toBe(true)
    expect(memoryInUseMiB(settings)).toBe(400)
  })

  test('have the weight that an appliance comes with', () => {
    const { appliances } = defaultSettings(
      [{ appliance: 'primary', ramMiB: 96, weight: 200 }, ...FIVE.slice(1)],
      1_024,
    )
    expect(appliances['primary']?.weight).toBe(200)
    expect(appliances['web']?.weight).toBe(100)
  })

  test('leave off what the budget does not hold', () => {
    const settings = defaultSettings(FIVE, 240)
    const on = Object.entries(settings.appliances).flatMap(([name, { start }]) => (start ? [name] : []))
    expect(on).toEqual(['primary', 'web'])
  })
})

describe('settings fitted to a flash and a budget', () => {
  test('are within every range and within the budget, for exactly the appliances there are', () => {
    fc.assert(
      fc.property(stored, budgets, (settings, budget) => {
        const { settings: fitted, changes } = fitSettings(settings, FIVE, budget)
        expect(Object.keys(fitted.appliances)).toEqual(FIVE.map(({ appliance }) => appliance))
        expect(memoryInUseMiB(fitted)).toBeLessThanOrEqual(budget)
        expect([...fitted.bootOrder].sort()).toEqual(['hyperspace', 'primary'])
        expect(fitted.bootDelayMs).toBeLessThanOrEqual(10_000)
        expect(FIVE.map(({ appliance }) => appliance)).toContain(fitted.firstScreen)
        for (const { appliance, ramMiB } of FIVE) {
          const chosen = fitted.appliances[appliance]
          expect(chosen?.memoryMiB).toBeGreaterThanOrEqual(ramMiB)
          expect(chosen?.memoryMiB).toBeLessThanOrEqual(1_024)
          expect(chosen?.capPercent).toBeGreaterThanOrEqual(5)
          expect(chosen?.capPercent).toBeLessThanOrEqual(100)
          expect(chosen?.weight).toBeGreaterThanOrEqual(1)
          expect(chosen?.weight).toBeLessThanOrEqual(1_000)
        }
        // Whoever changes a person's settings says so.
        expect(changes.length > 0).toBe(JSON.stringify(sorted(fitted)) !== JSON.stringify(sorted(settings)))
      }),
    )
  })

  test('change no more when fitted again', () => {
    fc.assert(
      fc.property(stored, budgets, (settings, budget) => {
        const once = fitSettings(settings, FIVE, budget).settings
        expect(fitSettings(once, FIVE, budget)).toEqual({ settings: once, changes: [] })
      }),
    )
  })

  test('give up memory before an appliance, and the last appliance first', () => {
    const full = defaultSettings(FIVE, 2_048)
    const rich = {
      ...full,
      appliances: { ...full.appliances, web: { start: true, memoryMiB: 512, capPercent: 100, weight: 100 } },
    }
    const roomy = fitSettings(rich, FIVE, 512)
    expect(roomy.settings.appliances['web']?.memoryMiB).toBe(240)
    expect(Object.values(roomy.settings.appliances).every(({ start }) => start)).toBe(true)

    const tight = fitSettings(rich, FIVE, 300)
    expect(tight.settings.appliances['web']).toMatchObject({ start: true, memoryMiB: 128 })
    expect(tight.settings.appliances['vault']).toMatchObject({ start: false })
    expect(tight.changes.join(' ')).toContain('Vault does not start')
  })
})

/** The same settings with the appliances in one order, for comparison. */
function sorted(settings: FirmwareSettings): unknown {
  return { ...settings, appliances: Object.entries(settings.appliances).sort(([a], [b]) => (a < b ? -1 : 1)) }
}
