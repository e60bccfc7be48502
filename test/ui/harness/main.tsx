/** The console alone, on a machine that is none: `?scene=…&theme=light&hints&embed`. */

import { createRoot } from 'react-dom/client'
import { createStore } from 'zustand/vanilla'
import { createPreferences } from '../../../src/state/preferences.ts'
import { Seat } from '../../../src/state/seat.ts'
import { App } from '../../../src/ui/App.tsx'
import type { RestartTarget, Screen } from '../../../src/ui/app-props.ts'
import { openStage } from '../../../src/ui/console.tsx'
import { domainId, FakeMachine } from './fake-machine.ts'
import { passPackets } from './packets.ts'
import { CRASH, FakeFirmware, handOffFor, populate, screenFor } from './scenes.ts'

const query = new URLSearchParams(location.search)
const scene = query.get('scene') ?? 'shell'

const preferences = createPreferences()
if (!query.has('hints')) preferences.setState({ hintsSeen: ['machines', 'keys', 'honesty'] })
const theme = query.get('theme')
if (theme === 'light' || theme === 'dark') preferences.setState({ theme })

const seat = new Seat()
const stage = openStage({ seat, preferences })
const machine = new FakeMachine()
const firmware = new FakeFirmware()
const restarts: RestartTarget[] = []
const choices: ('take-over' | 'second')[] = []

const screen = createStore<Screen>(() =>
  screenFor(scene, firmware, {
    takeOver: () => choices.push('take-over'),
    startSecond: () => choices.push('second'),
  }),
)
if (screen.getState().kind === 'shell') {
  seat.connect(machine, handOffFor(scene))
  populate(machine, scene)
}

const root = document.querySelector('#root')
if (root === null) throw new Error('the page has no #root')
createRoot(root).render(
  <App
    seat={seat}
    stage={stage}
    preferences={preferences}
    screen={screen}
    restart={(into) => restarts.push(into)}
    embed={query.has('embed')}
    version="0.1.0"
    standaloneUrl={query.has('embed') ? './?scene=shell' : undefined}
  />,
)

export const harness = {
  CRASH,
  domainId,
  seat,
  stage,
  machine,
  firmware,
  preferences,
  restarts,
  choices,
  passPackets: (count: number) => passPackets(machine, count),
}
declare global {
  interface Window {
    harness: typeof harness
  }
}
window.harness = harness
