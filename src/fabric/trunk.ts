/**
 * Other machines on the fabric: guests that are reached by their address over a link. A remote guest is a station as a
 * local one is, with one difference: to the policy all of them are called `trunk`.
 */

import type { Dispose } from '../base/disposables.ts'
import {
  parseTrunkMessage,
  TRUNK_VERSION,
  type TrunkMessage,
  type TrunkReport,
  type TrunkStation,
} from '../protocol/trunk.ts'
import { machineOf } from './addresses.ts'
import { FlowTable } from './flows.ts'
import { formatIpv4Address } from './packets/address.ts'
import { ETHERNET_HEADER, EtherType, ethernetHeader, parseIpv4, type Ipv4Packet } from './packets/ipv4.ts'

/** Locally administered, “HSG”: of whatever is on the other side of the trunk. */
export const TRUNK_MAC = 0x0248_5347_0001

/** More machines than anybody looks after at once. */
const MOST_MACHINES = 16

/** A machine says that it is there every ANNOUNCE_MS; one that has not for SILENCE_MS is gone. */
export const ANNOUNCE_MS = 5000
const SILENCE_MS = 15_000

/** Packets taken from one link in a window of time; a port's own limit is twice that (port.ts). */
const PACKETS_PER_WINDOW = 4096
const WINDOW_MS = 250

/** A remote guest. */
export class RemoteStation {
  /** What the policy calls it. */
  readonly id = 'trunk'
  readonly name: string
  readonly address: number
  readonly flows = new FlowTable()
  readonly #send: (message: TrunkMessage) => void

  constructor({ name, address }: TrunkStation, send: (message: TrunkMessage) => void) {
    this.name = name
    this.address = address
    this.#send = send
  }

  /** Its packet alone travels; the sender's card means nothing to it. */
  deliver(frame: Uint8Array): void {
    const packet = parseIpv4(frame)
    // A copy: the frame goes on being the sender's.
    if (typeof packet === 'object') this.#send({ kind: 'packet', bytes: packet.bytes.slice() })
  }

  /** A remote machine is told nothing about what is denied here. */
  tellUnreachable(): void {
    // See above.
  }
}

type Machine = {
  readonly send: (message: TrunkMessage) => void
  readonly stations: ReadonlyMap<number, RemoteStation>
  heardAt: number
}

export type TrunkHost = {
  /** 1–250. */
  readonly machine: number
  now(): number
  /** This machine's own guests. */
  stations(): readonly TrunkStation[]
  /** A packet of `from` for one of them; its addresses are checked. */
  arrived(from: RemoteStation, packet: Ipv4Packet, frame: Uint8Array): void
  changed(): void
}

export type TrunkLink = {
  receive(untrustedMessage: unknown): void
  readonly detach: Dispose
}

export class Trunk {
  readonly #host: TrunkHost
  readonly #links = new Set<(message: TrunkMessage) => void>()
  readonly #machines = new Map<number, Machine>()
  #clash = false

  constructor(host: TrunkHost) {
    this.#host = host
  }

  /** Joins what is on the other side of `send`. */
  attach(send: (message: TrunkMessage) => void): TrunkLink {
    this.#links.add(send)
    let windowStart = 0
    let left = 0
    send(this.#hello(true))
    return {
      receive: (untrustedMessage) => {
        if (!this.#links.has(send)) return
        const message = parseTrunkMessage(untrustedMessage)
        if (message === undefined) return
        const now = this.#host.now()
        if (now - windowStart >= WINDOW_MS) {
          windowStart = now
          left = PACKETS_PER_WINDOW
        }
        left -= 1
        if (left >= 0) this.#receive(message, send)
      },
      detach: () => {
        if (!this.#links.delete(send)) return
        send({ kind: 'bye', machine: this.#host.machine })
        for (const [number, machine] of this.#machines)
          if (machine.send === send) this.#machines.delete(number)
        this.#clash = false
        this.#host.changed()
      },
    }
  }

  get joined(): boolean {
    return this.#links.size > 0
  }

  /** Who is there has changed on this side. */
  announce(): void {
    for (const send of this.#links) send(this.#hello(false))
  }

  /** Once every ANNOUNCE_MS. */
  tick(): void {
    if (!this.joined) return
    this.announce()
    const now = this.#host.now()
    for (const [number, { heardAt }] of this.#machines) if (now - heardAt > SILENCE_MS) this.#forget(number)
  }

  station(address: number): RemoteStation | undefined {
    return this.#machines.get(machineOf(address))?.stations.get(address)
  }

  /** “messaging.m117”. */
  addressOf(name: string): number | undefined {
    const [, station, number] = /^([a-z0-9-]+)\.m(\d{1,3})$/.exec(name) ?? []
    const stations = this.#machines.get(Number(number))?.stations.values() ?? []
    return [...stations].find((known) => known.name === station)?.address
  }

  /** Closes what the policy no longer allows. */
  review(allowed: Parameters<FlowTable['review']>[0]): void {
    for (const { stations } of this.#machines.values())
      for (const { flows } of stations.values()) flows.review(allowed)
  }

  /** Other machines' guests, and when their machine last said that it is there. */
  told(): { readonly name: string; readonly address: number; readonly heardAt: number }[] {
    return [...this.#machines].flatMap(([machine, { stations, heardAt }]) =>
      [...stations.values()].map(({ name, address }) => ({ name: `${name}.m${machine}`, address, heardAt })),
    )
  }

  report(): Omit<TrunkReport, 'tabs'> {
    return {
      machine: this.#host.machine,
      machines: [...this.#machines].map(([machine, { stations }]) => ({
        machine,
        stations: [...stations.values()].map(({ name, address }) => ({
          name: `${name}.m${machine}`,
          address: formatIpv4Address(address),
        })),
      })),
      clash: this.#clash,
    }
  }

  #hello(wants: boolean): TrunkMessage {
    const { machine } = this.#host
    return { kind: 'hello', version: TRUNK_VERSION, machine, stations: this.#host.stations(), wants }
  }

  #receive(message: TrunkMessage, send: (message: TrunkMessage) => void): void {
    switch (message.kind) {
      case 'packet':
        return this.#takePacket(message.bytes, send)
      case 'bye':
        if (this.#machines.get(message.machine)?.send === send) this.#forget(message.machine)
        return undefined
      case 'hello': {
        this.#takeHello(message.machine, message.stations, send)
        if (message.wants) send(this.#hello(false))
        return undefined
      }
    }
  }

  #forget(number: number): void {
    if (this.#machines.delete(number)) this.#host.changed()
  }

  #takeHello(number: number, told: readonly TrunkStation[], send: (message: TrunkMessage) => void): void {
    if (number === this.#host.machine) {
      this.#clash = true
      return this.#host.changed()
    }
    const known = this.#machines.get(number)
    // The first link that a machine is heard on keeps it; another cannot take its guests over.
    if (known !== undefined && known.send !== send) return
    if (known === undefined && this.#machines.size >= MOST_MACHINES) return
    const own = told.filter(({ address }) => machineOf(address) === number)
    const isSame =
      known?.stations.size === own.length &&
      own.every(({ name, address }) => known.stations.get(address)?.name === name)
    if (known !== undefined && isSame) {
      known.heardAt = this.#host.now()
      return
    }
    const stations = new Map(
      own.map((station) => {
        const before = known?.stations.get(station.address)
        return [
          station.address,
          before?.name === station.name ? before : new RemoteStation(station, send),
        ] as const
      }),
    )
    this.#machines.set(number, { send, stations, heardAt: this.#host.now() })
    this.#host.changed()
  }

  #takePacket(bytes: Uint8Array, send: (message: TrunkMessage) => void): void {
    const frame = new Uint8Array(ETHERNET_HEADER + bytes.length)
    frame.set(bytes, ETHERNET_HEADER)
    const packet = parseIpv4(frame)
    if (typeof packet === 'string') return
    // On a channel of many everybody hears everything.
    if (machineOf(packet.destination) !== this.#host.machine) return
    const from = this.station(packet.source)
    if (from !== undefined && this.#machines.get(machineOf(packet.source))?.send === send)
      this.#host.arrived(from, packet, frame)
  }
}

/** Writes the Ethernet header of a frame that came over the trunk. */
export function addressFrame(frame: Uint8Array, destinationMac: number): void {
  ethernetHeader(frame, destinationMac, TRUNK_MAC, EtherType.ipv4)
}
