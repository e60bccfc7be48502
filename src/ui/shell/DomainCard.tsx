/** What a chip shows on hover and on focus: the live picture of a domain and its measured figures. */

import { useEffect, useRef } from 'react'
import type { DomainId } from '../../protocol/domain.ts'
import { place } from '../parts/place.ts'
import { Thumbnail } from '../parts/Thumbnail.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import { FigureList } from './FigureList.tsx'
import styles from './DomainCard.module.css'

type Props = { readonly id: DomainId; readonly anchor: HTMLElement }

export function DomainCard({ id, anchor }: Props) {
  const card = useRef<HTMLDivElement>(null)
  const colour = useMachine(({ domains }) => domains.find((domain) => domain.id === id)?.colour)

  useEffect(() => {
    card.current?.showPopover()
    if (card.current !== null) place(card.current, anchor)
  }, [anchor])

  // Hidden from screen readers: the same figures stand under “Figures and limits” of the domain's menu.
  return (
    <div ref={card} popover="manual" className={styles['card']} data-colour={colour} aria-hidden="true">
      <div className={styles['picture']}>
        <Thumbnail id={id} width={288} height={180} />
      </div>
      <FigureList id={id} />
    </div>
  )
}
