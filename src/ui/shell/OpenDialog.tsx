/** The dialog that is open, if any. When it goes, the keyboard goes back to the guest. */

import { useEffect } from 'react'
import { assertNever } from '../../base/assert.ts'
import type { AppProps } from '../app-props.ts'
import { DiskDialog } from '../disks/DiskDialog.tsx'
import { OwnImageDialog } from '../disks/OwnImageDialog.tsx'
import { FetchDialog } from '../files/FetchDialog.tsx'
import { About } from '../pages/About.tsx'
import { HandOffPanel } from '../pages/HandOffPanel.tsx'
import { Honesty } from '../pages/Honesty.tsx'
import { Hypercalls } from '../pages/Hypercalls.tsx'
import { Journal } from '../pages/Journal.tsx'
import { Keys } from '../pages/Keys.tsx'
import { PolicyDialog } from '../policy/PolicyDialog.tsx'
import { SnapshotsDialog } from '../snapshots/SnapshotsDialog.tsx'
import { useStage } from '../stage/seat-context.tsx'
import { Switcher } from '../switcher/Switcher.tsx'
import { NetworkDialog } from '../network/NetworkDialog.tsx'
import { TrunkDialog } from '../trunk/TrunkDialog.tsx'
import { ConfirmEnd } from './ConfirmEnd.tsx'
import { ConfirmRestart } from './ConfirmRestart.tsx'
import { LimitsDialog } from './LimitsDialog.tsx'
import { PasteDialog } from './PasteDialog.tsx'
import { RefusedDialog } from './RefusedDialog.tsx'
import { useShellState, type ShellDialog } from './shell-store.ts'

type Props = Pick<AppProps, 'restart' | 'version'>

export function OpenDialog(props: Props) {
  const dialog = useShellState((state) => state.dialog)
  const stage = useStage()
  const open = dialog !== undefined

  useEffect(() => {
    if (!open) return undefined
    return () => stage.focusGuest()
  }, [open, stage])

  return dialog === undefined ? undefined : <Chosen dialog={dialog} {...props} />
}

function Chosen({ dialog, restart, version }: Props & { readonly dialog: ShellDialog }) {
  switch (dialog.kind) {
    case 'switcher':
      return <Switcher openedAt={dialog.openedAt} />
    case 'confirm-end':
      return <ConfirmEnd id={dialog.id} act={dialog.act} />
    case 'confirm-restart':
      return <ConfirmRestart into={dialog.into} restart={restart} />
    case 'limits':
      return <LimitsDialog id={dialog.id} />
    case 'fetch':
      return <FetchDialog id={dialog.id} />
    case 'snapshots':
      return <SnapshotsDialog id={dialog.id} />
    case 'disk':
      return <DiskDialog id={dialog.id} />
    case 'own-image':
      return <OwnImageDialog file={dialog.file} />
    case 'paste':
      return <PasteDialog />
    case 'refused':
      return <RefusedDialog />
    case 'about':
      return <About version={version} />
    case 'honesty':
      return <Honesty />
    case 'hand-off':
      return <HandOffPanel />
    case 'journal':
      return <Journal />
    case 'policy':
      return <PolicyDialog />
    case 'network':
      return <NetworkDialog />
    case 'trunk':
      return <TrunkDialog />
    case 'hypercalls':
      return <Hypercalls />
    case 'keys':
      return <Keys />
    default:
      return assertNever(dialog)
  }
}
