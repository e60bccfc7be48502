/** A fabric on a bench: a clock moved by hand, guests made of frames, and a policy given as a function. */

import { Fabric } from '../../src/fabric/fabric.ts'
import type { AttachedPort, DropReason, FabricEnvironment } from '../../src/fabric/environment.ts'
import { GATEWAY_ADDRESS, GATEWAY_MAC } from '../../src/fabric/addresses.ts'
import { parseIpv4Address, parseMac, putMac, putU16, putU32 } from '../../src/fabric/packets/address.ts'
import {
  etherType,
  EtherType,
  ipv4Frame,
  parseIpv4,
  PAYLOAD_AT,
  Protocol,
  type Envelope,
  type Ipv4Packet,
} from '../../src/fabric/packets/ipv4.ts'
import type { Flow, Verdict } from '../../src/protocol/policy.ts'
import { parseUdp, udpFrame, type Datagram } from '../../src/fabric/packets/udp.ts'

export class Clock {
  #now = 1000
  #timers = new Set<{ readonly at: number; readonly action: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + ms, action }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets time go by in which nothing is due. @throws Error when something is */
  skip(ms: number): void {
    this.#now += ms
    for (const { at } of this.#timers) if (at <= this.#now) throw new Error('something was due')
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Fires what falls due, in order, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#now = Math.max(this.#now, due.at)
      this.#timers.delete(due)
      due.action()
      await settle()
    }
    this.#now = until
    await settle()
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export type BenchOptions = Partial<Omit<FabricEnvironment, 'now' | 'after'>>

export class Bench {
  readonly clock = new Clock()
  readonly fabric: Fabric
  readonly asked: Flow[] = []
  decide: (flow: Flow) => Verdict

  constructor(options: BenchOptions = {}, machine = 7) {
    this.decide = options.decide ?? (() => 'deny')
    this.fabric = new Fabric(
      {
        mayTalk: () => true,
        wallClock: () => 1_700_000_000_000 + this.clock.now(),
        fetch: () => Promise.reject(new TypeError('no world here')),
        site: () => Promise.resolve(undefined),
        sites: ['portal'],
        relay: undefined,
        ...options,
        decide: (flow) => {
          this.asked.push(flow)
          return this.decide(flow)
        },
        now: () => this.clock.now(),
        after: (ms, action) => this.clock.after(ms, action),
      },
      machine,
    )
  }

  plug(id: string, number: number): BenchGuest {
    return new BenchGuest(this, id, `02:48:53:00:00:${number.toString(16).padStart(2, '0')}`)
  }
}

export class BenchGuest {
  readonly id: string
  readonly mac: number
  readonly address: number
  readonly port: AttachedPort
  /** Everything it has been sent. */
  readonly received: Uint8Array[] = []
  /** Whether it tells the fabric that it has taken its frames. */
  takes = true

  constructor(bench: Bench, id: string, mac: string) {
    this.id = id
    this.mac = parseMac(mac)
    this.port = bench.fabric.attach({
      id,
      mac,
      send: (frames) => {
        this.received.push(...frames)
        if (this.takes) this.port.taken(frames.length)
      },
    })
    this.address = parseIpv4Address(this.port.address) ?? 0
  }

  /** Hands frames to the switch and answers what came back at once. */
  async send(...frames: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const before = this.received.length
    this.port.receive(frames)
    await settle()
    return this.received.slice(before)
  }

  envelope(peer: BenchGuest | 'gateway', address?: number): Envelope {
    return {
      sourceMac: this.mac,
      destinationMac: peer === 'gateway' ? GATEWAY_MAC : peer.mac,
      source: this.address,
      destination: address ?? (peer === 'gateway' ? GATEWAY_ADDRESS : peer.address),
    }
  }

  udp(
    peer: BenchGuest | 'gateway',
    from: number,
    to: number,
    payload: Uint8Array = new Uint8Array(4),
  ): Uint8Array {
    return udpFrame(this.envelope(peer), from, to, payload)
  }

  /** How many of its frames were dropped, reasons without any left out. */
  drops(): Partial<Record<DropReason, number>> {
    const counted = Object.entries(this.port.counters().dropped).filter(([, count]) => count > 0)
    return Object.fromEntries(counted)
  }
}

/** @throws Error when the frame is no sound IPv4 */
export function ipv4Of(frame: Uint8Array | undefined): Ipv4Packet {
  if (frame === undefined) throw new Error('no frame came')
  if (etherType(frame) !== EtherType.ipv4) throw new Error('the frame is not IPv4')
  const packet = parseIpv4(frame)
  if (typeof packet === 'string') throw new Error(`the packet is ${packet}`)
  return packet
}

export function udpOf(frame: Uint8Array | undefined): Datagram {
  const datagram = parseUdp(ipv4Of(frame))
  if (datagram === undefined) throw new Error('no datagram')
  return datagram
}

/** An echo request. */
export function ping(envelope: Envelope, id: number): Uint8Array {
  const frame = ipv4Frame(envelope, Protocol.icmp, 16)
  frame[PAYLOAD_AT] = 8
  putU16(frame, PAYLOAD_AT + 4, id)
  putU16(frame, PAYLOAD_AT + 2, ~(0x0800 + id) & 0xffff)
  return frame
}

export function arp(fields: {
  readonly mac: number
  readonly senderMac?: number
  readonly sender: number
  readonly target: number
  readonly operation?: number
}): Uint8Array {
  const frame = new Uint8Array(42)
  frame.fill(255, 0, 6)
  putMac(frame, 6, fields.mac)
  putU16(frame, 12, EtherType.arp)
  frame.set([0, 1, 8, 0, 6, 4], 14)
  putU16(frame, 20, fields.operation ?? 1)
  putMac(frame, 22, fields.senderMac ?? fields.mac)
  putU32(frame, 28, fields.sender)
  putU32(frame, 38, fields.target)
  return frame
}
