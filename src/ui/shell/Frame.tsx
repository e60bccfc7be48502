/** The coloured frame around the focused guest's picture. It is the console's own: no guest reaches it. */

import { useEffect, useRef } from 'react'
import { CrashPanel } from '../crash/CrashPanel.tsx'
import { NotRunning } from '../crash/NotRunning.tsx'
import { SpinningBanner } from '../crash/SpinningBanner.tsx'
import { DiskTrouble } from '../disks/DiskTrouble.tsx'
import { DropZone } from '../files/DropZone.tsx'
import { focusedDomain, type MachineState } from '../../state/machine-store.ts'
import { Stage } from '../stage/Stage.tsx'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './Frame.module.css'

export function Frame() {
  const seat = useSeat()
  const edge = useRef<HTMLDivElement>(null)
  const name = useMachine((state) => focusedDomain(state)?.name)
  const halted = useMachine(({ haltReason }) => haltReason)

  useEffect(() => {
    document.title = name === undefined ? 'HyperSpace' : `${name} – HyperSpace`
  }, [name])

  // The colour changes with the focus itself, not with a drawing of React's: another guest's picture is never seen in
  // this guest's colour. It is set beside the stage and not around it: what is inherited has the browser go through
  // every character of every guest.
  useEffect(() => {
    const paint = (state: MachineState) => {
      const colour = focusedDomain(state)?.colour
      if (edge.current === null) return
      if (colour === undefined) delete edge.current.dataset['colour']
      else edge.current.dataset['colour'] = colour
    }
    paint(seat.store.getState())
    return seat.store.subscribe(paint)
  }, [seat])

  return (
    <section className={styles['frame']} aria-label={name ?? 'No domain'}>
      <div ref={edge} className={styles['edge']} data-edge />
      <SpinningBanner />
      <DiskTrouble />
      <div className={styles['picture']}>
        <Stage />
        <NotRunning />
        <CrashPanel />
        <DropZone />
      </div>
      {halted !== undefined && (
        <div className={styles['halted']} role="alert">
          <h2>HyperCore has stopped</h2>
          <p>{halted}</p>
          <p>
            No guest runs any more. What they had synced to their disks is kept. Reload the page to start
            again.
          </p>
        </div>
      )}
    </section>
  )
}
