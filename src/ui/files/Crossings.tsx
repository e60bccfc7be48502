/** What crosses at this moment: files on their way with their progress, and texts that guests offer for the clipboard. */

import { useStore } from 'zustand'
import type { ClipOffer } from '../../state/crossings.ts'
import { Button } from '../parts/Button.tsx'
import { useShell, useShellState } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { ClipWanted } from './ClipWanted.tsx'
import styles from './files.module.css'
import { isShownBy, TransferCard } from './TransferCard.tsx'

export function Crossings() {
  const { crossings } = useSeat()
  const transfers = useStore(crossings.store, (state) => state.transfers)
  const dialog = useShellState((state) => state.dialog)
  const offers = useStore(crossings.store, (state) => state.offers)
  return (
    <>
      <div className={styles['crossings']}>
        {transfers
          .filter((transfer) => !isShownBy(dialog, transfer))
          .map((transfer) => (
            <TransferCard key={transfer.id} transfer={transfer} />
          ))}
        {offers.map((offer) => (
          <OfferCard key={offer.id} offer={offer} />
        ))}
      </div>
      <ClipWanted />
    </>
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
