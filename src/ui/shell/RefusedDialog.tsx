/** Volumes that the firmware refused, with what was expected and what was found. */

import type { RefusedVolume } from '../../protocol/hand-off.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import { useShell } from './shell-store.ts'
import styles from './RefusedDialog.module.css'

/** A SHA-256 is read in groups of eight. */
const GROUP = 8

export function RefusedDialog() {
  const refused = useMachine(({ handOff }) => handOff?.refused) ?? []
  const shell = useShell()
  return (
    <Dialog
      title={refused.length === 1 ? 'A volume was refused' : `${refused.length} volumes were refused`}
      size="wide"
      onClose={() => shell.close()}
      actions={
        <Button kind="primary" onClick={() => shell.open({ kind: 'confirm-restart', into: 'machine' })}>
          Restart and read it again
        </Button>
      }
    >
      <p className={styles['lead']}>
        The firmware hashes every volume before anything in it runs. What does not match the manifest is not
        started; the rest of the machine is unharmed.
      </p>
      {refused.map((volume) => (
        <section key={volume.name} className={styles['volume']} aria-label={volume.name}>
          <h3>
            {volume.name} <span>{volume.role}</span>
          </h3>
          <Reason reason={volume.reason} />
        </section>
      ))}
    </Dialog>
  )
}

function Reason({ reason }: { readonly reason: RefusedVolume['reason'] }) {
  if (reason.kind === 'unreadable') {
    return <p className={styles['detail']}>It could not be read: {reason.detail}</p>
  }
  return (
    <dl className={styles['hashes']}>
      <div>
        <dt>manifest</dt>
        <dd>
          <Hash value={reason.expectedSha256} other={reason.actualSha256} />
        </dd>
      </div>
      <div>
        <dt>computed</dt>
        <dd>
          <Hash value={reason.actualSha256} other={reason.expectedSha256} />
        </dd>
      </div>
    </dl>
  )
}

type HashProps = { readonly value: string; readonly other: string }

function Hash({ value, other }: HashProps) {
  const groups = Array.from({ length: Math.ceil(value.length / GROUP) }, (_, index) => ({
    at: index * GROUP,
    digits: value.slice(index * GROUP, (index + 1) * GROUP),
  }))
  return (
    <code className={styles['hash']}>
      {groups.map(({ at, digits }) => (
        <span key={at} className={digits === other.slice(at, at + GROUP) ? undefined : styles['differs']}>
          {digits}
        </span>
      ))}
    </code>
  )
}
