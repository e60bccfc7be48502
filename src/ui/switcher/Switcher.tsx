/** All domains at once, live: arrows and Enter, a digit, a first letter, or a finger. */

import { useEffect, useRef, type KeyboardEvent } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { defined } from '../../base/assert.ts'
import type { DomainId, DomainInfo } from '../../protocol/domain.ts'
import { memoryInUseMiB, toggleTarget } from '../../state/machine-store.ts'
import { Dialog } from '../parts/Dialog.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { StateGlyph, stateWords } from '../parts/StateGlyph.tsx'
import { Thumbnail } from '../parts/Thumbnail.tsx'
import { cpuFigure, formatMemory, useFigure } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { gridStep } from './grid-step.ts'
import styles from './Switcher.module.css'

type Props = {
  /** Asked for again while it is open, it goes on to the next domain. */
  readonly openedAt: number
}

export function Switcher({ openedAt }: Props) {
  const seat = useSeat()
  const shell = useShell()
  const domains = useMachine(useShallow((state) => state.domains))
  const grid = useRef<HTMLDivElement>(null)
  const opened = useRef<number>(undefined)

  const cells = () => [...(grid.current?.querySelectorAll<HTMLElement>('[data-domain]') ?? [])]
  const select = (index: number) => cells()[index]?.focus()
  const selected = () => cells().findIndex((cell) => cell === document.activeElement)

  useEffect(() => {
    if (opened.current === openedAt) return
    const again = opened.current !== undefined
    opened.current = openedAt
    const all = cells()
    if (again) {
      select((selected() + 1) % all.length)
    } else {
      // Enter at once goes where F4 would.
      const target = toggleTarget(seat.store.getState())
      select(
        Math.max(
          0,
          all.findIndex((cell) => cell.dataset['domain'] === target),
        ),
      )
    }
  })

  // Its own choice, F4 and Ctrl+Alt with a digit all end here.
  useEffect(
    () =>
      seat.store.subscribe((state, before) => {
        if (state.focusedId !== before.focusedId) shell.close()
      }),
    [seat, shell],
  )

  const go = (id: DomainId, startedAt: number) => {
    seat.focus(id, startedAt)
    shell.close()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const at = selected()
    const to = gridStep(event.key, at, cells().map(position))
    if (to !== undefined) {
      event.preventDefault()
      select(to)
      return
    }
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const byDigit = domains.find(({ shortcut }) => shortcut !== undefined && String(shortcut) === event.key)
    if (byDigit !== undefined) {
      event.preventDefault()
      go(byDigit.id, event.timeStamp)
      return
    }
    const byLetter = nextNamed(domains, at, event.key)
    if (byLetter !== undefined) select(byLetter)
  }

  return (
    <Dialog
      title="Domains"
      size="full"
      onClose={() => shell.close()}
      actions={
        <p className={styles['help']}>
          <span>
            <Kbd keys="F4" /> primary and last appliance
          </span>
          <span>
            <Kbd keys="Ctrl+Alt+1" /> … <Kbd keys="9" /> straight to a domain
          </span>
          <MemoryInUse />
        </p>
      }
    >
      {/* oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- its buttons have the focus */}
      <div ref={grid} className={styles['grid']} role="toolbar" aria-label="Domains" onKeyDown={onKeyDown}>
        {domains.map((domain) => (
          <DomainCell key={domain.id} domain={domain} onChoose={go} />
        ))}
      </div>
    </Dialog>
  )
}

function position(cell: HTMLElement): { left: number; top: number } {
  return { left: cell.offsetLeft, top: cell.offsetTop }
}

function nextNamed(domains: readonly DomainInfo[], at: number, key: string): number | undefined {
  if (key.length !== 1) return undefined
  for (let step = 1; step <= domains.length; step++) {
    const index = (at + step) % domains.length
    const { name } = defined(domains[index], 'an index below the length')
    if (name.toLowerCase().startsWith(key.toLowerCase())) return index
  }
  return undefined
}

type CellProps = {
  readonly domain: DomainInfo
  readonly onChoose: (id: DomainId, startedAt: number) => void
}

function DomainCell({ domain, onChoose }: CellProps) {
  const { id, name, state, health, ready, shortcut, colour, memoryBytes } = domain
  const cpu = useFigure(id, cpuFigure)
  return (
    <button
      type="button"
      className={styles['cell']}
      data-domain={id}
      data-colour={colour}
      aria-current={domain.focused || undefined}
      onClick={(event) => onChoose(id, event.timeStamp)}
    >
      <span className={styles['picture']} data-dim={state !== 'running' || undefined}>
        <Thumbnail id={id} width={320} height={200} />
      </span>
      <span className={styles['label']}>
        <span className={styles['number']}>{shortcut}</span>
        <span className={styles['name']}>{name}</span>
        <span className={styles['state']}>
          <StateGlyph state={state} health={health} />
          {stateWords(state, health, ready)}
        </span>
      </span>
      <span className={styles['figures']}>
        {state === 'running' ? `${cpu} of a core, ` : ''}
        {formatMemory(memoryBytes)}
      </span>
    </button>
  )
}

function MemoryInUse() {
  const used = useMachine(memoryInUseMiB)
  const budget = useMachine(({ memoryBudgetMiB }) => memoryBudgetMiB)
  return (
    <span className={styles['memory']}>
      {Math.round(used)} of {budget} MB in use
    </span>
  )
}
