/** A guest that executes with interrupts off, or whose worker says nothing, answers nobody: said over its picture while it lasts. */

import { focusedDomain } from '../../state/machine-store.ts'
import { Button } from '../parts/Button.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { seconds } from './crash-words.ts'
import styles from './SpinningBanner.module.css'

export function SpinningBanner() {
  const domain = useMachine(focusedDomain)
  const seat = useSeat()
  const shell = useShell()
  if (domain?.state !== 'running' || domain.health.kind === 'ok') return undefined
  const { id, name, health, lossOnKill } = domain
  const end = (act: 'kill' | 'reset') => {
    if (lossOnKill === undefined) shell.attempt(seat.call(act, { id }))
    else shell.open({ kind: 'confirm-end', id, act })
  }
  return (
    <aside className={styles['banner']} aria-label={`${name} is not answering`}>
      <p>
        <strong>{name} is not answering.</strong>{' '}
        {health.kind === 'spinning' ? (
          <>
            Interrupts off for <span className={styles['figure']}>{seconds(health.forMs)}</span>, and it
            executes all the time: a loop.
          </>
        ) : (
          <>
            Its worker has said nothing for <span className={styles['figure']}>{seconds(health.forMs)}</span>:
            this computer is very busy, or it hangs. After a minute it counts as crashed.
          </>
        )}
      </p>
      <div className={styles['actions']}>
        <Button onClick={() => end('reset')}>Reset</Button>
        <Button kind="danger" onClick={() => end('kill')}>
          Kill
        </Button>
      </div>
    </aside>
  )
}
