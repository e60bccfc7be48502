/**
 * A graphical appliance's screen gets the stage's size once, while nobody looks at it and before anybody has used it: its
 * golden snapshot was taken at 1024×768. Each size begins its browser anew, so that a window that changes later leaves it
 * alone; the domain's menu fits it when a person asks.
 */

import type { Dispose } from '../base/disposables.ts'
import type { DomainId, DomainInfo } from '../protocol/domain.ts'
import { DEFAULT_SCREEN, fitScreenSize, type ScreenSize } from '../protocol/screen.ts'
import { anyStarting } from './machine-store.ts'
import type { DisplaySession } from './display-session.ts'
import type { Seat } from './seat.ts'

/** Less than this more or less in both directions is not worth a new beginning. */
const NOTICED = 0.15

/** A phone shows a picture that was made for a monitor better than one of its own width. */
const LEAST_WIDTH = 640

/** The size that a screen should have on a stage of `room`; undefined: the one it has. */
export function firstSize(room: ScreenSize): ScreenSize | undefined {
  if (room.width < LEAST_WIDTH) return undefined
  const size = fitScreenSize(room)
  const differs = (side: 'width' | 'height'): boolean =>
    Math.abs(size[side] / DEFAULT_SCREEN[side] - 1) >= NOTICED
  return differs('width') || differs('height') ? size : undefined
}

/** @param room of the stage; undefined while nothing is shown */
export function fitFirst(
  seat: Pick<Seat, 'store'> & {
    display(id: DomainId): Pick<DisplaySession, 'used'> | undefined
    resize(id: DomainId, size: ScreenSize): void
  },
  room: () => ScreenSize | undefined,
): Dispose {
  const considered = new Set<string>()

  const consider = (domain: DomainInfo): void => {
    const available = room()
    if (available === undefined) return
    considered.add(domain.id)
    const size = firstSize(available)
    const display = seat.display(domain.id)
    if (size === undefined || display === undefined || display.used) return
    seat.resize(domain.id, size)
  }

  return seat.store.subscribe((state, before) => {
    const { domains, focusedId } = state
    if (domains === before.domains && focusedId === before.focusedId) return
    const busy = anyStarting(state)
    for (const domain of domains) {
      const fresh = domain.origin?.kind === 'golden' || domain.origin?.kind === 'boot'
      const wanted = domain.view === 'screen' && domain.appliance !== 'own' && domain.ready && fresh
      // What the others compute for their first screens comes first.
      if (wanted && !considered.has(domain.id) && !busy && domain.id !== focusedId) consider(domain)
    }
  })
}
