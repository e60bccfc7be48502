/** The typed structure that the firmware handed to HyperCore, as it was handed. */

import { useState, type ReactNode } from 'react'
import type { HandOff } from '../../protocol/hand-off.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
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
  const rows: readonly (readonly [string, string, string?])[] = [
    ['Boot path', handOff.bootPath],
    ['Memory budget', `${handOff.memoryBudgetMiB} MB`],
    ['Firmware ran', formatDuration(handOff.endedAt - handOff.startedAt)],
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

function Volumes({ handOff }: { readonly handOff: HandOff }) {
  return (
    <Section title="Volumes">
      <Scroll label="Volumes">
        <table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Role</th>
              <th scope="col">In flash</th>
              <th scope="col">Decoded</th>
              <th scope="col">SHA-256 of the file</th>
            </tr>
          </thead>
          <tbody>
            {handOff.volumes.map((volume) => (
              <tr key={volume.name}>
                <th scope="row">{volume.name}</th>
                <td>{volume.role}</td>
                <td>{formatBytes(volume.size)}</td>
                <td>{formatBytes(volume.contentSize)}</td>
                <td>
                  <code className={styles['hash']}>{volume.sha256}</code>
                </td>
              </tr>
            ))}
            {handOff.refused.map((volume) => (
              <tr key={volume.name} className={styles['refused']}>
                <th scope="row">{volume.name}</th>
                <td>{volume.role}</td>
                <td colSpan={2}>refused</td>
                <td>
                  <code className={styles['hash']}>
                    {volume.reason.kind === 'mismatch' ? volume.reason.actualSha256 : volume.reason.detail}
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  )
}

function Settings({ handOff }: { readonly handOff: HandOff }) {
  const { settings } = handOff
  return (
    <Section title="Settings, from NVRAM">
      <Scroll label="Settings">
        <table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Appliance</th>
              <th scope="col">Starts</th>
              <th scope="col">Memory</th>
              <th scope="col">Cap</th>
              <th scope="col">Weight</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(settings.appliances).map(([name, appliance]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{appliance.start ? 'yes' : 'no'}</td>
                <td>{appliance.memoryMiB} MB</td>
                <td>{appliance.capPercent} %</td>
                <td>{appliance.weight}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p className={styles['note']}>
        Boot order {settings.bootOrder.join(', ')}; boot delay {formatDuration(settings.bootDelayMs)}; first
        screen {settings.firstScreen}; {settings.quietBoot ? 'quiet' : 'verbose'} boot.
      </p>
    </Section>
  )
}

function Post({ handOff }: { readonly handOff: HandOff }) {
  return (
    <Section title={`Power-on self-test, ${formatCount(handOff.post.length)} entries`}>
      <Scroll label="Power-on self-test">
        <table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Result</th>
              <th scope="col">Took</th>
              <th scope="col">Detail</th>
            </tr>
          </thead>
          <tbody>
            {handOff.post.map((entry) => (
              <tr key={entry.id}>
                <th scope="row">{entry.label}</th>
                <td>{entry.result}</td>
                <td>{formatDuration(entry.durationMs)}</td>
                <td>{entry.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  )
}

/** A wide table scrolls in its own box, reachable by keyboard; the page never does sideways. */
function Scroll({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
    <section className={styles['scroll']} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
