/** The slim bar: the domains, the last measured switch, and a button for every shortcut. */

import { Keyboard, LayoutGrid, Maximize, Minimize, Camera } from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { DomainId } from '../../protocol/domain.ts'
import { IconButton } from '../parts/Button.tsx'
import { Mark } from '../parts/Mark.tsx'
import { moveFocus } from '../parts/roving.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { Chip } from './Chip.tsx'
import { DomainCard } from './DomainCard.tsx'
import { formatDuration } from './figures.ts'
import { MoreMenu } from './MoreMenu.tsx'
import { RefusedChip } from './RefusedChip.tsx'
import { saveScreenshot } from './screenshot.ts'
import { useShell, useShellState } from './shell-store.ts'
import { useFullscreen } from './use-fullscreen.ts'
import styles from './Bar.module.css'

/** A pointer that merely crosses a chip opens nothing. Milliseconds. */
const HOVER_DELAY = 350
const ICON = 17

type Hovered = { readonly id: DomainId; readonly anchor: HTMLElement }

export function Bar() {
  const ids = useMachine(useShallow(({ domains }) => domains.map(({ id }) => id)))
  const focusedId = useMachine(({ focusedId }) => focusedId)
  const group = useRef<HTMLDivElement>(null)
  const { hovered, onHover } = useHover()

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onHover(undefined)
    if (group.current !== null) moveFocus(group.current, event, 'horizontal')
  }

  return (
    <header className={styles['bar']}>
      <span className={styles['mark']} title="HyperSpace">
        <Mark />
      </span>
      {/* oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- its controls rove */}
      <div
        ref={group}
        className={styles['chips']}
        role="toolbar"
        aria-label="Domains"
        onKeyDown={onKeyDown}
        onPointerDown={() => onHover(undefined)}
      >
        {ids.map((id, index) => (
          <Chip
            key={id}
            id={id}
            tabStop={focusedId === undefined ? index === 0 : id === focusedId}
            onHover={onHover}
          />
        ))}
        <RefusedChip />
      </div>
      {hovered !== undefined && ids.includes(hovered.id) && (
        <DomainCard id={hovered.id} anchor={hovered.anchor} />
      )}
      <SwitchFigure />
      <Tools />
    </header>
  )
}

function useHover() {
  const [hovered, setHovered] = useState<Hovered>()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  const [onHover] = useState(() => (id: DomainId | undefined, anchor?: HTMLElement) => {
    clearTimeout(timer.current)
    if (id === undefined || anchor === undefined) setHovered(undefined)
    else timer.current = setTimeout(() => setHovered({ id, anchor }), HOVER_DELAY)
  })
  return { hovered, onHover }
}

function SwitchFigure() {
  const milliseconds = useMachine(({ lastSwitch }) => lastSwitch?.milliseconds)
  if (milliseconds === undefined) return undefined
  return (
    <p
      className={styles['switched']}
      title="From the key or pointer event to the frame that shows the other guest"
    >
      switched in <output>{formatDuration(milliseconds)}</output>
    </p>
  )
}

function Tools() {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  const keyboard = useShellState((state) => state.keyboard)
  const [full, toggleFull] = useFullscreen()

  return (
    <fieldset className={styles['tools']} aria-label="Tools">
      <button
        type="button"
        className={styles['toggle']}
        aria-label="F4: primary and last appliance"
        title="Toggle primary and last appliance (F4)"
        onClick={(event) => {
          seat.toggle(event.timeStamp)
          stage.focusGuest()
        }}
      >
        F4
      </button>
      <IconButton
        label="Switcher"
        keys="Ctrl+Alt+Space"
        onClick={(event) => shell.open({ kind: 'switcher', openedAt: event.timeStamp })}
      >
        <LayoutGrid size={ICON} />
      </IconButton>
      <span className={styles['roomy']}>
        <IconButton label="Save a screenshot" onClick={() => shell.attempt(saveScreenshot(seat, stage))}>
          <Camera size={ICON} />
        </IconButton>
      </span>
      <IconButton label="On-screen keyboard" aria-pressed={keyboard} onClick={() => shell.toggleKeyboard()}>
        <Keyboard size={ICON} />
      </IconButton>
      <span className={styles['roomy']}>
        <IconButton
          label={full ? 'Leave fullscreen' : 'Fullscreen'}
          onClick={() => {
            shell.attempt(toggleFull())
            stage.focusGuest()
          }}
        >
          {full ? <Minimize size={ICON} /> : <Maximize size={ICON} />}
        </IconButton>
      </span>
      <MoreMenu />
    </fieldset>
  )
}
