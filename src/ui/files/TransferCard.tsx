/** How far something is that takes more than a moment: bytes of how many, and a way to stop it. */

import { X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { Colour } from '../../protocol/domain.ts'
import type { TransferInfo } from '../../protocol/transfers.ts'
import { IconButton } from '../parts/Button.tsx'
import { formatBytes } from '../shell/figures.ts'
import { useShell, type ShellDialog } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './files.module.css'

/** What is done sooner needs no progress. Milliseconds. */
const SHOWN_AFTER = 700

type ProgressProps = {
  /** What is on its way; a name as long as its sender likes. */
  readonly file: string
  /** Where it goes, or what is done with it. */
  readonly route: string
  readonly doneBytes: number
  /** 0 where it is not known. */
  readonly totalBytes: number
  readonly colour?: Colour | undefined
  readonly onCancel: () => void
}

export function ProgressCard({ file, route, doneBytes, totalBytes, colour, onCancel }: ProgressProps) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOWN_AFTER)
    return () => clearTimeout(timer)
  }, [])
  if (!shown) return undefined

  const words = `${file}, ${route}`
  const total = totalBytes > 0 ? ` of ${formatBytes(totalBytes)}` : ''
  return (
    <section className={styles['card']} data-colour={colour} aria-label={words}>
      <div className={styles['words']}>
        <strong>{file}</strong>
        <span>{route}</span>
      </div>
      <progress
        className={styles['progress']}
        aria-label={words}
        {...(totalBytes > 0 ? { value: doneBytes, max: totalBytes } : {})}
      />
      <span className={styles['figure']}>
        {formatBytes(doneBytes)}
        {total}
      </span>
      <IconButton label={`Cancel ${file}`} onClick={onCancel}>
        <X size={15} />
      </IconButton>
    </section>
  )
}

export function TransferCard({ transfer }: { readonly transfer: TransferInfo }) {
  const seat = useSeat()
  const shell = useShell()
  const { id, what, source, destination, file, doneBytes, totalBytes } = transfer
  const from = useMachine(({ domains }) => domains.find((domain) => domain.id === source))
  const to = useMachine(({ domains }) => domains.find((domain) => domain.id === destination))
  const its = what === 'file' ? '' : what === 'disk' ? '’s disk' : '’s snapshots'
  const receiver = destination === 'host' ? 'this computer' : `${to?.name ?? destination}${its}`
  return (
    <ProgressCard
      file={file}
      route={source === 'host' ? `to ${receiver}` : `from ${from?.name ?? source}${its} to ${receiver}`}
      doneBytes={doneBytes}
      totalBytes={totalBytes}
      colour={(to ?? from)?.colour}
      onCancel={() => shell.attempt(seat.call('cancelTransfer', { transfer: id }))}
    />
  )
}

/** Whether a dialog shows this one itself, where it can be reached: everything behind a dialog is out of reach. */
export function isShownBy(
  dialog: ShellDialog | undefined,
  { what, source, destination }: TransferInfo,
): boolean {
  if (dialog?.kind === 'snapshots') return what === 'snapshot'
  return dialog?.kind === 'disk' && what === 'disk' && [source, destination].includes(dialog.id)
}

/** Those that belong to an open dialog, for its body. */
export function TransfersOf({ dialog }: { readonly dialog: ShellDialog }) {
  const { crossings } = useSeat()
  const transfers = useStore(crossings.store, (state) => state.transfers)
  const shown = transfers.filter((transfer) => isShownBy(dialog, transfer))
  if (shown.length === 0) return undefined
  return (
    <div className={styles['inline']}>
      {shown.map((transfer) => (
        <TransferCard key={transfer.id} transfer={transfer} />
      ))}
    </div>
  )
}
