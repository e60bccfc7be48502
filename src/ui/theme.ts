/** Puts the person's theme and motion choice, or the system's, on the root element, where theme.css reads them. */

import { Disposables, type Dispose } from '../base/disposables.ts'
import type { PreferencesStore } from '../state/preferences.ts'

/** Keeps `data-theme` and `data-motion` of the root in step with preferences and system. */
export function followTheme(
  preferences: PreferencesStore,
  root: HTMLElement = document.documentElement,
): Dispose {
  const light = matchMedia('(prefers-color-scheme: light)')
  const reduce = matchMedia('(prefers-reduced-motion: reduce)')

  const apply = () => {
    const { theme, reducedMotion } = preferences.getState()
    root.dataset['theme'] = theme === 'system' ? (light.matches ? 'light' : 'dark') : theme
    root.dataset['motion'] =
      reducedMotion === 'system' ? (reduce.matches ? 'reduce' : 'allow') : reducedMotion
  }

  const disposables = new Disposables()
  for (const query of [light, reduce]) {
    query.addEventListener('change', apply)
    disposables.add(() => query.removeEventListener('change', apply))
  }
  disposables.add(preferences.subscribe(apply))
  apply()
  return () => disposables.dispose()
}
