/** A domain in the bar. The focused one is the tab of the coloured frame: its label, where no guest can draw. */

import { ChevronDown } from 'lucide-react'
import { memo, useEffect, useRef, type MouseEvent } from 'react'
import type { DomainId, DomainInfo } from '../../protocol/domain.ts'
import { ROVING } from '../parts/roving.ts'
import { Menu } from '../parts/Menu.tsx'
import { StateGlyph, stateWords } from '../parts/StateGlyph.tsx'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { DomainMenuItems } from './DomainMenuItems.tsx'
import { cpuFigure, formatMemory, useFigure } from './figures.ts'
import styles from './Chip.module.css'

/** Well after the frame of a switch. Milliseconds. */
const SETTLED = 150

type Props = {
  readonly id: DomainId
  /** The one tab stop of the bar. */
  readonly tabStop: boolean
  readonly onHover: (id: DomainId | undefined, anchor: HTMLElement) => void
}

export const Chip = memo(function Chip({ id, tabStop, onHover }: Props) {
  const seat = useSeat()
  const stage = useStage()
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  const focused = domain?.focused ?? false
  const chip = useRef<HTMLDivElement>(null)

  // Once the other guest is painted: scrolling asks for a layout, and the tab, being sticky, is in sight anyway.
  useEffect(() => {
    if (!focused) return undefined
    const timer = setTimeout(
      () => chip.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
      SETTLED,
    )
    return () => clearTimeout(timer)
  }, [focused])

  if (domain === undefined) return undefined

  const openMenu = (event: MouseEvent) => {
    event.preventDefault()
    chip.current?.querySelector<HTMLButtonElement>('[aria-haspopup]')?.click()
  }

  return (
    <div
      ref={chip}
      className={styles['chip']}
      data-colour={domain.colour}
      data-focused={focused || undefined}
      data-domain={id}
      onContextMenu={openMenu}
      onPointerEnter={(event) => event.pointerType === 'mouse' && onHover(id, event.currentTarget)}
      onPointerLeave={(event) => onHover(undefined, event.currentTarget)}
      onFocus={(event) => event.target.matches(':focus-visible') && onHover(id, event.currentTarget)}
      onBlur={(event) => onHover(undefined, event.currentTarget)}
    >
      <button
        type="button"
        className={styles['face']}
        aria-pressed={focused}
        tabIndex={tabStop ? 0 : -1}
        {...{ [ROVING]: '' }}
        onClick={(event) => {
          seat.focus(id, event.timeStamp)
          stage.focusGuest()
        }}
      >
        <ChipFace domain={domain} />
      </button>
      <Menu
        label={`${domain.name}: menu`}
        button={<ChevronDown size={14} aria-hidden="true" />}
        buttonClass={styles['more']}
        rovingIndex={-1}
      >
        <DomainMenuItems id={id} />
      </Menu>
    </div>
  )
})

function ChipFace({ domain }: { readonly domain: DomainInfo }) {
  const state = stateWords(domain.state, domain.health, domain.ready)
  return (
    <>
      {domain.shortcut !== undefined && (
        <span className={styles['number']}>
          <span className="visually-hidden">Domain </span>
          {domain.shortcut}
        </span>
      )}
      <span className={styles['words']}>
        <span className={styles['name']}>{domain.name}</span>
        <span className={styles['figures']}>
          <StateGlyph state={domain.state} health={domain.health} />
          {domain.state === 'running' && domain.health.kind === 'ok' && domain.ready ? (
            <>
              <span className="visually-hidden">{state}, processor </span>
              <CpuFigure id={domain.id} />
              <span className={styles['memory']}>{formatMemory(domain.memoryBytes)}</span>
            </>
          ) : (
            <span>{state}</span>
          )}
        </span>
      </span>
    </>
  )
}

function CpuFigure({ id }: { readonly id: DomainId }) {
  return <span className={styles['cpu']}>{useFigure(id, cpuFigure)}</span>
}
