/** The console after the hand-off: bar, coloured frame, stage, and what is opened over them. */

import { useEffect, useState } from 'react'
import type { AppProps } from '../app-props.ts'
import { Crossings } from '../files/Crossings.tsx'
import { FirstVisit } from '../hints/FirstVisit.tsx'
import { PacketPanel } from '../network/PacketPanel.tsx'
import { ConsentDialog } from '../policy/ConsentDialog.tsx'
import { OnScreenKeyboard } from '../stage/OnScreenKeyboard.tsx'
import { useSeat, useStage } from '../stage/seat-context.tsx'
import { installShortcuts } from '../stage/shortcuts.ts'
import { Announcer } from './Announcer.tsx'
import { Bar } from './Bar.tsx'
import { EmbedBar } from './EmbedBar.tsx'
import { Frame } from './Frame.tsx'
import { Messages } from './Messages.tsx'
import { NothingKept } from './NothingKept.tsx'
import { OpenDialog } from './OpenDialog.tsx'
import { Shell as ShellModel, ShellProvider, useShell, useShellState } from './shell-store.ts'
import styles from './Shell.module.css'

type Props = Pick<AppProps, 'embed' | 'restart' | 'version' | 'standaloneUrl'>

export function Shell(props: Props) {
  const [model] = useState(() => new ShellModel())
  return (
    <ShellProvider value={model}>
      <Console {...props} />
    </ShellProvider>
  )
}

function Console({ embed, restart, version, standaloneUrl }: Props) {
  useShortcuts()
  const keyboard = useShellState((state) => state.keyboard)
  const packets = useShellState((state) => state.packets)
  return (
    <div className={styles['shell']} data-embed={embed || undefined}>
      {!embed && <NothingKept />}
      {embed ? <EmbedBar standaloneUrl={standaloneUrl} /> : <Bar />}
      <main className={styles['main']}>
        <h1 className="visually-hidden">HyperSpace</h1>
        <Frame />
        {packets !== undefined && <PacketPanel port={packets.port} />}
        {keyboard && (
          <div className={styles['keyboard']}>
            <OnScreenKeyboard />
          </div>
        )}
      </main>
      <Messages />
      <Crossings />
      {!embed && <FirstVisit />}
      <ConsentDialog />
      <OpenDialog restart={restart} version={version} />
      <Announcer />
    </div>
  )
}

function useShortcuts(): void {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  useEffect(
    () =>
      installShortcuts(seat, stage, {
        openSwitcher: (openedAt) => shell.open({ kind: 'switcher', openedAt }),
        // A dialog that asks something is answered first; the switcher is about just these keys.
        enabled: () => {
          const open = shell.store.getState().dialog?.kind
          return open === undefined || open === 'switcher'
        },
        focusBar: () => document.querySelector<HTMLElement>('[role="toolbar"] [tabindex="0"]')?.focus(),
      }),
    [seat, stage, shell],
  )
}
