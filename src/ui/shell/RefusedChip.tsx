/** A volume that the firmware refused has no domain to show; this stands in the bar in its place. */

import { ShieldX } from 'lucide-react'
import { ROVING } from '../parts/roving.ts'
import { useMachine } from '../stage/seat-context.tsx'
import { useShell } from './shell-store.ts'
import styles from './RefusedChip.module.css'

export function RefusedChip() {
  const refused = useMachine(({ handOff }) => handOff?.refused)
  const shell = useShell()
  if (refused === undefined || refused.length === 0) return undefined
  const names = refused.map(({ name, appliance }) => appliance ?? name).join(', ')
  return (
    <button
      type="button"
      className={styles['refused']}
      tabIndex={-1}
      {...{ [ROVING]: '' }}
      onClick={() => shell.open({ kind: 'refused' })}
    >
      <ShieldX size={16} aria-hidden="true" />
      <span className={styles['words']}>
        <span>{names}</span>
        <span className={styles['state']}>refused</span>
      </span>
    </button>
  )
}
