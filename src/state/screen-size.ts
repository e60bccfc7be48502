/**
 * A graphical appliance's screen has the stage's size and follows it, as a monitor's driver would have it: its browser draws
 * the page that it shows anew, and goes on. Its golden snapshot was taken at 1024×768, and has its own size once nobody
 * is starting any more. Told is each size once, so that who sets another by hand keeps it until the stage changes.
 */

import { Disposables, type Dispose } from '../base/disposables.ts'
import type { DomainId, DomainInfo } from '../protocol/domain.ts'
import { DEFAULT_SCREEN, fitScreenSize, type ScreenSize } from '../protocol/screen.ts'
import { anyStarting } from './machine-store.ts'
import type { PageEnvironment } from './page-environment.ts'
import type { Seat } from './seat.ts'

/** A window that is being dragged larger stands still for so long before its guests hear of it. */
export const SETTLED_MS = 250

/** A phone shows a picture that was made for a monitor better than one of its own width. */
const LEAST_WIDTH = 640

/** The size that a screen should have on a stage of `room`. */
export function wantedSize(room: ScreenSize): ScreenSize {
  return room.width < LEAST_WIDTH ? DEFAULT_SCREEN : fitScreenSize(room)
}

function hasOwnSize({ view, appliance, state, ready }: DomainInfo): boolean {
  return view === 'screen' && appliance !== 'own' && state === 'running' && ready
}

export type FollowedStage = {
  /** undefined while nothing is shown */
  room(): ScreenSize | undefined
  onRoom(listener: () => void): Dispose
}

export type Followers = {
  readonly store: Seat['store']
  screen(id: DomainId): ScreenSize | undefined
  resize(id: DomainId, size: ScreenSize): void
}

export function followStage(
  followers: Followers,
  stage: FollowedStage,
  environment: Pick<PageEnvironment, 'setTimer'>,
): Dispose {
  const { store } = followers
  const told = new Map<DomainId, ScreenSize>()
  const disposables = new Disposables()
  let settling: Dispose | undefined

  const tell = ({ id }: DomainInfo, size: ScreenSize): void => {
    const last = told.get(id) ?? followers.screen(id)
    told.set(id, size)
    if (last?.width !== size.width || last.height !== size.height) followers.resize(id, size)
  }

  const follow = (which: 'untold' | 'all'): void => {
    const state = store.getState()
    for (const id of told.keys())
      if (state.domains.find((domain) => domain.id === id)?.ready !== true) told.delete(id)
    const due = state.domains.filter(
      (domain) => hasOwnSize(domain) && (which === 'all' || !told.has(domain.id)),
    )
    // What the others compute for their first screens comes first. A room is laid out to be measured: not for nothing.
    if (due.length === 0 || settling !== undefined || anyStarting(state)) return
    const room = stage.room()
    if (room !== undefined) for (const domain of due) tell(domain, wantedSize(room))
  }

  disposables.add(
    store.subscribe((state, before) => {
      if (state.domains !== before.domains || state.focusedId !== before.focusedId) follow('untold')
    }),
  )
  disposables.add(
    stage.onRoom(() => {
      settling?.()
      settling = environment.setTimer(() => {
        settling = undefined
        follow('all')
      }, SETTLED_MS)
    }),
  )
  disposables.add(() => settling?.())
  return () => disposables.dispose()
}
