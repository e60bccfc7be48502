/** The virtual switch as it stands: what each port has carried and refused, who is behind it, and the relay. */

import type { ReactNode } from 'react'
import { useStore } from 'zustand'
import type { PortFigures, RelayFigures, Station } from '../../protocol/network.ts'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
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
        <Ports ports={ports} />
      )}
      <h3 className={styles['heading']}>Stations</h3>
      <p className={styles['lead']}>
        A port has one MAC and one IP address, given out by the supervisor: the switch believes no frame that
        says otherwise. What a guest claimed and was refused is listed for five minutes, eight addresses a
        port. Guests of other machines are learned from them over the trunk, and forgotten after 15 silent
        seconds.
      </p>
      {stations.length > 0 && <Stations stations={stations} />}
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

function Table({
  label,
  columns,
  children,
}: {
  label: string
  columns: readonly string[]
  children: ReactNode
}) {
  return (
    <section
      className={styles['scroll']}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls is reached by keyboard
      tabIndex={0}
      aria-label={label}
    >
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}

function Ports({ ports }: { readonly ports: readonly PortFigures[] }) {
  return (
    <Table label="Ports" columns={['Port', 'From it', 'To it', 'Not carried']}>
      {ports.map(({ port, fromGuest, toGuest, dropped }) => (
        <tr key={port}>
          <PortName id={port} />
          <Carried {...fromGuest} />
          <Carried {...toGuest} />
          <td>{droppedWords(dropped)}</td>
        </tr>
      ))}
    </Table>
  )
}

function Carried({ frames, bytes }: { readonly frames: number; readonly bytes: number }) {
  return (
    <td>
      {frames.toLocaleString('en')} {frames === 1 ? 'frame' : 'frames'} <small>{formatBytes(bytes)}</small>
    </td>
  )
}

function Stations({ stations }: { readonly stations: readonly Station[] }) {
  return (
    <Table label="Stations" columns={['Port', 'MAC', 'Address', 'Heard', 'How it is known']}>
      {stations.map(({ port, name, mac, address, kind, silentSeconds }) => (
        <tr key={`${port} ${mac} ${address}`} data-refused={kind === 'refused' || undefined}>
          <PortName id={port} />
          <td>
            <code>{mac}</code>
          </td>
          <td>
            <code>{address === '' ? 'none named' : address}</code>
          </td>
          <td>{heardWords(silentSeconds)}</td>
          <td>{kindWords(kind, name)}</td>
        </tr>
      ))}
    </Table>
  )
}

function PortName({ id }: { readonly id: string }) {
  const domain = useMachine(({ domains }) => domains.find((known) => known.id === id))
  return (
    <th scope="row">
      <span className={styles['name']} data-colour={domain?.colour}>
        {domain?.name ?? id}
      </span>
    </th>
  )
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
