/** The snapshots of a domain as a tree: taking, going back, taking along. */

import { Camera, Upload } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { saveBlob } from '../files/save-blob.ts'
import { TransfersOf } from '../files/TransferCard.tsx'
import type { DomainId, DomainInfo, Keeping } from '../../protocol/domain.ts'
import type { SnapshotInfo, SnapshotsReport } from '../../protocol/snapshot.ts'
import { isLive } from '../../state/machine-store.ts'
import { askToKeep, defaultName, goneDomains, takeSnapshot, treeOf } from '../../state/snapshots.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { formatBytes, formatDuration } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { fileName } from './file-name.ts'
import { SnapshotRow, type RowAct } from './SnapshotRow.tsx'
import styles from './Snapshots.module.css'

const ICON = 15

const NEVER: Readonly<Partial<Record<Keeping, string>>> = {
  never:
    'takes no snapshots: its memory holds the key of its open vault, and a snapshot would be a copy of that. Its encrypted disk is what lasts.',
  'not-yet': 'takes no snapshots yet: the drive with an image of your own cannot be part of one.',
}

type Asked = { readonly act: RowAct; readonly snapshot: SnapshotInfo }

export function SnapshotsDialog({ id }: { readonly id: DomainId }) {
  const seat = useSeat()
  const shell = useShell()
  const domains = useMachine((state) => state.domains)
  const report = useMachine((state) => state.snapshots)
  const [shown, setShown] = useState<string>(id)
  const [asked, setAsked] = useState<Asked>()
  const domain = domains.find((each) => each.id === shown)
  const title = `Snapshots of ${domain?.name ?? shown}`

  const restore = async (snapshot: SnapshotInfo) => {
    const restored = await seat.call('restore', { snapshotId: snapshot.id })
    seat.focus(restored)
    shell.say(`${domain?.name ?? shown} is back at “${snapshot.name}”.`)
  }

  if (asked !== undefined) {
    return (
      <Confirm
        asked={asked}
        domain={domain}
        onCancel={() => setAsked(undefined)}
        onConfirm={() => {
          const { act, snapshot } = asked
          setAsked(undefined)
          if (act === 'remove') shell.attempt(seat.call('removeSnapshot', { snapshotId: snapshot.id }))
          else {
            shell.close()
            shell.attempt(restore(snapshot))
          }
        }}
      />
    )
  }
  return (
    <Dialog title={title} size="wide" onClose={() => shell.close()}>
      <div className={styles['panel']} data-colour={domain?.colour}>
        <DomainChoice domains={domains} report={report} shown={shown} onChange={setShown} />
        {report.storage.kind === 'unavailable' ? (
          <p className={styles['lead']}>Snapshots cannot be kept: {report.storage.why}</p>
        ) : (
          <>
            {domain !== undefined && <TakeForm domain={domain} />}
            <TransfersOf dialog={{ kind: 'snapshots', id }} />
            <Tree report={report} shown={shown} onAsk={setAsked} />
            <Usage report={report} />
          </>
        )}
      </div>
    </Dialog>
  )
}

type ChoiceProps = {
  readonly domains: readonly DomainInfo[]
  readonly report: SnapshotsReport
  readonly shown: string
  readonly onChange: (id: string) => void
}

function DomainChoice({ domains, report, shown, onChange }: ChoiceProps) {
  const id = useId()
  const gone = goneDomains(
    report.snapshots,
    domains.map((domain) => domain.id),
  )
  const count = (of: string) =>
    report.snapshots.filter(({ domain, automatic }) => domain === of && !automatic).length
  return (
    <div className={styles['choice']}>
      <label htmlFor={id}>Domain</label>
      <select id={id} value={shown} onChange={(event) => onChange(event.target.value)}>
        {domains.map((domain) => (
          <option key={domain.id} value={domain.id}>
            {domain.name} ({count(domain.id)})
          </option>
        ))}
        {gone.map((domain) => (
          <option key={domain} value={domain}>
            {domain}, not there any more ({count(domain)})
          </option>
        ))}
      </select>
    </div>
  )
}

function TakeForm({ domain }: { readonly domain: DomainInfo }) {
  const seat = useSeat()
  const shell = useShell()
  const id = useId()
  const [name, setName] = useState('')
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const file = useRef<HTMLInputElement>(null)
  const canTake = domain.state === 'running' || domain.state === 'paused'

  const never = NEVER[domain.keeping]
  if (never !== undefined) return <p className={styles['lead']}>{`${domain.name} ${never}`}</p>

  const take = async () => {
    setBusy(true)
    try {
      const chosen = name.trim() === '' ? defaultName(new Date()) : name
      const { pauseMs } = await takeSnapshot(seat, domain.id, { name: chosen, note: note.trim() })
      setName('')
      setNote('')
      shell.say(`Snapshot “${chosen}” taken; ${domain.name} stood still for ${formatDuration(pauseMs)}.`)
    } finally {
      setBusy(false)
    }
  }

  const importFile = async (untrustedFile: File) => {
    setBusy(true)
    try {
      await seat.call('importSnapshot', { id: domain.id, file: untrustedFile })
      await askToKeep()
      shell.say(`“${untrustedFile.name}” is a snapshot of ${domain.name} now.`)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      className={styles['take']}
      onSubmit={(event) => {
        event.preventDefault()
        shell.attempt(take())
      }}
    >
      <label htmlFor={id} className="visually-hidden">
        Name of the new snapshot
      </label>
      <input
        id={id}
        maxLength={200}
        placeholder="Name, or its time"
        value={name}
        disabled={!canTake}
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor={`${id}-note`} className="visually-hidden">
        Note for the new snapshot
      </label>
      <input
        id={`${id}-note`}
        maxLength={4000}
        placeholder="Note, if you like"
        value={note}
        disabled={!canTake}
        onChange={(event) => setNote(event.target.value)}
      />
      <Button kind="primary" type="submit" disabled={!canTake || busy}>
        <Camera size={ICON} /> Take a snapshot
      </Button>
      <Button disabled={busy} onClick={() => file.current?.click()}>
        <Upload size={ICON} /> Import…
      </Button>
      <input
        ref={file}
        type="file"
        hidden
        aria-label="Snapshot file"
        accept=".hssnap"
        onChange={(event) => {
          const untrustedFile = event.target.files?.[0]
          if (untrustedFile !== undefined) shell.attempt(importFile(untrustedFile))
          event.target.value = ''
        }}
      />
      {!canTake && (
        <p className={styles['lead']}>
          {isLive(domain.state) ? `${domain.name} is on its way; ` : `${domain.name} is not running; `}a
          snapshot needs it to run or to be paused.
        </p>
      )}
    </form>
  )
}

type TreeProps = {
  readonly report: SnapshotsReport
  readonly shown: string
  readonly onAsk: (asked: Asked) => void
}

function Tree({ report, shown, onAsk }: TreeProps) {
  const seat = useSeat()
  const shell = useShell()
  const rows = treeOf(report.snapshots, shown)
  const current = report.current.find(([domain]) => domain === shown)?.[1]

  if (rows.length === 0) return <p className={styles['lead']}>There are none of it yet.</p>

  const exportOne = async (snapshot: SnapshotInfo) => {
    const content = await seat.call('exportSnapshot', { snapshotId: snapshot.id })
    saveBlob(content, `${fileName(`${snapshot.domain} ${snapshot.name}`)}.hssnap`)
  }

  return (
    <ol className={styles['tree']} aria-label="Snapshots, each after the one it was taken after">
      {rows.map((row) => {
        const { id, parent } = row.snapshot
        const after =
          row.depth > 0 && row.starts ? report.snapshots.find((one) => one.id === parent) : undefined
        return (
          <SnapshotRow
            key={id}
            row={row}
            isCurrent={id === current}
            after={after?.name}
            onAct={(act) => onAsk({ act, snapshot: row.snapshot })}
            onExport={() => shell.attempt(exportOne(row.snapshot))}
            onDescribe={(text) => shell.attempt(seat.call('describeSnapshot', { snapshotId: id, ...text }))}
          />
        )
      })}
    </ol>
  )
}

function Usage({ report: { storage, snapshots } }: { readonly report: SnapshotsReport }) {
  if (storage.kind !== 'open' || snapshots.length === 0) return undefined
  const { liveBytes, separateBytes } = storage.usage
  return (
    <p className={styles['usage']}>
      {snapshots.length === 1 ? 'One snapshot takes' : `All ${snapshots.length} snapshots take`}{' '}
      {formatBytes(liveBytes)} in this browser
      {snapshots.length > 1 && `; apart from each other they would take ${formatBytes(separateBytes)}`}. Pages
      that are equal are kept once.
    </p>
  )
}

type ConfirmProps = {
  readonly asked: Asked
  readonly domain: DomainInfo | undefined
  readonly onCancel: () => void
  readonly onConfirm: () => void
}

function Confirm({ asked: { act, snapshot }, domain, onCancel, onConfirm }: ConfirmProps) {
  const live = domain !== undefined && isLive(domain.state)
  const words =
    act === 'remove'
      ? 'What only it holds is gone; what other snapshots share with it stays theirs.'
      : domain === undefined
        ? `A new domain is made from “${snapshot.appliance}” and goes on from there.`
        : live
          ? `${domain.name} as it is now is given up, unsaved work included. Its memory and its disk go back to how they were then.`
          : `${domain.name} goes on from there. Its disk goes back to how it was then, too.`
  return (
    <Dialog
      title={act === 'remove' ? `Remove “${snapshot.name}”?` : `Go back to “${snapshot.name}”?`}
      onClose={onCancel}
      actions={
        <>
          <Button onClick={onCancel}>Cancel</Button>
          <Button kind={act === 'remove' || live ? 'danger' : 'primary'} onClick={onConfirm}>
            {act === 'remove' ? 'Remove' : 'Restore'}
          </Button>
        </>
      }
    >
      <p className={styles['lead']}>{words}</p>
      {act === 'restore' && live && (
        <p className={styles['lead']}>To be able to come back to now, take a snapshot of it first.</p>
      )}
    </Dialog>
  )
}
