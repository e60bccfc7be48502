/** A person's choices about the page itself, kept in localStorage where the browser grants it, else for this visit. */

import * as v from 'valibot'
import { createStore, type StoreApi } from 'zustand/vanilla'

export const FONT_SIZES = { min: 8, max: 32, default: 14 } as const

const KEY = 'hyperspace.preferences'

/** Each field falls back alone: one bad value does not cost a person the others. */
const PreferencesSchema = v.object({
  theme: v.fallback(v.picklist(['system', 'light', 'dark']), 'system'),
  /** Of terminals, CSS pixels. */
  fontSize: v.fallback(
    v.pipe(v.number(), v.integer(), v.minValue(FONT_SIZES.min), v.maxValue(FONT_SIZES.max)),
    FONT_SIZES.default,
  ),
  /** Ids of hints that were dismissed. */
  hintsSeen: v.fallback(v.array(v.pipe(v.string(), v.maxLength(64))), []),
  reducedMotion: v.fallback(v.picklist(['system', 'reduce', 'allow']), 'system'),
  /** Ids of domains that hibernate when the page is left. */
  hibernating: v.fallback(v.array(v.pipe(v.string(), v.maxLength(32))), []),
  /** xterm.js mirrors its rows for screen readers; it costs speed, so it is asked for. */
  screenReader: v.fallback(v.boolean(), false),
  /** The management guest may change what the stage shows (`hv focus`); never while the vault is in front. */
  guestsSwitch: v.fallback(v.boolean(), true),
})

export type Preferences = Readonly<v.InferOutput<typeof PreferencesSchema>>
export type PreferencesStore = StoreApi<Preferences>

type PreferencesStorage = Pick<Storage, 'getItem' | 'setItem'>

/** Reads what is stored and keeps it up to date with every `setState`. */
export function createPreferences(storage: PreferencesStorage | undefined = findStorage()): PreferencesStore {
  const store = createStore<Preferences>(() => read(storage))
  store.subscribe((preferences) => write(storage, preferences))
  return store
}

export function clampFontSize(size: number): number {
  return Math.round(Math.min(FONT_SIZES.max, Math.max(FONT_SIZES.min, size)))
}

/** The property access itself throws where a browser forbids storage. */
function findStorage(): PreferencesStorage | undefined {
  try {
    return globalThis.localStorage
  } catch {
    return undefined
  }
}

function read(storage: PreferencesStorage | undefined): Preferences {
  const parsed = v.safeParse(PreferencesSchema, stored(storage))
  return parsed.success ? parsed.output : v.parse(PreferencesSchema, {})
}

function stored(storage: PreferencesStorage | undefined): unknown {
  try {
    return JSON.parse(storage?.getItem(KEY) ?? '{}')
  } catch {
    return {}
  }
}

function write(storage: PreferencesStorage | undefined, preferences: Preferences): void {
  try {
    storage?.setItem(KEY, JSON.stringify(preferences))
  } catch {
    // Full or forbidden: the choice holds for this visit, and nothing else depends on it.
  }
}
