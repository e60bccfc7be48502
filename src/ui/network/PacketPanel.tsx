/** What passes the virtual switch, live, below the stage: the guest stays in sight and can be typed into. */

import { Circle, Download, Pause, Play, Square, Trash2, X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useStore } from 'zustand'
import type { DomainId } from '../../protocol/domain.ts'
import type { PacketSummary } from '../../protocol/packets.ts'
import { PACKET_ROWS } from '../../state/packet-log.ts'
import { saveBlob } from '../files/save-blob.ts'
import { Button, IconButton } from '../parts/Button.tsx'
import { useShell } from '../shell/shell-store.ts'
import { formatBytes } from '../stage/format-bytes.ts'
import { useMachine, useSeat, useStage } from '../stage/seat-context.tsx'
import { captureFileName, chosenPackets } from './packet-words.ts'
import { PacketList } from './PacketList.tsx'
import styles from './network.module.css'

const ICON = 15

/** `port`: the domain that the list is held to; undefined: all of them. */
export function PacketPanel({ port }: { readonly port: DomainId | undefined }) {
  const seat = useSeat()
  const shell = useShell()
  const stage = useStage()
  const { recording, packets, seen } = useStore(seat.packets.store)
  const [words, setWords] = useState('')
  /** The rows as they were when the person stopped following. */
  const [heldRows, setHeld] = useState<readonly PacketSummary[]>()

  const all = seat.packets.rows()
  // Of a recording that was emptied since, nothing is held.
  const held = (heldRows?.at(-1)?.number ?? 0) > seen ? undefined : heldRows
  const rows = held ?? all
  const chosen = useMemo(() => chosenPackets(rows, port, words), [rows, port, words])

  const close = () => {
    shell.showPackets(undefined)
    if (recording) shell.say('Packets are still being recorded. More, Packets shows them and stops it.')
    stage.focusGuest()
  }

  return (
    <section className={styles['panel']} aria-label="Packets">
      <div className={styles['tools']}>
        <h2>Packets</h2>
        <RecordButton />
        <PortChoice port={port} />
        <input
          type="search"
          aria-label="Show lines with"
          placeholder="Lines with …"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <Figures shown={chosen.length} />
        <span className={styles['buttons']}>
          <Button
            kind="plain"
            disabled={packets === 0}
            onClick={() => setHeld(held === undefined ? all : undefined)}
          >
            {held === undefined ? <Pause size={ICON} /> : <Play size={ICON} />}
            {held === undefined ? 'Hold' : 'Follow'}
          </Button>
          <SaveButton port={port} />
          <IconButton
            label="Forget what was recorded"
            disabled={packets === 0}
            onClick={() => {
              setHeld(undefined)
              shell.attempt(seat.call('capture', { act: 'clear' }))
            }}
          >
            <Trash2 size={ICON} />
          </IconButton>
          <IconButton label="Close packets" onClick={close}>
            <X size={16} />
          </IconButton>
        </span>
      </div>
      {packets === 0 ? (
        <Nothing recording={recording} />
      ) : (
        <PacketList
          rows={chosen}
          following={held === undefined}
          onFollow={(follow) => setHeld(follow ? undefined : (held ?? all))}
        />
      )}
    </section>
  )
}

function RecordButton() {
  const seat = useSeat()
  const shell = useShell()
  const recording = useStore(seat.packets.store, (state) => state.recording)
  return (
    <Button
      kind={recording ? 'quiet' : 'primary'}
      onClick={() => shell.attempt(seat.call('capture', { act: recording ? 'stop' : 'start' }))}
    >
      {recording ? <Square size={12} fill="currentColor" /> : <Circle size={12} fill="currentColor" />}
      {recording ? 'Stop' : 'Record'}
    </Button>
  )
}

function PortChoice({ port }: { readonly port: DomainId | undefined }) {
  const shell = useShell()
  const ports = useStore(useSeat().packets.store, (state) => state.ports)
  const domains = useMachine((state) => state.domains)
  // A domain that is off has no port, and may have frames.
  const listed = domains.filter(({ id }) => id === port || ports.some((open) => open.id === id))
  return (
    <select
      aria-label="Port"
      value={port ?? ''}
      onChange={(event) => {
        const chosen = domains.find(({ id }) => id === event.target.value)
        shell.showPackets({ port: chosen?.id })
      }}
    >
      <option value="">All ports</option>
      {listed.map(({ id, name }) => {
        const address = ports.find((open) => open.id === id)?.address
        return (
          <option key={id} value={id}>
            {name}
            {address === undefined ? '' : `, ${address}`}
          </option>
        )
      })}
    </select>
  )
}

function Figures({ shown }: { readonly shown: number }) {
  const { packets, bytes, seen } = useStore(useSeat().packets.store)
  if (packets === 0) return <span className={styles['figures']} />
  const gone = seen - packets
  return (
    <span className={styles['figures']}>
      {shown.toLocaleString('en')} of {packets.toLocaleString('en')} listed, {formatBytes(bytes)}
      {packets > PACKET_ROWS && '; the file has them all'}
      {gone > 0 && `; the ${gone.toLocaleString('en')} oldest gave way`}
    </span>
  )
}

function SaveButton({ port }: { readonly port: DomainId | undefined }) {
  const seat = useSeat()
  const shell = useShell()
  const packets = useStore(seat.packets.store, (state) => state.packets)
  const save = async () => {
    saveBlob(await seat.call('exportCapture', { of: port }), captureFileName(port, new Date()))
  }
  return (
    <Button
      kind="plain"
      disabled={packets === 0}
      title={`pcapng, for Wireshark and others: ${port === undefined ? 'all ports' : 'this port'}`}
      onClick={() => shell.attempt(save())}
    >
      <Download size={ICON} />
      Save
    </Button>
  )
}

function Nothing({ recording }: { readonly recording: boolean }) {
  return (
    <p className={styles['nothing']}>
      {recording
        ? 'Recording. Nothing has passed yet.'
        : 'Nothing is recorded. While you record, every frame at the domains’ ports is kept, the refused ones included: the newest 50,000, at most 16 MiB, in memory alone.'}
    </p>
  )
}
