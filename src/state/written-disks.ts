/**
 * When the browser is asked to keep this origin’s storage for the sake of disks: once, as soon as a guest has written to
 * a disk that outlives it after a person typed to that guest. Never for what a boot writes, and never at load, when a
 * browser that asks the person could not be answered by somebody who knows why.
 */

import type { Dispose } from '../base/disposables.ts'
import type { DomainId } from '../protocol/domain.ts'
import { isLive } from './machine-store.ts'
import type { Seat } from './seat.ts'

/** `keys` is where key events come by; `ask` is called once. */
export function askOnFirstWrite(
  seat: Pick<Seat, 'store' | 'events' | 'history'>,
  keys: EventTarget,
  ask: () => Promise<void>,
): Dispose {
  /** By domain: the writes of its life that were not a person's. */
  const before = new Map<DomainId, number>()
  const typed = (): void => {
    const domain = seat.store.getState().domains.find(({ focused }) => focused)
    if (domain?.disk?.kept !== true || !isLive(domain.state) || before.has(domain.id)) return
    before.set(domain.id, seat.history.latest(domain.id)?.disk.writes ?? 0)
  }
  keys.addEventListener('keydown', typed, { capture: true })
  const unlisten = seat.events.on('stats', ({ id, stats }) => {
    const known = before.get(id)
    if (known === undefined) return
    // A new life counts from nothing, and writes as it starts: it has to be typed to again.
    if (stats.disk.writes < known) before.delete(id)
    if (stats.disk.writes <= known) return
    dispose()
    // A refusal, or a browser that has no such thing, changes nothing but how long it is kept.
    ask().catch(() => undefined)
  })
  const dispose = (): void => {
    keys.removeEventListener('keydown', typed, { capture: true })
    unlisten()
  }
  return dispose
}
