/** The firmware on a fake platform, with a terminal beside it: keys go in, and what the screen says comes out. */

import {
  Firmware,
  type FirmwareKey,
  type FirmwareOutcome,
  type FirmwareOptions,
} from '../../src/firmware/firmware.ts'
import type { HandOff } from '../../src/protocol/hand-off.ts'
import { allGoldensOf, FakePlatform, makeFlash, manifestOf, type Flash } from './fake-platform.ts'

export type Machine = {
  readonly firmware: Firmware
  readonly platform: FakePlatform
  readonly outcome: Promise<FirmwareOutcome>
  /** What it announced to whoever makes guests ready. */
  readonly bootable: readonly HandOff[]
  /** Everything sent to the terminal. */
  readonly output: () => string
  readonly keys: (...keys: readonly FirmwareKey[]) => void
  /** Resolves with the screen's text once it matches; a screen that never does fails the test by its timeout. */
  readonly until: (pattern: RegExp) => Promise<string>
}

export function machineOf(
  flash: Flash = makeFlash(),
  prepare: (platform: FakePlatform) => void = () => {},
  bootOverride?: FirmwareOptions['bootOverride'],
  manifest: unknown = manifestOf(flash),
  goldens: unknown = allGoldensOf(flash),
  weights: FirmwareOptions['weights'] = {},
): Machine {
  const platform = new FakePlatform(flash.files)
  prepare(platform)
  let output = ''
  const waiting = new Set<() => void>()
  const bootable: HandOff[] = []
  const firmware = new Firmware(platform, manifest, goldens, {
    ...(bootOverride === undefined ? {} : { bootOverride }),
    weights,
    onOutput: (ansi) => {
      output += ansi
      for (const look of waiting) look()
    },
    onBootable: (handOff) => bootable.push(handOff),
  })
  return {
    firmware,
    platform,
    outcome: firmware.run(),
    bootable,
    output: () => output,
    keys: (...keys) => {
      for (const key of keys) firmware.key(key)
    },
    until: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          const text = firmware.text()
          if (!pattern.test(text)) return
          waiting.delete(look)
          resolve(text)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** The screen's row that contains `words`, or an empty one. */
export function rowWith(text: string, words: string): string {
  return text.split('\n').find((row) => row.includes(words)) ?? ''
}

/** Times of the machine's clock, which vary with the order of events, blotted out. */
export function withoutTimes(text: string): string {
  return text.replace(/[\d,.]+ (?:ms|s)\b/g, 'N ms')
}
