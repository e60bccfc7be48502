/** A domain's measured figures beside the limits that HyperCore's scheduler holds it to. */

import { useId, useState } from 'react'
import type { CpuLimits, DomainId, DomainStats } from '../../protocol/domain.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './dialogs.module.css'
import { FigureList } from './FigureList.tsx'
import { formatPercent, useFigure } from './figures.ts'
import { useShell } from './shell-store.ts'

const WEIGHTS = { min: 1, max: 1000 } as const
const CAP = { min: 1, max: 100 } as const

export function LimitsDialog({ id }: { readonly id: DomainId }) {
  const seat = useSeat()
  const shell = useShell()
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  const [wanted, setWanted] = useState<CpuLimits | undefined>(domain?.limits)
  const granted = useFigure(id, grantedFigure)
  if (domain === undefined || wanted === undefined) return undefined

  const apply = () => {
    shell.close()
    shell.attempt(seat.call('setLimits', { id, limits: wanted }))
  }

  return (
    <Dialog
      title={`${domain.name}: figures and limits`}
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>Cancel</Button>
          <Button kind="primary" onClick={apply}>
            Apply
          </Button>
        </>
      }
    >
      <FigureList id={id} />
      <div className={styles['fields']}>
        <Field
          label="Cap"
          unit="% of a core"
          range={CAP}
          value={wanted.capPercent}
          onChange={(capPercent) => setWanted({ ...wanted, capPercent })}
          note={`A token bucket holds the vCPU back above it. Granted now: ${granted}.`}
        />
        <Field
          label="Weight"
          unit="share"
          range={WEIGHTS}
          value={wanted.weight}
          onChange={(weight) => setWanted({ ...wanted, weight })}
          note="Relative to the other domains’, when they all want the processor."
        />
      </div>
    </Dialog>
  )
}

const grantedFigure = (stats: DomainStats | undefined) =>
  stats === undefined ? 'not measured yet' : formatPercent(stats.grantedPercent)

type FieldProps = {
  readonly label: string
  readonly unit: string
  readonly range: { readonly min: number; readonly max: number }
  readonly value: number
  readonly onChange: (value: number) => void
  readonly note: string
}

function Field({ label, unit, range, value, onChange, note }: FieldProps) {
  const id = useId()
  const change = (text: string) => {
    const number = Math.round(Number(text))
    if (Number.isFinite(number)) onChange(Math.min(range.max, Math.max(range.min, number)))
  }
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{label}</label>
      <input
        type="range"
        tabIndex={-1}
        aria-hidden="true"
        {...range}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
      <input
        id={id}
        type="number"
        {...range}
        value={value}
        aria-describedby={`${id}-note`}
        onChange={(event) => change(event.target.value)}
      />
      <span className={styles['unit']}>{unit}</span>
      <p id={`${id}-note`} className={styles['note']}>
        {note}
      </p>
    </div>
  )
}
