/** Opens the console: React and the stage, in a script of their own that loads while the firmware tests itself. */

import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import type { AppProps } from './app-props.ts'
import { browserEnvironment } from '../state/page-environment.ts'
import { followStage } from '../state/screen-size.ts'
import { StageController } from './stage/stage-controller.ts'
import { loadTerminalFont } from './stage/terminal-host.ts'

/** What the console draws with: to be fetched while there is time. */
export function loadFonts({ preferences }: Pick<AppProps, 'preferences'>): void {
  void loadTerminalFont(preferences.getState().fontSize)
}

/** The stage, and the graphical guests' screens with its size. */
export function openStage({ seat, preferences }: Pick<AppProps, 'seat' | 'preferences'>): StageController {
  const stage = new StageController(seat, preferences)
  followStage(
    {
      store: seat.store,
      screen: (id) => seat.display(id)?.screen,
      // It may end in this very moment, and has the size at its next start.
      resize: (id, size) => void seat.call('setScreenSize', { id, size }).catch(() => undefined),
    },
    stage,
    browserEnvironment(),
  )
  return stage
}

export function openConsole(root: Element, props: Omit<AppProps, 'stage'>): void {
  createRoot(root).render(<App {...props} stage={openStage(props)} />)
}
