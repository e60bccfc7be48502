/** Restarting the machine ends every guest: asked with what each would lose. */

import type { AppProps, RestartTarget } from '../app-props.ts'
import { useShallow } from 'zustand/react/shallow'
import { isLive } from '../../state/machine-store.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import styles from './dialogs.module.css'
import { useShell } from './shell-store.ts'

type Props = { readonly into: RestartTarget; readonly restart: AppProps['restart'] }

export function ConfirmRestart({ into, restart }: Props) {
  const shell = useShell()
  const live = useMachine(useShallow(({ domains }) => domains.filter(({ state }) => isLive(state))))
  const losing = live.filter(({ lossOnKill }) => lossOnKill !== undefined)
  return (
    <Dialog
      title={into === 'setup' ? 'Restart into setup?' : 'Restart the machine?'}
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>Cancel</Button>
          <Button kind={losing.length > 0 ? 'danger' : 'primary'} onClick={() => restart(into)}>
            {into === 'setup' ? 'Restart into setup' : 'Restart'}
          </Button>
        </>
      }
    >
      <div className={styles['text']}>
        <p>
          {live.length === 0
            ? 'No guest is running.'
            : `${live.length === 1 ? 'One guest is' : `${live.length} guests are`} ended without being asked, and the firmware starts again.`}
        </p>
        {losing.length > 0 && (
          <ul className={styles['losses']}>
            {losing.map(({ id, name, colour, lossOnKill }) => (
              <li key={id} data-colour={colour}>
                <strong>{name}</strong> Lost: {lossOnKill}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  )
}
