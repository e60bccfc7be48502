/** Opens the console: React and the stage, in a script of their own that loads while the firmware tests itself. */

import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import type { AppProps } from './app-props.ts'
import { fitFirst } from '../state/first-fit.ts'
import { StageController } from './stage/stage-controller.ts'
import { loadTerminalFont } from './stage/terminal-host.ts'

/** What the console draws with: to be fetched while there is time. */
export function loadFonts({ preferences }: Pick<AppProps, 'preferences'>): void {
  void loadTerminalFont(preferences.getState().fontSize)
}

export function openConsole(root: Element, props: Omit<AppProps, 'stage'>): void {
  const stage = new StageController(props.seat, props.preferences)
  const { seat } = props
  fitFirst(
    {
      store: seat.store,
      display: (id) => seat.display(id),
      // It may end in this very moment, and keeps the size that it has.
      resize: (id, size) => void seat.call('setScreenSize', { id, size }).catch(() => undefined),
    },
    () => stage.room(),
  )
  createRoot(root).render(<App {...props} stage={stage} />)
}
