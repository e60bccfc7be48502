/** The small picture that a snapshot was taken with; a plain field where it has none. */

import { useEffect, useState } from 'react'
import type { SnapshotId } from '../../protocol/snapshot.ts'
import { pictureOf } from '../../state/snapshots.ts'
import { useSeat } from '../stage/seat-context.tsx'
import styles from './Snapshots.module.css'

export function SnapshotPicture({ id }: { readonly id: SnapshotId }) {
  const seat = useSeat()
  const [url, setUrl] = useState<string>()

  useEffect(() => {
    const made: string[] = []
    let isGone = false
    const show = (untrustedBytes: Uint8Array<ArrayBuffer>) => {
      const picture = isGone ? undefined : pictureOf(untrustedBytes)
      if (picture === undefined) return
      const address = URL.createObjectURL(picture)
      made.push(address)
      setUrl(address)
    }
    // Without its picture the snapshot is as good.
    seat.call('snapshotThumbnail', { snapshotId: id }).then(show, () => undefined)
    return () => {
      isGone = true
      for (const address of made) URL.revokeObjectURL(address)
    }
  }, [seat, id])

  return (
    <span className={styles['picture']}>
      {url !== undefined && <img src={url} alt="" width={96} height={60} />}
    </span>
  )
}
