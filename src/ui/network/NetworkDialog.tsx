/** The virtual switch as it stands: what each port has carried and refused, who is behind it, and the relay. */

import { useStore } from 'zustand'
import type { PortFigures, RelayFigures, Station } from '../../protocol/network.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { ColouredName, Table, type TableColumn } from '../parts/Table.tsx'
import { useShell } from '../shell/shell-store.ts'
import { formatBytes } from '../stage/format-bytes.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import { droppedWords, heardWords, kindWords, relayWords } from './network-words.ts'
import styles from './figures.module.css'

export function NetworkDialog() {
  const shell = useShell()
  const { ports, stations, relay } = useStore(useSeat().network)
  return (
    <Dialog title="Network" size="wide" onClose={() => shell.close()}>
      <h3 className={styles['heading']}>Ports</h3>
      {ports.length === 0 ? (
        <p className={styles['lead']}>No guest with a network card is running.</p>
      ) : (
        <div className={styles['ports']}>
          <Ports ports={ports} />
        </div>
      )}
      <h3 className={styles['heading']}>Stations</h3>
      <p className={styles['lead']}>
        A port has one MAC and one IP address, given out by the supervisor: the switch believes no frame that
        says otherwise. What a guest claimed and was refused is listed for five minutes, eight addresses a
        port. Guests of other machines are learned from them over the trunk, and forgotten after 15 silent
        seconds.
      </p>
      {stations.length > 0 && (
        <div className={styles['ports']}>
          <Stations stations={stations} />
        </div>
      )}
      <h3 className={styles['heading']}>Relay</h3>
      <Relay relay={relay} />
      <div className={styles['buttons']}>
        <Button onClick={() => shell.open({ kind: 'policy' })}>Policy</Button>
        <Button onClick={() => shell.open({ kind: 'trunk' })}>Trunk</Button>
        <Button
          onClick={() => {
            shell.close()
            shell.showPackets({ port: undefined })
          }}
        >
          Packets
        </Button>
      </div>
    </Dialog>
  )
}

const PORT_COLUMNS: readonly TableColumn[] = [
  { title: 'Port' },
  { title: 'From it', kind: 'long' },
  { title: 'To it', kind: 'long' },
  { title: 'Not carried', kind: 'long' },
]

function Ports({ ports }: { readonly ports: readonly PortFigures[] }) {
  return (
    <Table
      label="Ports"
      columns={PORT_COLUMNS}
      rows={ports.map(({ port, fromGuest, toGuest, dropped }) => ({
        key: port,
        cells: [
          <PortName key="port" id={port} />,
          <Carried key="from" {...fromGuest} />,
          <Carried key="to" {...toGuest} />,
          droppedWords(dropped),
        ],
      }))}
    />
  )
}

function Carried({ frames, bytes }: { readonly frames: number; readonly bytes: number }) {
  return (
    <span>
      {frames.toLocaleString('en')} {frames === 1 ? 'frame' : 'frames'} <small>{formatBytes(bytes)}</small>
    </span>
  )
}

const STATION_COLUMNS: readonly TableColumn[] = [
  { title: 'Port' },
  { title: 'MAC', kind: 'long' },
  { title: 'Address', kind: 'long' },
  { title: 'Heard', kind: 'long' },
  { title: 'How it is known', kind: 'long' },
]

function Stations({ stations }: { readonly stations: readonly Station[] }) {
  return (
    <Table
      label="Stations"
      columns={STATION_COLUMNS}
      rows={stations.map(({ port, name, mac, address, kind, silentSeconds }) => ({
        key: `${port} ${mac} ${address}`,
        refused: kind === 'refused',
        cells: [
          <PortName key="port" id={port} />,
          <code key="mac">{mac}</code>,
          <code key="address">{address === '' ? 'none named' : address}</code>,
          heardWords(silentSeconds),
          kindWords(kind, name),
        ],
      }))}
    />
  )
}

function PortName({ id }: { readonly id: string }) {
  const domain = useMachine(({ domains }) => domains.find((known) => known.id === id))
  return <ColouredName colour={domain?.colour}>{domain?.name ?? id}</ColouredName>
}

function Relay({ relay }: { readonly relay: RelayFigures | undefined }) {
  if (relay === undefined)
    return (
      <p className={styles['lead']}>
        None is set up: guests read the sites in this page, and of the world what browsers may read. For real
        TCP, run <code>npm run relay</code> in a clone of this project and choose it in setup (F2, Boot,
        Network relay).
      </p>
    )
  const { title, advice } = relayWords(relay)
  return (
    <p className={styles['lead']} data-relay={relay.state}>
      <code>{relay.url}</code> <strong>{title}.</strong> {advice}
    </p>
  )
}
