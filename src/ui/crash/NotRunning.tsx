/** A domain that is off or paused shows no moving picture; this says so, and offers the one thing to do. */

import { Play } from 'lucide-react'
import { focusedDomain } from '../../state/machine-store.ts'
import { Button } from '../parts/Button.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import styles from './NotRunning.module.css'

export function NotRunning() {
  const domain = useMachine(focusedDomain)
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  if (domain === undefined) return <NoDomain />
  const { id, name, state } = domain
  if (state !== 'off' && state !== 'created' && state !== 'paused') return undefined

  const [words, act, button] =
    state === 'paused'
      ? ([`${name} is paused`, 'resume', 'Resume'] as const)
      : ([state === 'off' ? `${name} is off` : `${name} has not been started`, 'start', 'Start'] as const)

  return (
    <div className={styles['cover']} data-state={state}>
      <div className={styles['card']}>
        <h2>{words}</h2>
        <Button
          kind="primary"
          onClick={() => {
            shell.attempt(seat.call(act, { id }))
            stage.focusGuest()
          }}
        >
          <Play size={15} aria-hidden="true" /> {button}
        </Button>
      </div>
    </div>
  )
}

/** Every appliance was switched off in setup, or its volume refused. */
function NoDomain() {
  const shell = useShell()
  const empty = useMachine(({ phase, domains }) => phase === 'running' && domains.length === 0)
  if (!empty) return undefined
  return (
    <div className={`${styles['cover']} ${styles['empty']}`}>
      <div className={styles['card']}>
        <h2>No domain was started</h2>
        <p>The settings start none, or their volumes were refused.</p>
        <div className={styles['actions']}>
          <Button kind="primary" onClick={() => shell.open({ kind: 'confirm-restart', into: 'setup' })}>
            Restart into setup
          </Button>
          <Button onClick={() => shell.open({ kind: 'hand-off' })}>What the firmware handed off</Button>
        </div>
      </div>
    </div>
  )
}
