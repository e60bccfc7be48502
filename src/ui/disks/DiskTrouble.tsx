/** A disk that failed under a running guest: said over its picture, since a person can do something about it. */

import { focusedDomain, isLive } from '../../state/machine-store.ts'
import styles from '../crash/SpinningBanner.module.css'
import { Button } from '../parts/Button.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useMachine } from '../stage/seat-context.tsx'

export function DiskTrouble() {
  const domain = useMachine(focusedDomain)
  const shell = useShell()
  if (domain?.diskTrouble === undefined || !isLive(domain.state)) return undefined
  const { id, name, diskTrouble, disk } = domain
  return (
    <div className={styles['banner']} role="alert" aria-label={`The disk of ${name} failed`}>
      <p>
        <strong>The disk of {name} failed.</strong> {diskTrouble} The guest was told; what it could not write
        is not kept.
      </p>
      {disk !== undefined && (
        <div className={styles['actions']}>
          <Button onClick={() => shell.open({ kind: 'disk', id })}>Disk…</Button>
        </div>
      )}
    </div>
  )
}
