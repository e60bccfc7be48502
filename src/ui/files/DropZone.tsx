/** The overlay for files that are dragged over the page: a box for each thing that can be done with them. */

import { useEffect, useState, type DragEvent as ReactDragEvent } from 'react'
import { focusedDomain } from '../../state/machine-store.ts'
import { useMachine, useStage } from '../stage/seat-context.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useDropTargets, type DropTarget } from './drop-targets.ts'
import styles from './files.module.css'

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true
}

/** A dialog that is open may take files itself, and asks for an answer first. */
function blocked(): boolean {
  return document.querySelector('dialog[open]') !== null
}

export function DropZone() {
  const [over, setOver] = useState(false)
  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (!carriesFiles(event) || event.defaultPrevented) return
      // A browser would leave the page to show a file that nobody takes.
      event.preventDefault()
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'none'
      setOver(!blocked())
    }
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const onDrop = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault()
      setOver(false)
    }
    window.addEventListener('dragenter', onDrag)
    window.addEventListener('dragover', onDrag)
    window.addEventListener('dragleave', onLeave)
    window.addEventListener('drop', onDrop)
    return () => {
      window.removeEventListener('dragenter', onDrag)
      window.removeEventListener('dragover', onDrag)
      window.removeEventListener('dragleave', onLeave)
      window.removeEventListener('drop', onDrop)
    }
  }, [])
  return over ? <Targets close={() => setOver(false)} /> : undefined
}

function Targets({ close }: { readonly close: () => void }) {
  const targets = useDropTargets()
  const colour = useMachine((state) => focusedDomain(state)?.colour)
  return (
    <div className={styles['zone']} data-colour={colour}>
      {targets.map((target) => (
        <Target key={target.key} target={target} close={close} />
      ))}
    </div>
  )
}

function Target({ target, close }: { readonly target: DropTarget; readonly close: () => void }) {
  const [here, setHere] = useState(false)
  const shell = useShell()
  const stage = useStage()
  const onOver = (event: ReactDragEvent) => {
    event.preventDefault()
    event.dataTransfer.dropEffect = target.take === undefined ? 'none' : 'copy'
    setHere(true)
  }
  const onDrop = (event: ReactDragEvent) => {
    event.preventDefault()
    const { files, folders } = contents(event.dataTransfer)
    close()
    if (folders > 0) shell.say('A folder cannot be sent: pack it into one file first.', 'fault')
    if (files.length > 0) target.take?.(files)
    stage.focusGuest()
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- “Send a file…” of the domain's menu does it without a drag
    <div
      className={styles['target']}
      data-here={here || undefined}
      data-refused={target.take === undefined || undefined}
      onDragEnter={onOver}
      onDragOver={onOver}
      onDragLeave={() => setHere(false)}
      onDrop={onDrop}
    >
      <strong>{target.title}</strong>
      <span>{target.detail}</span>
    </div>
  )
}

/** A browser gives a folder as a file that cannot be read. */
function contents(transfer: DataTransfer): { readonly files: readonly File[]; readonly folders: number } {
  const files: File[] = []
  let folders = 0
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue
    const file = item.getAsFile()
    if (item.webkitGetAsEntry()?.isDirectory === true) folders += 1
    else if (file !== null) files.push(file)
  }
  return { files, folders }
}
