/** Everything that is not switching: the picture, the clipboard, text size, theme, the machine, and what it is. */

import {
  Cable,
  Clipboard,
  Disc,
  ClipboardPaste,
  ExternalLink,
  Ellipsis,
  Eye,
  FileText,
  History,
  Info,
  Keyboard,
  Maximize,
  Minus,
  Network,
  Plus,
  PhoneCall,
  Power,
  Camera,
  Router,
  ScrollText,
  Settings2,
  ShieldCheck,
} from 'lucide-react'
import { useStore } from 'zustand'
import { clampFontSize } from '../../state/preferences.ts'
import { chooseImage } from '../disks/choose-image.ts'
import { Menu, MenuGroup, MenuItem, MenuLine } from '../parts/Menu.tsx'
import { useMachine, usePreferences, usePreferencesStore, useSeat, useStage } from '../stage/seat-context.tsx'
import { useFullscreen } from './use-fullscreen.ts'
import { saveScreenshot } from './screenshot.ts'
import { useShell } from './shell-store.ts'

const ICON = 15
const THEMES = [
  ['system', 'As the system'],
  ['dark', 'Dark'],
  ['light', 'Light'],
] as const

type Props = {
  /** In an embedded frame the menu is the only control. */
  readonly embedded?: { readonly standaloneUrl: string | undefined }
}

export function MoreMenu({ embedded }: Props) {
  return (
    <Menu label="More" align="end" button={<Ellipsis size={17} aria-hidden="true" />}>
      <PictureItems embedded={embedded !== undefined} />
      <MenuLine />
      <TextItems />
      <MenuLine />
      {embedded === undefined ? (
        <>
          <MachineItems />
          <MenuLine />
        </>
      ) : (
        embedded.standaloneUrl !== undefined && <StandaloneItem url={embedded.standaloneUrl} />
      )}
      <PageItems />
    </Menu>
  )
}

function PictureItems({ embedded }: { readonly embedded: boolean }) {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  const [full, toggleFull] = useFullscreen()

  const copy = async () => {
    const copied = await stage.copySelection()
    shell.say(copied ? 'Copied.' : 'Nothing is selected in this console.')
    stage.focusGuest()
  }
  const paste = async () => {
    // A browser that does not let a page read its clipboard still lets a person paste into a field.
    if (await stage.paste()) stage.focusGuest()
    else shell.open({ kind: 'paste' })
  }

  return (
    <>
      <MenuItem icon={<Clipboard size={ICON} />} hint="Ctrl+Shift+C" onSelect={() => shell.attempt(copy())}>
        Copy
      </MenuItem>
      <MenuItem
        icon={<ClipboardPaste size={ICON} />}
        hint="Ctrl+Shift+V"
        onSelect={() => shell.attempt(paste())}
      >
        Paste
      </MenuItem>
      <MenuItem icon={<Camera size={ICON} />} onSelect={() => shell.attempt(saveScreenshot(seat, stage))}>
        Save a screenshot
      </MenuItem>
      <MenuItem
        icon={<Maximize size={ICON} />}
        onSelect={() => {
          shell.attempt(toggleFull())
          stage.focusGuest()
        }}
      >
        {full ? 'Leave fullscreen' : 'Fullscreen'}
      </MenuItem>
      {embedded && (
        <MenuItem icon={<Keyboard size={ICON} />} onSelect={() => shell.toggleKeyboard()}>
          On-screen keyboard
        </MenuItem>
      )}
    </>
  )
}

function TextItems() {
  const preferences = usePreferencesStore()
  const fontSize = usePreferences((state) => state.fontSize)
  const theme = usePreferences((state) => state.theme)
  const screenReader = usePreferences((state) => state.screenReader)
  const guestsSwitch = usePreferences((state) => state.guestsSwitch)
  const resize = (by: number) => preferences.setState({ fontSize: clampFontSize(fontSize + by) })

  return (
    <>
      <MenuItem icon={<Plus size={ICON} />} keepOpen hint={`${fontSize} px`} onSelect={() => resize(1)}>
        Larger text
      </MenuItem>
      <MenuItem icon={<Minus size={ICON} />} keepOpen onSelect={() => resize(-1)}>
        Smaller text
      </MenuItem>
      <MenuItem
        keepOpen
        checkbox
        checked={screenReader}
        onSelect={() => preferences.setState({ screenReader: !screenReader })}
      >
        Read consoles to a screen reader
      </MenuItem>
      <MenuItem
        keepOpen
        checkbox
        checked={guestsSwitch}
        onSelect={() => preferences.setState({ guestsSwitch: !guestsSwitch })}
      >
        Let Management switch the screen
      </MenuItem>
      <MenuGroup label="Theme">
        {THEMES.map(([value, words]) => (
          <MenuItem
            key={value}
            keepOpen
            checked={theme === value}
            onSelect={() => preferences.setState({ theme: value })}
          >
            {words}
          </MenuItem>
        ))}
      </MenuGroup>
    </>
  )
}

function MachineItems() {
  const shell = useShell()
  const { packets, policy, network } = useSeat()
  const relay = useStore(network, (state) => state.relay?.state)
  const recording = useStore(packets.store, (state) => state.recording)
  const denied = useStore(policy.store, (state) => state.denied)
  const focusedId = useMachine((state) => state.focusedId)
  return (
    <MenuGroup label="Machine">
      <MenuItem
        icon={<Disc size={ICON} />}
        onSelect={() => chooseImage((file) => shell.open({ kind: 'own-image', file }))}
      >
        Start a disk image of your own…
      </MenuItem>
      <MenuItem
        icon={<Power size={ICON} />}
        onSelect={() => shell.open({ kind: 'confirm-restart', into: 'machine' })}
      >
        Restart…
      </MenuItem>
      <MenuItem
        icon={<Settings2 size={ICON} />}
        onSelect={() => shell.open({ kind: 'confirm-restart', into: 'setup' })}
      >
        Restart into setup…
      </MenuItem>
      {focusedId !== undefined && (
        <MenuItem
          icon={<History size={ICON} />}
          onSelect={() => shell.open({ kind: 'snapshots', id: focusedId })}
        >
          Snapshots…
        </MenuItem>
      )}
      <MenuItem icon={<FileText size={ICON} />} onSelect={() => shell.open({ kind: 'hand-off' })}>
        What the firmware handed off
      </MenuItem>
      <MenuItem icon={<ScrollText size={ICON} />} onSelect={() => shell.open({ kind: 'journal' })}>
        Journal
      </MenuItem>
      <MenuItem
        icon={<ShieldCheck size={ICON} />}
        {...(denied > 0 ? { hint: `${denied} denied` } : {})}
        onSelect={() => shell.open({ kind: 'policy' })}
      >
        Policy
      </MenuItem>
      <MenuItem
        icon={<Network size={ICON} />}
        {...(recording ? { hint: 'recording' } : {})}
        onSelect={() => shell.showPackets({ port: undefined })}
      >
        Packets
      </MenuItem>
      <MenuItem
        icon={<Router size={ICON} />}
        {...(relay === 'unreachable' || relay === 'lost' ? { hint: 'no relay' } : {})}
        onSelect={() => shell.open({ kind: 'network' })}
      >
        Network
      </MenuItem>
      <MenuItem icon={<Cable size={ICON} />} onSelect={() => shell.open({ kind: 'trunk' })}>
        Trunk
      </MenuItem>
    </MenuGroup>
  )
}

function PageItems() {
  const shell = useShell()
  return (
    <>
      <MenuItem icon={<Keyboard size={ICON} />} onSelect={() => shell.open({ kind: 'keys' })}>
        Keys
      </MenuItem>
      <MenuItem icon={<PhoneCall size={ICON} />} onSelect={() => shell.open({ kind: 'hypercalls' })}>
        Hypercalls
      </MenuItem>
      <MenuItem icon={<Eye size={ICON} />} onSelect={() => shell.open({ kind: 'honesty' })}>
        What is real, what is modelled
      </MenuItem>
      <MenuItem icon={<Info size={ICON} />} onSelect={() => shell.open({ kind: 'about' })}>
        About HyperCore
      </MenuItem>
    </>
  )
}

function StandaloneItem({ url }: { readonly url: string }) {
  return (
    <MenuItem icon={<ExternalLink size={ICON} />} onSelect={() => window.open(url, '_blank', 'noopener')}>
      Open in a tab of its own
    </MenuItem>
  )
}
