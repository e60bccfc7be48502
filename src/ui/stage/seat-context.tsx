/** The seat, the stage and the preferences for React. */

import { createContext, useContext, useMemo, type ReactNode } from 'react'
import { useStore } from 'zustand'
import type { MachineState } from '../../state/machine-store.ts'
import type { Preferences, PreferencesStore } from '../../state/preferences.ts'
import type { Seat } from '../../state/seat.ts'
import type { StageController } from './stage-controller.ts'

type SeatContextValue = {
  readonly seat: Seat
  readonly stage: StageController
  readonly preferences: PreferencesStore
}

const SeatContext = createContext<SeatContextValue | undefined>(undefined)

type SeatProviderProps = SeatContextValue & { readonly children: ReactNode }

export function SeatProvider({ seat, stage, preferences, children }: SeatProviderProps) {
  const value = useMemo(() => ({ seat, stage, preferences }), [seat, stage, preferences])
  return <SeatContext value={value}>{children}</SeatContext>
}

function useSeatContext(): SeatContextValue {
  const value = useContext(SeatContext)
  if (value === undefined) throw new Error('this component needs a SeatProvider above it')
  return value
}

export function useSeat(): Seat {
  return useSeatContext().seat
}

export function useStage(): StageController {
  return useSeatContext().stage
}

/** Renders again when what `selector` answers is another value; wrap it in useShallow where it builds one. */
export function useMachine<T>(selector: (state: MachineState) => T): T {
  return useStore(useSeatContext().seat.store, selector)
}

export function usePreferencesStore(): PreferencesStore {
  return useSeatContext().preferences
}

export function usePreferences<T>(selector: (preferences: Preferences) => T): T {
  return useStore(useSeatContext().preferences, selector)
}
