/** The way to paste where the browser does not let a page read the clipboard. */

import { useRef } from 'react'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { useStage } from '../stage/seat-context.tsx'
import styles from './dialogs.module.css'
import { useShell } from './shell-store.ts'

export function PasteDialog() {
  const stage = useStage()
  const shell = useShell()
  const field = useRef<HTMLTextAreaElement>(null)
  const send = () => {
    const text = field.current?.value ?? ''
    shell.close()
    if (text !== '') stage.pasteText(text)
  }
  return (
    <Dialog
      title="Paste into the console"
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>Cancel</Button>
          <Button kind="primary" onClick={send}>
            Send to the guest
          </Button>
        </>
      }
    >
      <div className={styles['text']}>
        <p>The browser keeps its clipboard to itself. Paste here; it is typed into the focused guest.</p>
        <textarea
          ref={field}
          className={styles['area']}
          rows={6}
          aria-label="Text to paste"
          spellCheck={false}
        />
      </div>
    </Dialog>
  )
}
