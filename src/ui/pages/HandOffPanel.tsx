/** The typed structure that the firmware handed to HyperCore, as it was handed. */

import { useState, type ReactNode } from 'react'
import type { HandOff } from '../../protocol/hand-off.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { Table, type TableColumn, type TableRow } from '../parts/Table.tsx'
import { formatBytes, formatCount, formatDuration } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import { useMachine } from '../stage/seat-context.tsx'
import { handOffJson } from './hand-off-json.ts'
import styles from './HandOffPanel.module.css'
import pages from './pages.module.css'

export function HandOffPanel() {
  const shell = useShell()
  const handOff = useMachine((state) => state.handOff)
  return (
    <Dialog
      title="What the firmware handed off"
      size="full"
      onClose={() => shell.close()}
      actions={handOff !== undefined && <CopyJson handOff={handOff} />}
    >
      {handOff === undefined ? (
        <p className={pages['lead']}>The firmware has not handed off yet.</p>
      ) : (
        <div className={styles['panel']}>
          <Overview handOff={handOff} />
          <Volumes handOff={handOff} />
          <Settings handOff={handOff} />
          <Post handOff={handOff} />
        </div>
      )}
    </Dialog>
  )
}

function CopyJson({ handOff }: { readonly handOff: HandOff }) {
  const [done, setDone] = useState<string>()
  const copy = () =>
    navigator.clipboard.writeText(handOffJson(handOff)).then(
      () => setDone('Copied'),
      () => setDone('The browser refused the clipboard'),
    )
  return (
    <>
      <output className={styles['status']}>{done}</output>
      <Button onClick={() => void copy()}>Copy as JSON</Button>
    </>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles['section']}>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Overview({ handOff }: { readonly handOff: HandOff }) {
  const { engine, platform, scripts } = handOff
  const liveAfterMs = useMachine((state) => state.liveAfterMs)
  const rows: readonly (readonly [string, string, string?])[] = [
    ['Boot path', handOff.bootPath],
    ['Memory budget', `${handOff.memoryBudgetMiB} MB`],
    ['Firmware ran', formatDuration(handOff.endedAt - handOff.startedAt)],
    ['Handed off', `${formatDuration(handOff.endedAt)} after power-on`],
    [
      'All guests live',
      liveAfterMs === undefined ? 'not all so far' : `${formatDuration(liveAfterMs)} after power-on`,
    ],
    [
      'Engine',
      `${formatBytes(engine.size)}, ${engine.simd ? 'SIMD' : 'no SIMD'}, compiled in ${formatDuration(engine.compileMs)}`,
      engine.sha256,
    ],
    ['HyperCore', formatBytes(scripts.hypercore.size), scripts.hypercore.sha256],
    ['Domain worker', formatBytes(scripts.domain.size), scripts.domain.sha256],
    ['Snapshot store', formatBytes(scripts.store.size), scripts.store.sha256],
    ['Processors', `${platform.processors}`],
    [
      'Memory reported',
      platform.deviceMemoryGiB === undefined ? 'the browser does not say' : `${platform.deviceMemoryGiB} GB`,
    ],
    ['Storage', storageWords(platform.storage)],
  ]
  return (
    <Section title="Machine">
      <dl className={styles['rows']}>
        {rows.map(([term, value, sha256]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>
              {value}
              {sha256 !== undefined && <code className={styles['hash']}>{sha256}</code>}
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}

function storageWords(storage: HandOff['platform']['storage']): string {
  if (storage.kind === 'memory') return `memory only: ${storage.why}`
  const used = storage.usedBytes === undefined ? '' : `, ${formatBytes(storage.usedBytes)} used`
  const quota = storage.quotaBytes === undefined ? '' : `, quota ${formatBytes(storage.quotaBytes)}`
  return `OPFS${used}${quota}`
}

const VOLUME_COLUMNS: readonly TableColumn[] = [
  { title: 'Name' },
  { title: 'Role' },
  { title: 'In flash' },
  { title: 'Decoded' },
  { title: 'SHA-256 of the file', kind: 'long' },
]

function Volumes({ handOff }: { readonly handOff: HandOff }) {
  const rows: readonly TableRow[] = [
    ...handOff.volumes.map(({ name, role, size, contentSize, sha256 }) => ({
      key: name,
      cells: [name, role, formatBytes(size), formatBytes(contentSize), <Hash key="hash" text={sha256} />],
    })),
    ...handOff.refused.map(({ name, role, reason }) => ({
      key: name,
      refused: true,
      cells: [
        name,
        role,
        'refused',
        '',
        <Hash key="hash" text={reason.kind === 'mismatch' ? reason.actualSha256 : reason.detail} />,
      ],
    })),
  ]
  return (
    <Section title="Volumes">
      <Table label="Volumes" columns={VOLUME_COLUMNS} rows={rows} />
    </Section>
  )
}

function Hash({ text }: { readonly text: string }) {
  return <code className={styles['hash']}>{text}</code>
}

const APPLIANCE_COLUMNS: readonly TableColumn[] = [
  { title: 'Appliance' },
  { title: 'Starts' },
  { title: 'Memory' },
  { title: 'Cap' },
  { title: 'Weight' },
]

function Settings({ handOff }: { readonly handOff: HandOff }) {
  const { settings } = handOff
  return (
    <Section title="Settings, from NVRAM">
      <Table
        label="Settings"
        columns={APPLIANCE_COLUMNS}
        rows={Object.entries(settings.appliances).map(([name, { start, memoryMiB, capPercent, weight }]) => ({
          key: name,
          cells: [name, start ? 'yes' : 'no', `${memoryMiB} MB`, `${capPercent} %`, weight],
        }))}
      />
      <p className={styles['note']}>
        Boot order {settings.bootOrder.join(', ')}; boot delay {formatDuration(settings.bootDelayMs)}; first
        screen {settings.firstScreen}; {settings.quietBoot ? 'quiet' : 'verbose'} boot.
      </p>
    </Section>
  )
}

const POST_COLUMNS: readonly TableColumn[] = [
  { title: 'What' },
  { title: 'Result' },
  { title: 'Took' },
  { title: 'Detail', kind: 'long' },
]

function Post({ handOff }: { readonly handOff: HandOff }) {
  return (
    <Section title={`Power-on self-test, ${formatCount(handOff.post.length)} entries`}>
      <Table
        label="Power-on self-test"
        columns={POST_COLUMNS}
        rows={handOff.post.map(({ id, label, result, durationMs, detail }) => ({
          key: id,
          cells: [label, result, formatDuration(durationMs), detail],
        }))}
      />
    </Section>
  )
}
