/** A guest may have the clipboard, once: the page reads it, or asks the person to paste where the browser does not let it. */

import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { ClipWanted as Wanted } from '../../state/crossings.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import dialogs from '../shell/dialogs.module.css'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'

export function ClipWanted() {
  const { crossings } = useSeat()
  const wanted = useStore(crossings.store, (state) => state.wanted[0])
  return wanted === undefined ? undefined : <Reading key={wanted.request} wanted={wanted} />
}

function Reading({ wanted }: { readonly wanted: Wanted }) {
  const { crossings } = useSeat()
  const shell = useShell()
  const stage = useStage()
  const field = useRef<HTMLTextAreaElement>(null)
  const [refused, setRefused] = useState(false)
  const name = useMachine(({ domains }) => domains.find(({ id }) => id === wanted.id)?.name) ?? wanted.id
  const { request } = wanted

  useEffect(() => {
    let over = false
    const read = async () => {
      try {
        const text = await navigator.clipboard.readText()
        if (!over) shell.attempt(crossings.answerClip(request, text))
      } catch {
        // Firefox and Safari want a gesture of their own, and a person may have said no: they can still paste.
        if (!over) setRefused(true)
      }
    }
    void read()
    return () => {
      over = true
    }
  }, [crossings, request, shell])

  if (!refused) return undefined
  const answer = (text: string | undefined) => {
    shell.attempt(crossings.answerClip(request, text))
    stage.focusGuest()
  }
  return (
    <Dialog
      title={`Paste for ${name}`}
      onClose={() => answer(undefined)}
      actions={
        <>
          <Button onClick={() => answer(undefined)}>Do not give it</Button>
          <Button kind="primary" onClick={() => answer(field.current?.value ?? '')}>
            Give it to {name}
          </Button>
        </>
      }
    >
      <div className={dialogs['text']}>
        <p>
          {name} asked for your clipboard and may have it. The browser keeps it to itself: paste here what{' '}
          {name} is to get.
        </p>
        <textarea
          ref={field}
          className={dialogs['area']}
          rows={5}
          aria-label={`Text for ${name}`}
          spellCheck={false}
        />
      </div>
    </Dialog>
  )
}
