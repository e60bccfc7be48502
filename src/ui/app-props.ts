/** What the composition root hands to the console: the page's side of the machine, and what the platform allows. */

import type { StoreApi } from 'zustand/vanilla'
import type { PreferencesStore } from '../state/preferences.ts'
import type { Seat } from '../state/seat.ts'
import type { StageController } from './stage/stage-controller.ts'

/** The firmware's 80 × 25 text screen, as the boot screen needs it. */
export type FirmwareView = {
  /** Output with ANSI sequences for an 80 × 25 terminal; a new listener gets the present screen first. Returns the way out. */
  subscribe(listener: (output: string) => void): () => void
  /** A key by its `KeyboardEvent.key` name: “F2”, “Escape”, “ArrowUp”, “Enter”, “+”, “a”. */
  key(name: string): void
  /** Whether a line of text is being typed, so that pasted text has somewhere to go. */
  takesText(): boolean
  /** The screen's text, 25 lines, for people who do not see it. */
  text(): string
  /** What has the focus or was found last, as a sentence to be said: colour alone shows it on the screen. */
  spoken(): string
}

export type Unsupported =
  | { readonly kind: 'no-webassembly' }
  | { readonly kind: 'no-worker' }
  | { readonly kind: 'too-little-memory'; readonly haveMiB: number; readonly needMiB: number }
  /** Anything else that keeps the machine from coming up, in words. */
  | { readonly kind: 'failed'; readonly detail: string }

/** What fills the page. */
export type Screen =
  | { readonly kind: 'unsupported'; readonly why: Unsupported }
  /** The machine runs in another tab of this browser. */
  | { readonly kind: 'elsewhere'; readonly takeOver: () => void; readonly startSecond: () => void }
  /** Another tab took the machine over; this one has stopped. */
  | { readonly kind: 'taken-over' }
  /** The firmware has the screen; also where it halted and shows why. */
  | { readonly kind: 'firmware'; readonly view: FirmwareView }
  | { readonly kind: 'shell' }

export type ScreenStore = StoreApi<Screen>

export type RestartTarget = 'machine' | 'setup'

export type AppProps = {
  readonly seat: Seat
  readonly stage: StageController
  readonly preferences: PreferencesStore
  /** Owned by main.tsx, which sets it as the machine goes from firmware to shell. */
  readonly screen: ScreenStore
  /** Starts the whole machine again, into its firmware's setup where wanted. */
  readonly restart: (into: RestartTarget) => void
  /** `?embed`: no chrome but the frame, its label and a small menu. */
  readonly embed: boolean
  /** Of the product, shown under About. */
  readonly version: string
  /** Address of the page without `?embed`, for “open in a tab of its own”. */
  readonly standaloneUrl: string | undefined
}
