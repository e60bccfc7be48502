/** A disk image of the person's own: what it is, which machine it is put into, and what is known to work. */

import { useEffect, useId, useState, type SyntheticEvent } from 'react'
import { FaultError } from '../../protocol/fault.ts'
import { IMAGE_KINDS, PROFILES, type ImageKind, type ProfileName } from '../../protocol/own-image.ts'
import { ProgressCard } from '../files/TransferCard.tsx'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { formatBytes } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { OwnMachine, profileChoice, type Chosen } from './OwnMachine.tsx'
import styles from './disks.module.css'
import { readImage, type ReadImage } from './read-image.ts'

type State =
  | { readonly step: 'reading'; readonly doneBytes: number | undefined }
  | { readonly step: 'read'; readonly image: ReadImage }
  | { readonly step: 'refused'; readonly words: string }

const PROFILE_NAMES: readonly ProfileName[] = ['linux', 'dos', 'windows-9x', 'windows-nt', 'bsd', 'other']
const KINDS: readonly ImageKind[] = ['cdrom', 'hard-disk', 'floppy']

type Place = 'beside' | 'primary'

const PLACES: Readonly<Record<Place, string>> = {
  beside: 'It reaches the switch’s own services and the portal; the policy knows it as “own”.',
  primary:
    'F4 leads to it, and the policy’s lines for the primary hold for it, until it is removed. The flash’s Linux stays in the bar, its disk untouched; its menu makes it the primary again.',
}

const KEPT =
  'What the guest writes is kept beside it in this browser, for one machine with this file at a time. After a reload, choose the file again: the guest goes on with its changes.'
const NOT_KEPT =
  'What the guest writes is in memory and gone when it ends; after a reload, choose the file again.'

/** The supervisor takes no longer name. */
const NAME_LIMIT = 40

function nameOf(file: File): string {
  const plain = file.name.replace(/(\.(iso|img|ima|dsk|raw|bin|vfd|flp|gz|zst|xz))+$/i, '')
  return plain.replaceAll(/\p{C}/gu, '').trim().slice(0, NAME_LIMIT) || 'Own image'
}

/** By what such files are called; the person sees it and may know better. */
const GUESSES: readonly (readonly [RegExp, ProfileName])[] = [
  [/win.?(3|9|me)|w9[58]/i, 'windows-9x'],
  [/win|winnt|reactos/i, 'windows-nt'],
  [/bsd/i, 'bsd'],
  [/dos/i, 'dos'],
  [/linux|debian|alpine|tinycore|core|slax|arch|gentoo|buildroot/i, 'linux'],
]

function guess(name: string, kind: ImageKind): ProfileName {
  return GUESSES.find(([pattern]) => pattern.test(name))?.[1] ?? (kind === 'floppy' ? 'dos' : 'other')
}

function useImage(file: File): State {
  const [state, setState] = useState<State>({ step: 'reading', doneBytes: undefined })
  useEffect(() => {
    const leaving = new AbortController()
    const { signal } = leaving
    const progress = (doneBytes: number) => {
      if (!signal.aborted) setState({ step: 'reading', doneBytes })
    }
    const read = async (): Promise<State> => {
      try {
        const result = await readImage(file, { progress, signal })
        return result.ok ? { step: 'read', image: result.value } : { step: 'refused', words: result.error }
      } catch (error) {
        return { step: 'refused', words: String(error) }
      }
    }
    const show = async () => {
      const next = await read()
      if (!signal.aborted) setState(next)
    }
    void show()
    return () => leaving.abort()
  }, [file])
  return state
}

export function OwnImageDialog({ file }: { readonly file: File }) {
  const shell = useShell()
  const form = useId()
  const state = useImage(file)
  const [busy, setBusy] = useState(false)
  return (
    <Dialog
      title="A machine for your own image"
      size="medium"
      onClose={() => shell.close()}
      actions={
        <>
          <Button onClick={() => shell.close()}>Cancel</Button>
          <Button kind="primary" type="submit" form={form} disabled={state.step !== 'read' || busy}>
            {busy ? 'Starting…' : 'Start'}
          </Button>
        </>
      }
    >
      {state.step === 'reading' && <Reading file={file} doneBytes={state.doneBytes} />}
      {state.step === 'refused' && (
        <div className={styles['form']}>
          <p role="alert">
            <strong>{file.name}</strong>: {state.words}
          </p>
        </div>
      )}
      {state.step === 'read' && (
        <Machine form={form} file={file} image={state.image} busy={busy} setBusy={setBusy} />
      )}
    </Dialog>
  )
}

function Reading({ file, doneBytes }: { readonly file: File; readonly doneBytes: number | undefined }) {
  const shell = useShell()
  return (
    <div className={styles['form']}>
      <p>
        {doneBytes === undefined ? 'Reading' : 'Unpacking'} <strong>{file.name}</strong>…
      </p>
      {doneBytes !== undefined && (
        <ProgressCard
          file={file.name}
          route="unpacked in this browser"
          doneBytes={doneBytes}
          totalBytes={file.size}
          onCancel={() => shell.close()}
        />
      )}
    </div>
  )
}

type MachineProps = {
  readonly form: string
  readonly file: File
  readonly image: ReadImage
  readonly busy: boolean
  readonly setBusy: (busy: boolean) => void
}

function Machine({ form, file, image, busy, setBusy }: MachineProps) {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  const [name, setName] = useState(nameOf(file))
  const [kind, setKind] = useState<ImageKind>(image.kind)
  const [place, setPlace] = useState<Place>('beside')
  const [profile, setProfile] = useState(() => guess(file.name, image.kind))
  const [fault, setFault] = useState<string>()
  const budgetMiB = useMachine(({ memoryBudgetMiB }) => memoryBudgetMiB)
  const keeps = useMachine(({ handOff }) => handOff?.platform.storage.kind === 'opfs')
  const [wanted, setWanted] = useState<Chosen>()
  const chosen = wanted ?? profileChoice(profile, budgetMiB)

  const start = async () => {
    setBusy(true)
    setFault(undefined)
    try {
      const { memoryMiB, card, bootOrder } = chosen
      const machine = { kind, file: image.raw, profile, card, bootOrder }
      const config = { appliance: 'own', name, memoryMiB, image: machine }
      const id = await seat.call('create', { config })
      if (place === 'primary') await seat.call('setPrimary', { id })
      shell.close()
      seat.focus(id)
      await seat.call('start', { id })
      stage.focusGuest()
    } catch (error) {
      // The dialog may be gone already: then the frame says what became of the guest.
      setFault(error instanceof FaultError ? error.message : String(error))
      setBusy(false)
    }
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!busy) void start()
  }

  return (
    <form id={form} className={styles['form']} onSubmit={submit}>
      <dl className={styles['facts']}>
        <dt>File</dt>
        <dd>{file.name}</dd>
        <dt>Size</dt>
        <dd>
          {formatBytes(image.raw.size)}
          {image.packing !== 'none' && `, unpacked from ${formatBytes(file.size)} of ${image.packing}`}
        </dd>
        <dt>Boots</dt>
        <dd>
          {image.bootable
            ? 'There is something for a BIOS to start.'
            : 'Nothing for a BIOS to start was found.'}
        </dd>
      </dl>
      <div className={styles['fields']}>
        <div className={styles['field']}>
          <label htmlFor={`${form}-name`}>Name</label>
          <input
            id={`${form}-name`}
            value={name}
            maxLength={NAME_LIMIT}
            required
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className={styles['field']}>
          <label htmlFor={`${form}-kind`}>Drive</label>
          <select
            id={`${form}-kind`}
            value={kind}
            onChange={(event) => setKind(KINDS.find((each) => each === event.target.value) ?? kind)}
          >
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {IMAGE_KINDS[each]}
              </option>
            ))}
          </select>
        </div>
        <div className={styles['field']}>
          <label htmlFor={`${form}-profile`}>System</label>
          <select
            id={`${form}-profile`}
            value={profile}
            onChange={(event) => {
              setProfile(PROFILE_NAMES.find((each) => each === event.target.value) ?? profile)
              // Another system is another machine: what was adjusted was adjusted for the one before.
              setWanted(undefined)
            }}
          >
            {PROFILE_NAMES.map((each) => (
              <option key={each} value={each}>
                {PROFILES[each].title}
              </option>
            ))}
          </select>
        </div>
        <div className={styles['field']}>
          <label htmlFor={`${form}-place`}>Place</label>
          <select
            id={`${form}-place`}
            value={place}
            onChange={(event) => setPlace(event.target.value === 'primary' ? 'primary' : 'beside')}
          >
            <option value="beside">Beside the primary</option>
            <option value="primary">As the primary</option>
          </select>
        </div>
      </div>
      <p>{PLACES[place]}</p>
      <OwnMachine profile={profile} chosen={chosen} onChange={setWanted} />
      <p>
        Your file is read where it is and never written. {keeps && kind === 'hard-disk' ? KEPT : NOT_KEPT}
      </p>
      {fault !== undefined && (
        <p role="alert">
          <strong>{fault}</strong>
        </p>
      )}
    </form>
  )
}
