/** What crosses at this moment: files on their way with their progress, and texts that guests offer for the clipboard. */

import { X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { ClipOffer } from '../../state/crossings.ts'
import type { TransferInfo } from '../../protocol/transfers.ts'
import { Button, IconButton } from '../parts/Button.tsx'
import { formatBytes } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { ClipWanted } from './ClipWanted.tsx'
import styles from './files.module.css'

/** What is done sooner needs no progress. Milliseconds. */
const SHOWN_AFTER = 700

export function Crossings() {
  const { crossings } = useSeat()
  const transfers = useStore(crossings.store, (state) => state.transfers)
  const offers = useStore(crossings.store, (state) => state.offers)
  return (
    <>
      <div className={styles['crossings']}>
        {transfers.map((transfer) => (
          <TransferLine key={transfer.id} transfer={transfer} />
        ))}
        {offers.map((offer) => (
          <OfferCard key={offer.id} offer={offer} />
        ))}
      </div>
      <ClipWanted />
    </>
  )
}

function TransferLine({ transfer }: { readonly transfer: TransferInfo }) {
  const seat = useSeat()
  const shell = useShell()
  const [shown, setShown] = useState(false)
  const { id, source, destination, file, doneBytes, totalBytes } = transfer
  const from = useMachine(({ domains }) => domains.find((domain) => domain.id === source))
  const to = useMachine(({ domains }) => domains.find((domain) => domain.id === destination))

  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOWN_AFTER)
    return () => clearTimeout(timer)
  }, [])
  if (!shown) return undefined

  const route =
    from === undefined
      ? `to ${to?.name ?? destination}`
      : `from ${from.name} to ${to?.name ?? 'this computer'}`
  const words = `${file}, ${route}`
  const total = totalBytes > 0 ? ` of ${formatBytes(totalBytes)}` : ''
  return (
    <section className={styles['card']} data-colour={(to ?? from)?.colour} aria-label={words}>
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
      <IconButton
        label={`Cancel ${file}`}
        onClick={() => shell.attempt(seat.call('cancelTransfer', { transfer: id }))}
      >
        <X size={15} />
      </IconButton>
    </section>
  )
}

/** Characters of an offer that are shown; the person takes all of it or nothing. */
const PREVIEW = 160

function OfferCard({ offer }: { readonly offer: ClipOffer }) {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  const { id, text } = offer
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  if (domain === undefined) return undefined

  const close = () => {
    seat.crossings.dropOffer(id)
    stage.focusGuest()
  }
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      return shell.say('The browser did not let the page write its clipboard.', 'fault')
    }
    shell.say('Copied.')
    close()
  }
  return (
    <section
      className={styles['card']}
      data-colour={domain.colour}
      aria-label={`${domain.name} offers text for your clipboard`}
    >
      <div className={styles['words']}>
        <strong>{domain.name}</strong>
        <span>offers text for your clipboard</span>
      </div>
      <pre className={styles['preview']}>
        {text.slice(0, PREVIEW)}
        {text.length > PREVIEW && '…'}
      </pre>
      <div className={styles['choices']}>
        <Button onClick={close}>Dismiss</Button>
        <Button kind="primary" onClick={() => void copy()}>
          Copy
        </Button>
      </div>
    </section>
  )
}
