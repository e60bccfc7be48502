/** The whole console: what fills the page, from the firmware's screen to the shell. */

import '@fontsource-variable/inter/opsz.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './theme.css'
import './base.css'
import { useEffect } from 'react'
import { useStore } from 'zustand'
import { assertNever } from '../base/assert.ts'
import type { AppProps, Screen } from './app-props.ts'
import { BootScreen } from './boot/BootScreen.tsx'
import { Elsewhere, TakenOver } from './pages/Elsewhere.tsx'
import { Unsupported } from './pages/Unsupported.tsx'
import { Shell } from './shell/Shell.tsx'
import { SeatProvider } from './stage/seat-context.tsx'
import { followTheme } from './theme.ts'

export function App({ seat, stage, preferences, screen: screenStore, ...rest }: AppProps) {
  const screen = useStore(screenStore)
  useEffect(() => followTheme(preferences), [preferences])
  return (
    <SeatProvider seat={seat} stage={stage} preferences={preferences}>
      <Shown screen={screen} {...rest} />
    </SeatProvider>
  )
}

type ShownProps = Omit<AppProps, 'seat' | 'stage' | 'preferences' | 'screen'> & { readonly screen: Screen }

function Shown({ screen, embed, restart, version, standaloneUrl }: ShownProps) {
  switch (screen.kind) {
    case 'unsupported':
      return <Unsupported why={screen.why} />
    case 'elsewhere':
      return <Elsewhere takeOver={screen.takeOver} startSecond={screen.startSecond} />
    case 'taken-over':
      return <TakenOver />
    case 'firmware':
      return <BootScreen view={screen.view} />
    case 'shell':
      return <Shell embed={embed} restart={restart} version={version} standaloneUrl={standaloneUrl} />
    default:
      return assertNever(screen)
  }
}
