/** A domain's measured figures, each updated by itself. */

import type { ReactNode } from 'react'
import type { DomainId, DomainOrigin, DomainStats } from '../../protocol/domain.ts'
import { stateWords } from '../parts/StateGlyph.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import { cpuFigure, formatBytes, formatCount, formatDuration, formatMemory, useFigure } from './figures.ts'
import styles from './FigureList.module.css'

export function FigureList({ id }: { readonly id: DomainId }) {
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  if (domain === undefined) return undefined
  return (
    <dl className={styles['figures']}>
      <Row term="State">
        {stateWords(domain.state, domain.health, domain.ready)}
        {domain.readyAfterMs !== undefined && (
          <span className={styles['aside']}>up in {formatDuration(domain.readyAfterMs)}</span>
        )}
      </Row>
      {domain.origin !== undefined && (
        <Row term="Start">
          {ORIGINS[domain.origin.kind]}
          {domain.origin.kind === 'boot' && domain.origin.why !== undefined && (
            <span className={styles['why']} title={domain.origin.why}>
              {domain.origin.why}
            </span>
          )}
        </Row>
      )}
      <Row term="Processor">
        <Figure id={id} format={cpuFigure} />
        <span className={styles['aside']}>
          cap {domain.limits.capPercent} %, weight {domain.limits.weight}
        </span>
      </Row>
      <Row term="Speed">
        <Figure id={id} format={speed} />
      </Row>
      <Row term="Memory">{formatMemory(domain.memoryBytes)}</Row>
      <Row term="VM exits">
        <Figure id={id} format={exits} />
      </Row>
      <Row term="Network">
        <Figure id={id} format={network} />
      </Row>
      <Row term="Disk">
        <Figure id={id} format={disk} />
      </Row>
    </dl>
  )
}

const ORIGINS: Readonly<Record<DomainOrigin['kind'], string>> = {
  boot: 'cold boot',
  golden: 'golden snapshot',
  snapshot: 'snapshot',
}

function Row({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <div className={styles['row']}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}

type FigureProps = { readonly id: DomainId; readonly format: (stats: DomainStats | undefined) => string }

function Figure({ id, format }: FigureProps) {
  return <span>{useFigure(id, format)}</span>
}

const speed = (stats: DomainStats | undefined) =>
  stats === undefined ? '–' : `${stats.mips < 10 ? stats.mips.toFixed(1) : Math.round(stats.mips)} MIPS`

const exits = (stats: DomainStats | undefined) =>
  stats === undefined ? '–' : formatCount(stats.exits.reduce((sum, { count }) => sum + count, 0))

const network = (stats: DomainStats | undefined) =>
  stats === undefined
    ? '–'
    : `${formatBytes(stats.network.rxBytes)} in, ${formatBytes(stats.network.txBytes)} out`

const disk = (stats: DomainStats | undefined) =>
  stats === undefined
    ? '–'
    : `${formatBytes(stats.disk.readBytes)} read, ${formatBytes(stats.disk.writeBytes)} written`
