/** One snapshot in its tree: what it is, what it takes up, and what can be done with it. */

import { Download, History, Pencil, Trash2 } from 'lucide-react'
import { useId, useState } from 'react'
import type { SnapshotInfo } from '../../protocol/snapshot.ts'
import type { TreeRow } from '../../state/snapshots.ts'
import { Button, IconButton } from '../parts/Button.tsx'
import { formatBytes } from '../shell/figures.ts'
import { SnapshotPicture } from './SnapshotPicture.tsx'
import styles from './Snapshots.module.css'

const ICON = 15

/** Deeper than a phone is wide, branches share a column. */
const DEEPEST = 4

export type RowAct = 'restore' | 'remove'

type Props = {
  readonly row: TreeRow
  /** The present life of the domain goes back to it. */
  readonly isCurrent: boolean
  /** What it was taken after, where that is not the row above. */
  readonly after: string | undefined
  readonly onAct: (act: RowAct) => void
  readonly onExport: () => void
  readonly onDescribe: (text: { name: string; note: string }) => void
}

export function SnapshotRow({ row, isCurrent, after, onAct, onExport, onDescribe }: Props) {
  const { snapshot, depth } = row
  const [editing, setEditing] = useState(false)
  const damaged = snapshot.state === 'damaged'
  const name = damaged && snapshot.name === '' ? 'Damaged snapshot' : snapshot.name
  return (
    <li
      className={styles['row']}
      data-current={isCurrent || undefined}
      data-starts={row.starts || undefined}
      data-continues={row.continues || undefined}
      data-depth={Math.min(depth, DEEPEST)}
      aria-current={isCurrent ? 'true' : undefined}
    >
      <span className={styles['stem']} aria-hidden="true" />
      {damaged ? <span className={styles['picture']} /> : <SnapshotPicture id={snapshot.id} />}
      {editing ? (
        <EditForm
          snapshot={snapshot}
          onDone={(text) => {
            setEditing(false)
            if (text !== undefined) onDescribe(text)
          }}
        />
      ) : (
        <>
          <div className={styles['words']}>
            <span className={styles['name']}>
              {name}
              {isCurrent && <span className={styles['mark']}>you are here</span>}
            </span>
            <Figures snapshot={snapshot} />
            {after !== undefined && <span className={styles['after']}>branches off “{after}”</span>}
            {snapshot.note !== '' && <p className={styles['note']}>{snapshot.note}</p>}
          </div>
          <div className={styles['acts']}>
            {!damaged && (
              <>
                <Button onClick={() => onAct('restore')} aria-label={`Restore ${name}`}>
                  <History size={ICON} /> Restore
                </Button>
                <IconButton label={`Rename ${name}`} onClick={() => setEditing(true)}>
                  <Pencil size={ICON} />
                </IconButton>
                <IconButton label={`Export ${name} to a file`} onClick={onExport}>
                  <Download size={ICON} />
                </IconButton>
              </>
            )}
            <IconButton label={`Remove ${name}`} onClick={() => onAct('remove')}>
              <Trash2 size={ICON} />
            </IconButton>
          </div>
        </>
      )}
    </li>
  )
}

function Figures({ snapshot }: { readonly snapshot: SnapshotInfo }) {
  if (snapshot.state === 'damaged')
    return <span className={styles['figures']}>its stored pages are damaged; it can only be removed</span>
  const time = new Date(snapshot.time)
  return (
    <span className={styles['figures']}>
      <time dateTime={time.toISOString()}>
        {time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
      </time>
      <span title="What removing it would free, and what it uses together with other snapshots">
        {formatBytes(snapshot.ownBytes)} own, {formatBytes(snapshot.sharedBytes)} shared
      </span>
    </span>
  )
}

type EditProps = {
  readonly snapshot: SnapshotInfo
  readonly onDone: (text: { name: string; note: string } | undefined) => void
}

function EditForm({ snapshot, onDone }: EditProps) {
  const id = useId()
  const [name, setName] = useState(snapshot.name)
  const [note, setNote] = useState(snapshot.note)
  return (
    <form
      className={styles['edit']}
      onSubmit={(event) => {
        event.preventDefault()
        onDone({ name, note })
      }}
    >
      <label htmlFor={`${id}-name`}>Name</label>
      <input
        id={`${id}-name`}
        required
        maxLength={200}
        value={name}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the person has just asked to write here
        autoFocus
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor={`${id}-note`}>Note</label>
      <textarea
        id={`${id}-note`}
        rows={2}
        maxLength={4000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <div className={styles['editActs']}>
        <Button onClick={() => onDone(undefined)}>Cancel</Button>
        <Button kind="primary" type="submit">
          Save
        </Button>
      </div>
    </form>
  )
}
