/** The boot menu (F12): the boot path of this once; the stored order stays as it is. */

import { assertNever } from '../base/assert.ts'
import type { BootPath, FirmwareSettings, RefusedVolume } from '../protocol/hand-off.ts'
import type { FirmwareKey } from './keys.ts'
import { drawPopup, popupKey, speakPopup, type Popup } from './popup.ts'
import type { TextScreen } from './text-screen.ts'

export type BootMenuResult =
  | { readonly kind: 'boot'; readonly path: BootPath }
  | { readonly kind: 'setup' }
  | { readonly kind: 'cancelled' }

const ENTRIES = ['hyperspace', 'primary', 'setup'] as const

const KEYS = ['↑ and ↓ move, Enter boots', 'Esc boots by the stored order'] as const

/** How each boot path is called on every screen. */
export const BOOT_PATH_NAMES: Readonly<Record<BootPath, string>> = {
  hyperspace: 'HyperSpace',
  primary: 'Primary only',
}

/** Why a boot path has nothing to start, as far as POST knows by now; undefined where it has. */
export function unavailable(
  path: BootPath,
  settings: FirmwareSettings,
  refused: readonly RefusedVolume[],
): string | undefined {
  switch (path) {
    case 'hyperspace':
      return undefined
    case 'primary':
      if (settings.appliances['primary'] === undefined) return 'not in flash'
      return refused.some(({ appliance }) => appliance === 'primary') ? 'refused by POST' : undefined
    default:
      return assertNever(path)
  }
}

export class BootMenu {
  readonly #why: (path: BootPath) => string | undefined
  #index: number

  /** `preselected` is where the bar stands first; `why` answers why a path cannot be taken. */
  constructor(preselected: BootPath, why: (path: BootPath) => string | undefined) {
    this.#why = why
    this.#index = ENTRIES.indexOf(preselected)
  }

  key(key: FirmwareKey): BootMenuResult | undefined {
    if (key === 'F2') return { kind: 'setup' }
    const step = popupKey(this.#popup(), key)
    switch (step.kind) {
      case 'open':
        if (step.popup.kind === 'list') this.#index = step.popup.index
        return undefined
      case 'cancelled':
        return { kind: 'cancelled' }
      case 'chosen': {
        const entry = ENTRIES[step.index]
        if (entry === 'setup') return { kind: 'setup' }
        return entry === undefined || this.#why(entry) !== undefined
          ? undefined
          : { kind: 'boot', path: entry }
      }
      case 'answered':
      case 'entered':
        return undefined
      default:
        return assertNever(step)
    }
  }

  draw(screen: TextScreen): void {
    drawPopup(screen, this.#popup())
  }

  spoken(): string {
    return speakPopup(this.#popup())
  }

  #popup(): Popup {
    const items = ENTRIES.map((entry) =>
      entry === 'setup'
        ? { label: 'Enter Setup', remark: '' }
        : { label: BOOT_PATH_NAMES[entry], remark: this.#why(entry) ?? '' },
    )
    return { kind: 'list', title: 'Boot Menu', items, index: this.#index, footer: KEYS }
  }
}
