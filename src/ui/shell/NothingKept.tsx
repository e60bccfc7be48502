/** The degraded mode without storage, said plainly and once. */

import { HardDrive, X } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '../parts/Button.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import styles from './NothingKept.module.css'

export function NothingKept() {
  const storage = useMachine(({ handOff }) => handOff?.platform.storage)
  const [put, setPut] = useState(false)
  if (put || storage?.kind !== 'memory') return undefined
  return (
    <aside className={styles['strip']} aria-label="Storage">
      <HardDrive size={15} aria-hidden="true" />
      <p>
        <strong>Nothing is kept after this tab closes.</strong>{' '}
        <span>
          It has no storage: {storage.why}. {storage.remedy}
        </span>
      </p>
      <IconButton label="Dismiss" onClick={() => setPut(true)}>
        <X size={15} />
      </IconButton>
    </aside>
  )
}
