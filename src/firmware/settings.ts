/**
 * The firmware's settings: their defaults for the appliances in flash, their ranges, and the memory budget that all
 * guests share.
 */

import type { ApplianceSettings, BootPath, FirmwareSettings } from '../protocol/hand-off.ts'
import { capitalised, grouped, seconds } from './words.ts'

/** What settings need to know of an appliance's volume. */
export type Appliance = {
  readonly appliance: string
  /** The least it runs with, and what it gets by default. */
  readonly ramMiB: number
  /** Its share of a busy processor by default, relative to the others'. */
  readonly weight?: number | undefined
}

export const BOOT_DELAY_STEP_MS = 500
export const BOOT_DELAY_MAX_MS = 10_000
const DEFAULT_BOOT_DELAY_MS = 1_000

export const MEMORY_STEP_MIB = 16
/** What one guest may be given. More would take the browser's own share on most machines. */
export const MEMORY_MAX_MIB = 1_024

export const CAP_MIN_PERCENT = 5
export const CAP_STEP_PERCENT = 5
export const CAP_MAX_PERCENT = 100

export const WEIGHTS: readonly number[] = [10, 25, 50, 75, 100, 150, 200, 300, 500, 750, 1_000]
const WEIGHT_MAX = 1_000
const DEFAULT_WEIGHT = 100

/** Where `npm run relay` listens (src/relay/main.mjs). */
export const LOOPBACK_RELAY_URL = 'ws://127.0.0.1:6001/'

export const RELAY_URL_LIMIT = 200

/** Why an address is none of a relay, in words; undefined: it is one. Encrypted, or on this computer: a relay sees what the guests send. */
export function relayUrlProblem(untrustedText: string): string | undefined {
  if (untrustedText.length > RELAY_URL_LIMIT) return `An address has at most ${RELAY_URL_LIMIT} characters.`
  if (!URL.canParse(untrustedText))
    return 'That is no address. One looks like wss://relay.example/ or ws://127.0.0.1:6001/.'
  const { protocol, hostname, hash, username, password } = new URL(untrustedText)
  if (protocol !== 'wss:' && protocol !== 'ws:')
    return `A relay is spoken to by wss:, or by ws: on this computer, not by ${protocol}`
  if (protocol === 'ws:' && hostname !== '127.0.0.1' && hostname !== 'localhost')
    return 'By ws: everyone on the way could read what the guests send. Use wss:, or a relay on this computer.'
  if (hash !== '' || username !== '' || password !== '')
    return 'The address of a relay has no user, no password and no #.'
  return undefined
}

const BOOT_PATHS: readonly BootPath[] = ['hyperspace', 'primary']

/**
 * What all guests together may have, in MiB. Browsers round device memory down to a power of two and many do not tell.
 * A tab that takes more than about half the machine is the first to be killed. The page with firmware, supervisor and
 * console took 170 MB of Chromium's renderer, its five guests with 256 MiB between them another 270; one that has been
 * at work for long takes 25 to 70 MB beyond its RAM, and one of 96 MiB was seen with 100 to 170.
 *
 * | reported  | budget | half of it, less the page                                   |
 * |-----------|--------|-------------------------------------------------------------|
 * | ≤ 256 MiB |      0 | the page alone takes more                                   |
 * | ≤ 512 MiB |     64 | 86 MB: one of the larger guests                             |
 * | ≤ 1 GiB   |    256 | 340 MB: what is shipped, and nothing beside it              |
 * | ≤ 2 GiB   |    512 |                                                             |
 * | < 8 GiB   |  1,024 |                                                             |
 * | ≥ 8 GiB   |  2,048 |                                                             |
 * | not told  |  1,024 |                                                             |
 */
export function memoryBudgetMiB(deviceMemoryGiB: number | undefined): number {
  if (deviceMemoryGiB === undefined) return 1_024
  if (deviceMemoryGiB <= 0.25) return 0
  if (deviceMemoryGiB <= 0.5) return 64
  if (deviceMemoryGiB <= 1) return 256
  if (deviceMemoryGiB <= 2) return 512
  return deviceMemoryGiB < 8 ? 1_024 : 2_048
}

/** On a device where not even one guest fits: what the smallest needs, and what there is for it, in MiB. */
export function memoryShortage(
  appliances: readonly Pick<Appliance, 'ramMiB'>[],
  deviceMemoryGiB: number | undefined,
): { readonly haveMiB: number; readonly needMiB: number } | undefined {
  const haveMiB = memoryBudgetMiB(deviceMemoryGiB)
  const needMiB = Math.min(...appliances.map(({ ramMiB }) => ramMiB))
  return needMiB <= haveMiB ? undefined : { haveMiB, needMiB }
}

/** Memory of the appliances that start, in MiB. */
export function memoryInUseMiB(settings: FirmwareSettings): number {
  return Object.values(settings.appliances).reduce(
    (sum, appliance) => sum + (appliance.start ? appliance.memoryMiB : 0),
    0,
  )
}

/** Every appliance with the memory it needs; they start in the manifest's order as far as the budget goes. */
export function defaultSettings(appliances: readonly Appliance[], budgetMiB: number): FirmwareSettings {
  let leftMiB = budgetMiB
  const chosen = appliances.map(
    ({ appliance, ramMiB, weight = DEFAULT_WEIGHT }): [string, ApplianceSettings] => {
      const start = ramMiB <= leftMiB
      if (start) leftMiB -= ramMiB
      return [appliance, { start, memoryMiB: ramMiB, capPercent: CAP_MAX_PERCENT, weight }]
    },
  )
  return {
    bootOrder: BOOT_PATHS,
    bootDelayMs: DEFAULT_BOOT_DELAY_MS,
    quietBoot: false,
    firstScreen: defaultFirstScreen(chosen),
    relayUrl: '',
    appliances: Object.fromEntries(chosen),
  }
}

/** The primary, or what starts in its place where it does not fit. */
function defaultFirstScreen(appliances: readonly (readonly [string, ApplianceSettings])[]): string {
  const names = appliances.map(([name]) => name)
  const starting = appliances.flatMap(([name, { start }]) => (start ? [name] : []))
  const from = starting.length > 0 ? starting : names
  return from.includes('primary') ? 'primary' : (from[0] ?? '')
}

/**
 * Stored settings fitted to the appliances in flash and to the budget. Whatever had to be changed is told in
 * sentences; settings that need no change come back equal and without a sentence.
 */
export function fitSettings(
  untrustedSettings: FirmwareSettings,
  appliances: readonly Appliance[],
  budgetMiB: number,
): { readonly settings: FirmwareSettings; readonly changes: readonly string[] } {
  const changes: string[] = []
  const defaults = defaultSettings(appliances, budgetMiB)
  const stored = new Map(Object.entries(untrustedSettings.appliances))

  let bootOrder = untrustedSettings.bootOrder
  if (bootOrder.length !== BOOT_PATHS.length || !BOOT_PATHS.every((path) => bootOrder.includes(path))) {
    bootOrder = defaults.bootOrder
    changes.push('The boot order was incomplete; the default holds.')
  }
  const bootDelayMs = Math.min(untrustedSettings.bootDelayMs, BOOT_DELAY_MAX_MS)
  if (bootDelayMs !== untrustedSettings.bootDelayMs) {
    changes.push(`The boot delay was longer than ${seconds(BOOT_DELAY_MAX_MS)}; it is that now.`)
  }
  let { firstScreen } = untrustedSettings
  if (!appliances.some(({ appliance }) => appliance === firstScreen)) {
    firstScreen = defaults.firstScreen
    changes.push(`The first screen is not in flash; it is ${capitalised(firstScreen)} now.`)
  }
  let { relayUrl } = untrustedSettings
  if (relayUrl !== '' && relayUrlProblem(relayUrl) !== undefined) {
    relayUrl = ''
    changes.push(
      'The relay’s address is not one that is used (wss://, or ws:// on this computer); there is none now.',
    )
  }
  for (const name of stored.keys()) {
    if (!appliances.some(({ appliance }) => appliance === name)) {
      changes.push(`The settings of ${name} were dropped: it is not in flash.`)
    }
  }

  const fitted = new Map<string, ApplianceSettings>()
  for (const { appliance, ramMiB } of appliances) {
    const before = stored.get(appliance)
    if (before === undefined) {
      const added = defaults.appliances[appliance]
      if (added !== undefined) fitted.set(appliance, added)
      changes.push(`${capitalised(appliance)} is new in flash and has the default settings.`)
      continue
    }
    const after: ApplianceSettings = {
      start: before.start,
      memoryMiB: clamped(before.memoryMiB, ramMiB, Math.max(ramMiB, MEMORY_MAX_MIB)),
      capPercent: clamped(before.capPercent, CAP_MIN_PERCENT, CAP_MAX_PERCENT),
      weight: clamped(before.weight, 1, WEIGHT_MAX),
    }
    if (after.memoryMiB !== before.memoryMiB) {
      changes.push(`The memory of ${capitalised(appliance)} is ${after.memoryMiB} MiB now.`)
    }
    if (after.capPercent !== before.capPercent || after.weight !== before.weight) {
      changes.push(`The CPU limits of ${capitalised(appliance)} were out of range and are changed.`)
    }
    fitted.set(appliance, after)
  }
  fitToBudget(fitted, appliances, budgetMiB, changes)
  return {
    settings: {
      bootOrder,
      bootDelayMs,
      quietBoot: untrustedSettings.quietBoot,
      firstScreen,
      relayUrl,
      appliances: Object.fromEntries(fitted),
    },
    changes,
  }
}

/** From the last appliance on, memory goes down to what it needs; if that is not enough, appliances stay off. */
function fitToBudget(
  fitted: Map<string, ApplianceSettings>,
  appliances: readonly Appliance[],
  budgetMiB: number,
  changes: string[],
): void {
  const excess = (): number =>
    [...fitted.values()].reduce((sum, each) => sum + (each.start ? each.memoryMiB : 0), 0) - budgetMiB
  for (const { appliance, ramMiB } of appliances.toReversed()) {
    const settings = fitted.get(appliance)
    const over = excess()
    if (over <= 0) return
    if (settings === undefined || !settings.start || settings.memoryMiB <= ramMiB) continue
    const memoryMiB = Math.max(ramMiB, settings.memoryMiB - over)
    fitted.set(appliance, { ...settings, memoryMiB })
    changes.push(
      `The memory of ${capitalised(appliance)} is ${memoryMiB} MiB now: the budget has ${grouped(budgetMiB)}.`,
    )
  }
  for (const { appliance } of appliances.toReversed()) {
    const settings = fitted.get(appliance)
    if (excess() <= 0) return
    if (settings === undefined || !settings.start) continue
    fitted.set(appliance, { ...settings, start: false })
    changes.push(
      `${capitalised(appliance)} does not start: the budget of ${grouped(budgetMiB)} MiB is used up.`,
    )
  }
}

function clamped(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
