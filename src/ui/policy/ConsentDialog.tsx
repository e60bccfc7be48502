/** A question of the policy's to the person, in the console's own chrome: who asks for what of whom, and by which line. */

import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { ConsentAnswer, ConsentRequest } from '../../protocol/policy.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { placeWords } from './words.ts'
import styles from './policy.module.css'

/**
 * A guest chooses the moment of its question, and a person may be typing: what is pressed or clicked so soon was not
 * meant for it. Milliseconds.
 */
const UNSEEN_MS = 600

export function ConsentDialog() {
  const { policy } = useSeat()
  const request = useStore(policy.store, ({ consents }) => consents[0])
  const waiting = useStore(policy.store, ({ consents }) => consents.length - 1)
  return request === undefined ? undefined : <Question key={request.id} request={request} waiting={waiting} />
}

function Question({ request, waiting }: { readonly request: ConsentRequest; readonly waiting: number }) {
  const seat = useSeat()
  const shell = useShell()
  const stage = useStage()
  const [shownAt] = useState(() => performance.now())
  const { id, source, destination, service, words, line } = request

  const safe = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    // What Enter does must be the safe answer; the dialog itself would begin with its first button.
    safe.current?.focus()
    return () => stage.focusGuest()
  }, [stage])

  const answer = (answer: ConsentAnswer) => {
    if (performance.now() - shownAt < UNSEEN_MS) return
    shell.attempt(seat.call('answerConsent', { id, answer }))
  }
  return (
    <Dialog
      title="May this cross?"
      size="medium"
      onClose={() => answer('deny')}
      actions={
        <>
          <Button kind="plain" onClick={() => answer('block')}>
            Never this session
          </Button>
          <Button ref={safe} onClick={() => answer('deny')}>
            Deny
          </Button>
          <Button onClick={() => answer('session')}>Allow this session</Button>
          <Button kind="primary" onClick={() => answer('once')}>
            Allow once
          </Button>
        </>
      }
    >
      <div className={styles['crossing']}>
        <Party id={source} side="From" />
        <span aria-hidden="true">→</span>
        <Party id={destination} side="To" />
      </div>
      <p className={styles['asked']}>
        <strong>{words}</strong>
      </p>
      <p className={styles['quiet']}>
        Service <code>{service}</code>; line {line} of the policy leaves it to you.
        {waiting > 0 && ` ${waiting} more ${waiting === 1 ? 'question waits' : 'questions wait'}.`}
      </p>
    </Dialog>
  )
}

function Party({ id, side }: { readonly id: string; readonly side: string }) {
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  return (
    <span className={styles['party']} data-colour={domain?.colour ?? 'grey'}>
      <small>{side}</small>
      {domain?.name ?? placeWords(id)}
    </span>
  )
}
