/** Fills its parent with the focused guest. One view per domain stays mounted; StageController shows one of them. */

import { memo, useEffect, useRef } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { DomainId } from '../../protocol/domain.ts'
import { useMachine, useStage } from './seat-context.tsx'
import styles from './Stage.module.css'

export function Stage() {
  const ids = useMachine(useShallow(({ domains }) => domains.map(({ id }) => id)))
  return (
    <div className={styles['stage']} data-stage>
      {ids.map((id) => (
        <DomainView key={id} id={id} />
      ))}
    </div>
  )
}

const DomainView = memo(function DomainView({ id }: { readonly id: DomainId }) {
  const stage = useStage()
  const container = useRef<HTMLDivElement>(null)
  useEffect(() => (container.current === null ? undefined : stage.mount(id, container.current)), [stage, id])
  // Its own colour, not the frame's, which changes with every switch.
  const colour = useMachine(({ domains }) => domains.find((domain) => domain.id === id)?.colour)
  return <div ref={container} className={styles['view']} data-domain={id} data-colour={colour} />
})
