/** Asked before something would be lost, and what. */

import { assertNever } from '../../base/assert.ts'
import type { DomainId } from '../../protocol/domain.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './dialogs.module.css'
import { useShell } from './shell-store.ts'

type Act = 'kill' | 'reset' | 'remove'
type Props = { readonly id: DomainId; readonly act: Act }

export function ConfirmEnd({ id, act }: Props) {
  const seat = useSeat()
  const shell = useShell()
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  if (domain === undefined) return undefined
  const { title, means, button } = words(act, domain.name)
  const run = (name: Act | 'shutdown') => {
    shell.close()
    shell.attempt(seat.call(name, { id }))
  }
  return (
    <Dialog
      title={title}
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>Cancel</Button>
          {act === 'kill' && domain.state === 'running' && (
            <Button onClick={() => run('shutdown')}>Shut down instead</Button>
          )}
          <Button kind="danger" onClick={() => run(act)}>
            {button}
          </Button>
        </>
      }
    >
      <div className={styles['text']}>
        <p>{means}</p>
        {domain.lossOnKill !== undefined && (
          <p>
            <strong>Lost: {domain.lossOnKill}</strong>
          </p>
        )}
      </div>
    </Dialog>
  )
}

function words(act: Act, name: string): { title: string; means: string; button: string } {
  switch (act) {
    case 'kill':
      return {
        title: `Kill ${name}?`,
        means: `Its worker is ended at once; the guest is not asked and does not sync.`,
        button: `Kill ${name}`,
      }
    case 'reset':
      return {
        title: `Reset ${name}?`,
        means: `Its worker is ended at once and a fresh one boots from cold.`,
        button: `Reset ${name}`,
      }
    case 'remove':
      return {
        title: `Remove ${name}?`,
        means: `The domain leaves the bar, and its settings go with it. The appliance it was made from stays.`,
        button: `Remove ${name}`,
      }
    default:
      return assertNever(act)
  }
}
