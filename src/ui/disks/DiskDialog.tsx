/** A domain's disk: what it takes, and its content out of the browser, into it, or gone. */

import { useEffect, useRef, useState } from 'react'
import { err, type Result } from '../../base/result.ts'
import type { DiskUsage } from '../../protocol/disk.ts'
import type { DomainId } from '../../protocol/domain.ts'
import { isLive } from '../../state/machine-store.ts'
import { saveBlob } from '../files/save-blob.ts'
import { ProgressCard, TransfersOf } from '../files/TransferCard.tsx'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { formatBytes } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { chooseImage } from './choose-image.ts'
import styles from './disks.module.css'
import { readImage, type ReadImage } from './read-image.ts'

/** What is asked before it is done, since it cannot be undone. */
type Asked = { readonly act: 'reset' } | { readonly act: 'replace'; readonly file: File }

/** A packed file of the person's while it is unpacked, before HyperCore has it. */
type Unpacking = { readonly file: File; readonly doneBytes: number; readonly stop: () => void }

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function DiskDialog({ id }: { readonly id: DomainId }) {
  const seat = useSeat()
  const shell = useShell()
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  const [usage, setUsage] = useState<DiskUsage>()
  const [asked, setAsked] = useState<Asked>()
  const [working, setWorking] = useState<string>()
  const [said, setSaid] = useState<{ readonly text: string; readonly fault: boolean }>()
  const [unpacking, setUnpacking] = useState<Unpacking>()
  const isOpen = useRef(true)
  const kept = domain?.disk?.kept === true

  useEffect(() => {
    isOpen.current = true
    return () => {
      isOpen.current = false
    }
  }, [])

  useEffect(() => {
    if (!kept || working !== undefined) return undefined
    let open = true
    const measure = async () => {
      try {
        const found = await seat.call('diskUsage', { id })
        if (open) setUsage(found)
      } catch (error) {
        if (open) setSaid({ text: words(error), fault: true })
      }
    }
    void measure()
    return () => {
      open = false
    }
  }, [id, kept, seat, working])

  if (domain?.disk === undefined) return undefined
  const { name, state, disk } = domain
  const live = isLive(state)

  const work = async (what: string, action: () => Promise<string>) => {
    setAsked(undefined)
    setSaid(undefined)
    setWorking(what)
    const tell = (text: string, fault: boolean) => {
      if (isOpen.current) setSaid({ text, fault })
      else shell.say(text, fault ? 'fault' : 'info')
    }
    try {
      tell(await action(), false)
    } catch (error) {
      tell(words(error), true)
    }
    setWorking(undefined)
  }
  const save = () =>
    work('Gathering the image…', async () => {
      const image = await seat.call('exportDisk', { id })
      saveBlob(image, `${id}.img`)
      return `The image is on its way to your downloads as ${id}.img, ${formatBytes(image.size)}.`
    })
  const unpack = async (file: File): Promise<Result<ReadImage, string>> => {
    const stopping = new AbortController()
    const { signal } = stopping
    const stop = () => stopping.abort()
    try {
      return await readImage(file, {
        signal,
        progress: (doneBytes) => setUnpacking({ file, doneBytes, stop }),
      })
    } catch (error) {
      if (!signal.aborted) throw error
      return err('Cancelled: the disk is what it was.')
    } finally {
      setUnpacking(undefined)
    }
  }
  const replace = (file: File) =>
    work('Replacing the content…', async () => {
      const image = await unpack(file)
      if (!image.ok) return Promise.reject(new Error(image.error))
      await seat.call('importDisk', { id, file: image.value.raw })
      return `The disk now holds ${file.name}.`
    })
  const reset = () =>
    work('Resetting…', async () => {
      await seat.call('resetDisk', { id })
      return disk.ofFile === true
        ? 'The disk is as your file is again.'
        : 'The disk is blank. Its guest sets it up anew at its next start.'
    })
  const confirm = (act: Asked) => void (act.act === 'reset' ? reset() : replace(act.file))

  const off = kept && !live && working === undefined
  return (
    <Dialog
      title={`Disk of ${name}`}
      onClose={() => shell.close()}
      actions={
        asked === undefined ? (
          <Button onClick={() => shell.close()}>Close</Button>
        ) : (
          <>
            <Button onClick={() => setAsked(undefined)}>Cancel</Button>
            <Button kind="danger" onClick={() => confirm(asked)}>
              {asked.act === 'reset' ? 'Reset the disk' : 'Replace the content'}
            </Button>
          </>
        )
      }
    >
      <div className={styles['form']}>
        <dl className={styles['facts']}>
          <dt>Size</dt>
          <dd>{formatBytes(disk.sizeBytes)}</dd>
          <dt>Kept</dt>
          <dd>
            {kept ? 'In this browser; what the guest has synced survives.' : 'No: lost when the guest ends.'}
          </dd>
          {usage !== undefined && (
            <>
              <dt>Takes</dt>
              <dd>{formatBytes(usage.storedBytes)}, for the blocks that were ever written</dd>
              {usage.originBytes !== undefined && usage.quotaBytes !== undefined && (
                <>
                  <dt>All of this site</dt>
                  <dd>
                    {formatBytes(usage.originBytes)} of the {formatBytes(usage.quotaBytes)} that the browser
                    grants
                  </dd>
                </>
              )}
            </>
          )}
        </dl>
        {asked !== undefined && (
          <p role="alert">
            <strong>
              Everything on the disk of {name} will be lost
              {asked.act === 'replace' ? `, and replaced by ${asked.file.name}.` : '.'}
            </strong>{' '}
            There is no way back but an image saved before.
          </p>
        )}
        {kept && asked === undefined && (
          <div className={styles['buttons']}>
            <Button disabled={!off} onClick={() => void save()}>
              Save as an image
            </Button>
            <Button disabled={!off} onClick={() => chooseImage((file) => setAsked({ act: 'replace', file }))}>
              Replace by an image…
            </Button>
            <Button disabled={!off} onClick={() => setAsked({ act: 'reset' })}>
              Reset…
            </Button>
          </div>
        )}
        {kept && live && <p>Shut {name} down first: an image of a disk in use is of no single instant.</p>}
        {working !== undefined && <output>{working}</output>}
        {unpacking !== undefined && (
          <ProgressCard
            file={unpacking.file.name}
            route="unpacked in this browser"
            doneBytes={unpacking.doneBytes}
            totalBytes={unpacking.file.size}
            onCancel={unpacking.stop}
          />
        )}
        <TransfersOf dialog={{ kind: 'disk', id }} />
        {said?.fault === true && <p role="alert">{said.text}</p>}
        {said?.fault === false && <output>{said.text}</output>}
      </div>
    </Dialog>
  )
}
