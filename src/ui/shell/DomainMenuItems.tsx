/** What can be done with one domain; each item is offered in the states that allow it. */

import {
  CirclePlus,
  Copy,
  FileDown,
  FileUp,
  FileWarning,
  Gauge,
  History,
  HardDrive,
  Network,
  OctagonX,
  Pause,
  Play,
  Power,
  RotateCcw,
  Sparkles,
  Trash2,
} from 'lucide-react'
import { useStore } from 'zustand'
import type { DomainId, DomainInfo, DomainState, ViewKind } from '../../protocol/domain.ts'
import { isLive } from '../../state/machine-store.ts'
import { chooseFiles, sendFiles } from '../files/send-files.ts'
import { setHibernate } from '../../state/snapshots.ts'
import { MenuGroup, MenuItem, MenuLine } from '../parts/Menu.tsx'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { useShell, useShellState } from './shell-store.ts'

const ICON = 15

/** Why it is offered to some alone. */
const HIBERNATE_HINTS = {
  always: undefined,
  asked: 'disposable',
  never: 'holds keys',
  'not-yet': 'not yet',
} as const

function canStart(state: DomainState): boolean {
  return state === 'created' || state === 'off' || state === 'crashed'
}

/** One of the flash's, or one with an image of the person's own. */
function canBePrimary({ appliance }: DomainInfo): boolean {
  return appliance === 'primary' || appliance === 'own'
}

const FORGOTTEN = 'its pages, history, cookies, cache and downloads are forgotten.'

export function DomainMenuItems({ id }: { readonly id: DomainId }) {
  const seat = useSeat()
  const stage = useStage()
  const shell = useShell()
  const domain = useMachine(({ domains }) => domains.find((candidate) => candidate.id === id))
  const view = useMachine(({ views }) => views[id])
  const mayLead = useMachine(({ domains }) => domains.filter(canBePrimary).length > 1)
  const hibernates = useMachine(({ snapshots }) => snapshots.hibernating.includes(id))
  const hasPort = useStore(seat.packets.store, ({ ports }) => ports.some((port) => port.id === id))
  const dismissed = useShellState(({ dismissedCrashes }) => dismissedCrashes[id])
  if (domain === undefined) return undefined
  const { state, name, lossOnKill } = domain
  const live = isLive(state)

  /** What a person does next is most likely in the guest. */
  const run = (name: 'start' | 'pause' | 'resume' | 'shutdown' | 'reset' | 'kill') => {
    shell.attempt(seat.call(name, { id }))
    stage.focusGuest()
  }

  const end = (act: 'kill' | 'reset') => {
    if (lossOnKill !== undefined && live) shell.open({ kind: 'confirm-end', id, act })
    else run(act)
  }

  const show = (kind: ViewKind) => {
    seat.setView(id, kind)
    stage.focusGuest()
  }

  const send = () =>
    chooseFiles((files) => {
      shell.attempt(sendFiles(seat, shell, domain, files))
      stage.focusGuest()
    })
  const clone = async () => {
    const cloned = await seat.call('clone', { id })
    seat.focus(cloned)
    stage.focusGuest()
  }

  /** A new life from the state that its build took of it: nothing of the present one goes along. */
  const renew = async () => {
    await seat.call('newIdentity', { id })
    shell.say(`${name} is a new one: ${FORGOTTEN}`)
  }

  const createAnother = async () => {
    const created = await seat.call('create', { config: { appliance: domain.appliance } })
    seat.focus(created)
    stage.focusGuest()
  }

  return (
    <>
      {domain.crash !== undefined && dismissed === domain.crash.at && (
        <MenuItem icon={<FileWarning size={ICON} />} onSelect={() => shell.recallCrash(id)}>
          Crash report
        </MenuItem>
      )}
      {canStart(state) && (
        <MenuItem icon={<Play size={ICON} />} onSelect={() => run('start')}>
          Start
        </MenuItem>
      )}
      {state === 'paused' ? (
        <MenuItem icon={<Play size={ICON} />} onSelect={() => run('resume')}>
          Resume
        </MenuItem>
      ) : (
        <MenuItem icon={<Pause size={ICON} />} disabled={state !== 'running'} onSelect={() => run('pause')}>
          Pause
        </MenuItem>
      )}
      <MenuItem
        icon={<Power size={ICON} />}
        disabled={state !== 'running' && state !== 'paused'}
        onSelect={() => run('shutdown')}
      >
        Shut down
      </MenuItem>
      <MenuItem
        icon={<RotateCcw size={ICON} />}
        disabled={!live && state !== 'crashed'}
        onSelect={() => end('reset')}
      >
        {lossOnKill === undefined ? 'Reset' : 'Reset…'}
      </MenuItem>
      <MenuItem icon={<OctagonX size={ICON} />} disabled={!live} onSelect={() => end('kill')}>
        {lossOnKill === undefined ? 'Kill' : 'Kill…'}
      </MenuItem>
      {domain.keeping === 'asked' && (
        <MenuItem
          icon={<Sparkles size={ICON} />}
          onSelect={() => {
            shell.attempt(renew())
            stage.focusGuest()
          }}
        >
          New identity
        </MenuItem>
      )}
      {mayLead && canBePrimary(domain) && (
        <MenuItem
          checkbox
          checked={domain.primary}
          disabled={domain.primary}
          onSelect={() => shell.attempt(seat.call('setPrimary', { id }))}
        >
          The primary: F4 leads here
        </MenuItem>
      )}
      <MenuLine />
      <MenuGroup label="View">
        <MenuItem checked={(view ?? domain.view) === 'terminal'} onSelect={() => show('terminal')}>
          Console, ttyS0
        </MenuItem>
        <MenuItem checked={(view ?? domain.view) === 'screen'} onSelect={() => show('screen')}>
          Display, VGA
        </MenuItem>
      </MenuGroup>
      <MenuLine />
      <MenuItem icon={<FileUp size={ICON} />} disabled={state !== 'running'} onSelect={send}>
        Send a file…
      </MenuItem>
      <MenuItem
        icon={<FileDown size={ICON} />}
        disabled={state !== 'running'}
        onSelect={() => shell.open({ kind: 'fetch', id })}
      >
        Fetch a file…
      </MenuItem>
      <MenuLine />
      {domain.disk !== undefined && (
        <MenuItem icon={<HardDrive size={ICON} />} onSelect={() => shell.open({ kind: 'disk', id })}>
          Disk…
        </MenuItem>
      )}
      <MenuItem
        icon={<Network size={ICON} />}
        disabled={!hasPort}
        onSelect={() => shell.showPackets({ port: id })}
      >
        Packets
      </MenuItem>
      <MenuItem icon={<Gauge size={ICON} />} onSelect={() => shell.open({ kind: 'limits', id })}>
        Figures and limits…
      </MenuItem>
      <MenuItem icon={<History size={ICON} />} onSelect={() => shell.open({ kind: 'snapshots', id })}>
        Snapshots…
      </MenuItem>
      <MenuItem
        checkbox
        checked={hibernates}
        disabled={domain.keeping !== 'always'}
        keepOpen
        hint={HIBERNATE_HINTS[domain.keeping]}
        onSelect={() => shell.attempt(setHibernate(seat, id, !hibernates))}
      >
        Hibernate on leave
      </MenuItem>
      <MenuItem
        icon={<Copy size={ICON} />}
        disabled={
          domain.keeping === 'never' ||
          domain.keeping === 'not-yet' ||
          (state !== 'running' && state !== 'paused')
        }
        onSelect={() => shell.attempt(clone())}
      >
        Clone as it runs
      </MenuItem>
      {domain.appliance !== 'own' && (
        <MenuItem icon={<CirclePlus size={ICON} />} onSelect={() => shell.attempt(createAnother())}>
          Create another from “{domain.appliance}”
        </MenuItem>
      )}
      <MenuItem
        icon={<Trash2 size={ICON} />}
        disabled={live}
        onSelect={() => shell.open({ kind: 'confirm-end', id, act: 'remove' })}
      >
        Remove {name}…
      </MenuItem>
    </>
  )
}
