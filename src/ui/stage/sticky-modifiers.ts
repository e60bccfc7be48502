/** Modifiers of the on-screen keyboard: a tap holds one for the next key, a second tap until it is tapped again. */

import { createStore, type StoreApi } from 'zustand/vanilla'
import type { KeyModifiers } from '../../state/keyboard.ts'

export type StickyState = 'off' | 'once' | 'held'
export type ModifierName = keyof KeyModifiers
export type StickyModifiers = Readonly<Record<ModifierName, StickyState>>
export type StickyStore = StoreApi<StickyModifiers>

const NEXT: Readonly<Record<StickyState, StickyState>> = { off: 'once', once: 'held', held: 'off' }

export function createStickyModifiers(): StickyStore {
  return createStore<StickyModifiers>(() => ({ control: 'off', alt: 'off', shift: 'off' }))
}

export function tapModifier(store: StickyStore, name: ModifierName): void {
  store.setState((state) => ({ [name]: NEXT[state[name]] }))
}

export function modifiersDown(store: StickyStore): KeyModifiers | undefined {
  const { control, alt, shift } = store.getState()
  if (control === 'off' && alt === 'off' && shift === 'off') return undefined
  return { control: control !== 'off', alt: alt !== 'off', shift: shift !== 'off' }
}

/** A key was pressed with them: what held for one key is over. */
export function spendModifiers(store: StickyStore): void {
  const { control, alt, shift } = store.getState()
  const spent = (state: StickyState): StickyState => (state === 'once' ? 'off' : state)
  store.setState({ control: spent(control), alt: spent(alt), shift: spent(shift) })
}
