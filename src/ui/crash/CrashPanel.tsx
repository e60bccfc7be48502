/** Covers a crashed domain's picture: what happened, the registers, the last words on its console, and the way on. */

import { RotateCcw } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { CrashReport, DomainInfo, Registers } from '../../protocol/domain.ts'
import { focusedDomain } from '../../state/machine-store.ts'
import { Button } from '../parts/Button.tsx'
import { formatCount } from '../shell/figures.ts'
import { useShell, useShellState } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import styles from './CrashPanel.module.css'
import { crashWords } from './crash-words.ts'
import { flagNames, registerGroups } from './registers.ts'

export function CrashPanel() {
  const domain = useMachine(focusedDomain)
  const dismissed = useShellState(({ dismissedCrashes }) => dismissedCrashes)
  if (domain?.state !== 'crashed' || domain.crash === undefined) return undefined
  if (dismissed[domain.id] === domain.crash.at) return undefined
  return <Report key={`${domain.id} ${domain.crash.at}`} domain={domain} crash={domain.crash} />
}

type ReportProps = { readonly domain: DomainInfo; readonly crash: CrashReport }

function Report({ domain, crash }: ReportProps) {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  const restart = useRef<HTMLButtonElement>(null)
  const { title, means, detail } = crashWords(crash.cause)

  // The guest takes no more keys; Enter restarts it.
  useEffect(() => restart.current?.focus(), [])

  return (
    <article
      className={styles['panel']}
      data-colour={domain.colour}
      aria-label={`${domain.name} has crashed`}
    >
      <div className={styles['column']}>
        <header className={styles['header']}>
          <p className={styles['whose']}>
            {domain.name}, {new Date(crash.at).toLocaleTimeString()}
          </p>
          <h2>{title}</h2>
          <p>{means} The other guests go on.</p>
          {detail !== undefined && <pre className={styles['detail']}>{detail}</pre>}
        </header>
        <div className={styles['actions']}>
          <Button
            ref={restart}
            kind="primary"
            onClick={() => {
              shell.attempt(seat.call('start', { id: domain.id }))
              stage.focusGuest()
            }}
          >
            <RotateCcw size={15} aria-hidden="true" /> Restart {domain.name}
          </Button>
          <Button onClick={() => shell.dismissCrash(domain.id, crash.at)}>Show its last picture</Button>
        </div>
        {crash.registers === undefined ? (
          <p className={styles['none']}>Its registers could not be read any more.</p>
        ) : (
          <RegisterTable registers={crash.registers} instructions={crash.instructions} />
        )}
        {crash.consoleTail.trim() !== '' && (
          <div className={styles['console']}>
            <h3>Last on its console</h3>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways */}
            <section aria-label="Last console lines" tabIndex={0}>
              <pre>{crash.consoleTail.trimEnd()}</pre>
            </section>
          </div>
        )}
      </div>
    </article>
  )
}

type TableProps = { readonly registers: Registers; readonly instructions: number }

function RegisterTable({ registers, instructions }: TableProps) {
  return (
    <section aria-label="Registers" className={styles['registers']}>
      <h3>
        Registers after {formatCount(instructions)} instructions
        <span>
          ring {registers.cpl}, {registers.halted ? 'halted' : 'executing'}, flags{' '}
          {flagNames(registers.eflags).join(' ') || 'none'}
        </span>
      </h3>
      {registerGroups(registers).map((group) => (
        <dl key={group[0]?.[0]}>
          {group.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ))}
    </section>
  )
}
