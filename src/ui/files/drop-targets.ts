/** What can be done with files that are dropped on the page; each target is a box of its own in the overlay. */

import { focusedDomain } from '../../state/machine-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { useShell } from '../shell/shell-store.ts'
import { sendFiles } from './send-files.ts'

export type DropTarget = {
  readonly key: string
  readonly title: string
  readonly detail: string
  /** Undefined: not now, and `detail` says why. */
  readonly take: ((files: readonly File[]) => void) | undefined
}

export function useDropTargets(): readonly DropTarget[] {
  return [useGuestTarget(), useMachineTarget()].filter((target) => target !== undefined)
}

/** Into the inbox of the guest on the stage. */
function useGuestTarget(): DropTarget | undefined {
  const seat = useSeat()
  const shell = useShell()
  const domain = useMachine(focusedDomain)
  if (domain === undefined) return undefined
  const key = 'guest'
  if (domain.state !== 'running')
    return { key, title: `${domain.name} takes no files now`, detail: 'It is not running.', take: undefined }
  if (domain.appliance === 'own')
    return {
      key,
      title: `${domain.name} takes no files`,
      detail: 'It runs no agent of ours that could take them.',
      take: undefined,
    }
  return {
    key,
    title: `Send to ${domain.name}`,
    detail: 'A copy goes into /root/inbox of the guest.',
    take: (files) => shell.attempt(sendFiles(seat, shell, domain, files)),
  }
}

/** Into a machine of its own. */
function useMachineTarget(): DropTarget {
  const shell = useShell()
  return {
    key: 'machine',
    title: 'Start it in a machine of its own',
    detail: 'An ISO, floppy or disk image: raw, or packed by gzip, zstd or xz.',
    take: (files) => {
      const [file, ...more] = files
      if (file === undefined) return
      if (more.length > 0) shell.say('One image at a time: the first one is taken.')
      shell.open({ kind: 'own-image', file })
    },
  }
}
