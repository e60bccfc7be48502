/** Takes a file out of a guest: the person types its path, the browser saves it. */

import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react'
import { FaultError } from '../../protocol/fault.ts'
import type { DomainId } from '../../protocol/domain.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import dialogs from '../shell/dialogs.module.css'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './files.module.css'
import { saveBlob } from './save-blob.ts'

export function FetchDialog({ id }: { readonly id: DomainId }) {
  const seat = useSeat()
  const shell = useShell()
  const field = useRef<HTMLInputElement>(null)
  const form = useId()
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  const name = useMachine(({ domains }) => domains.find((domain) => domain.id === id)?.name)
  // After the dialog has opened, which begins with its first button.
  useEffect(() => field.current?.focus(), [])
  if (name === undefined) return undefined

  const fetchIt = async (path: string) => {
    setFault(undefined)
    setBusy(true)
    try {
      const content = await seat.call('fetchFile', { id, path })
      shell.close()
      saveBlob(content, path.split('/').findLast((part) => part.trim() !== '') ?? 'file')
    } catch (error) {
      // Said beside the field, so that the path can be mended.
      setFault(error instanceof FaultError ? error.message : String(error))
      setBusy(false)
      field.current?.focus()
    }
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!busy) void fetchIt(field.current?.value ?? '')
  }

  return (
    <Dialog
      title={`Fetch a file from ${name}`}
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>{busy ? 'Close' : 'Cancel'}</Button>
          <Button kind="primary" type="submit" form={form} disabled={busy}>
            {busy ? 'Fetching…' : 'Save'}
          </Button>
        </>
      }
    >
      <form id={form} className={dialogs['text']} onSubmit={submit}>
        <label htmlFor={`${form}-path`}>Path of the file in the guest</label>
        <input
          id={`${form}-path`}
          ref={field}
          className={styles['path']}
          placeholder="/root/notes.txt"
          aria-describedby={`${form}-words`}
          aria-invalid={fault !== undefined || undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        <p id={`${form}-words`} role={fault === undefined ? undefined : 'alert'}>
          {fault === undefined ? (
            'A path without a slash at its beginning starts in /root.'
          ) : (
            <strong>{fault}</strong>
          )}
        </p>
      </form>
    </Dialog>
  )
}
