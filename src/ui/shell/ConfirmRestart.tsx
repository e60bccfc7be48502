/** Restarting the machine: every guest is shut down first, in the person's sight; whoever does not end can be cut off. */

import { useEffect, useRef, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { assertNever } from '../../base/assert.ts'
import type { DomainInfo } from '../../protocol/domain.ts'
import { isLive } from '../../state/machine-store.ts'
import type { AppProps, RestartTarget } from '../app-props.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './dialogs.module.css'
import { useShell } from './shell-store.ts'

type Props = { readonly into: RestartTarget; readonly restart: AppProps['restart'] }

/** asking ─► ending ─► the restart, or ─► stuck where a guest does not end; closing the dialog leaves at any time. */
type Step = 'asking' | 'ending' | 'stuck'

export function ConfirmRestart({ into, restart }: Props) {
  const shell = useShell()
  const seat = useSeat()
  const [step, setStep] = useState<Step>('asking')
  const open = useRef(true)
  useEffect(() => {
    open.current = true
    return () => {
      open.current = false
    }
  }, [])
  const live = useMachine(useShallow(({ domains }) => domains.filter(({ state }) => isLive(state))))
  const action = into === 'setup' ? 'Restart into setup' : 'Restart'

  const shutDown = async () => {
    setStep('ending')
    // What a guest refuses shows in what is left; its fault is in the journal.
    await Promise.allSettled(live.map(({ id }) => seat.call('shutdown', { id })))
    // Closed in the meantime: the person stays.
    if (!open.current) return
    if (seat.store.getState().domains.some(({ state }) => isLive(state))) setStep('stuck')
    else restart(into)
  }

  return (
    <Dialog
      title={into === 'setup' ? 'Restart into setup?' : 'Restart the machine?'}
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>{step === 'asking' ? 'Cancel' : 'Stay'}</Button>
          {step === 'asking' ? (
            <Button kind="primary" onClick={() => shell.attempt(shutDown())}>
              {action}
            </Button>
          ) : (
            <Button kind="danger" onClick={() => restart(into)}>
              Restart now
            </Button>
          )}
        </>
      }
    >
      <div className={styles['text']}>
        <output>{words(step, live.length)}</output>
        {step === 'asking' ? undefined : <Left live={live} />}
      </div>
    </Dialog>
  )
}

function words(step: Step, live: number): string {
  const guests = live === 1 ? 'One guest' : `${live} guests`
  switch (step) {
    case 'asking':
      return live === 0
        ? 'No guest is running.'
        : `${guests} will be asked to shut down and to write what they have; then the firmware starts again.`
    case 'ending':
      return live === 0
        ? 'Every guest has ended.'
        : `Waiting for ${live === 1 ? 'one guest' : guests} to end.`
    case 'stuck':
      return `${guests} did not end. “Restart now” cuts ${live === 1 ? 'it' : 'them'} off; “Stay” lets you look.`
    default:
      return assertNever(step)
  }
}

/** Who is still up, and what cutting it off would lose. */
function Left({ live }: { readonly live: readonly DomainInfo[] }) {
  return (
    <ul className={styles['losses']}>
      {live.map(({ id, name, colour, lossOnKill }) => (
        <li key={id} data-colour={colour}>
          <strong>{name}</strong>
          {lossOnKill === undefined ? 'Nothing would be lost.' : `Cut off now, it loses: ${lossOnKill}`}
        </li>
      ))}
    </ul>
  )
}
