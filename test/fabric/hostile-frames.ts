/** Frames of a hostile guest: nearly right, every field from a small set of interesting values, some bytes damaged. */

import { GATEWAY_ADDRESS, GATEWAY_MAC, PORTAL_ADDRESS } from '../../src/fabric/addresses.ts'
import { putMac, putU16, putU32 } from '../../src/fabric/packets/address.ts'
import { arpReply } from '../../src/fabric/packets/arp.ts'
import {
  EtherType,
  etherType,
  fold,
  ipv4Frame,
  PAYLOAD_AT,
  Protocol,
  sum16,
  type Envelope,
} from '../../src/fabric/packets/ipv4.ts'
import { Flag, parseTcp, tcpFrame } from '../../src/fabric/packets/tcp.ts'
import { udpFrame } from '../../src/fabric/packets/udp.ts'
import { damaged } from '../support/fuzz.ts'
import { arp, ipv4Of, type BenchGuest } from './bench.ts'

export type Next = (below: number) => number

/** @throws Error when there is nothing to pick from */
export function pick<T>(next: Next, values: readonly T[]): T {
  const value = values[next(values.length)]
  if (value === undefined) throw new Error('nothing to pick from')
  return value
}

const PORTS = [53, 67, 68, 80, 123, 443, 6667, 9]

/** In the world, one of them with the last two bytes of the first guest: it must not be taken for that. */
const WORLD = [0x5db8_d822, 0x0102_070a, 0x0102_070b, 0x0102_0001, 0xc612_0001]

const NAMES = ['portal', 'gateway', 'a', 'b', 'c.hyperspace.internal', 'b.m9', 'example.com', 'nobody']

export function nearlyRight(next: Next, own: BenchGuest, all: readonly BenchGuest[]): Uint8Array {
  const frame = next(8) === 0 ? (follow(next, own) ?? begin(next, own)) : anything(next, own, all)
  if (next(20) === 0) putMac(frame, 0, next(1000))
  return next(6) === 0 ? damaged(frame, next) : frame
}

function anything(next: Next, own: BenchGuest, all: readonly BenchGuest[]): Uint8Array {
  const usually = <T>(value: T, values: readonly T[]): T => (next(8) === 0 ? pick(next, values) : value)
  const macs = [...all.map(({ mac }) => mac), GATEWAY_MAC, 0xffff_ffff_ffff, 0]
  const guests = all.map(({ address }) => address)
  const addresses = [...guests, GATEWAY_ADDRESS, PORTAL_ADDRESS, 0, 0xffff_ffff, 0x0808_0808]
  const peer = pick(next, all)
  const toGateway = next(3) === 0
  const service = next(3) === 0 ? pick(next, WORLD) : pick(next, [GATEWAY_ADDRESS, PORTAL_ADDRESS])
  const envelope = {
    sourceMac: usually(own.mac, macs),
    destinationMac: usually(toGateway ? GATEWAY_MAC : peer.mac, macs),
    source: usually(own.address, addresses),
    destination: usually(toGateway ? service : peer.address, addresses),
  }
  switch (next(8)) {
    case 0:
    case 1:
      return udpFrame(envelope, pick(next, PORTS), pick(next, PORTS), bytes(next, next(40)))
    case 2:
    case 3: {
      const fields = {
        sourcePort: pick(next, PORTS),
        destinationPort: pick(next, PORTS),
        sequence: next(3) * 1000,
        acknowledgement: next(3) * 1000,
        flags: next(2) === 0 ? Flag.syn : next(64),
        window: next(3) * 500,
        maximumSegment: next(2) === 0 ? next(2000) : undefined,
      }
      return tcpFrame(envelope, fields, [new Uint8Array(next(30))])
    }
    case 4:
      return icmp(next, envelope)
    case 5: {
      const operation = 1 + next(2)
      const frame = arpReply(
        envelope.sourceMac,
        envelope.source,
        envelope.destinationMac,
        envelope.destination,
      )
      putU16(frame, 20, operation)
      return frame
    }
    case 6:
      return arp({ mac: own.mac, sender: own.address, target: pick(next, [...addresses, ...WORLD]) })
    default:
      return question(next, own, { ...envelope, destinationMac: GATEWAY_MAC, destination: GATEWAY_ADDRESS })
  }
}

function bytes(next: Next, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next(256))
}

function icmp(next: Next, envelope: Envelope): Uint8Array {
  const frame = ipv4Frame(envelope, Protocol.icmp, 36)
  frame[PAYLOAD_AT] = pick(next, [0, 3, 8, 8])
  putU16(frame, PAYLOAD_AT + 4, pick(next, PORTS))
  const turned = { ...envelope, source: envelope.destination, destination: envelope.source }
  const quoted = udpFrame(turned, pick(next, PORTS), pick(next, PORTS), new Uint8Array())
  if (frame[PAYLOAD_AT] === 3) frame.set(quoted.subarray(14, 42), PAYLOAD_AT + 8)
  putU16(frame, PAYLOAD_AT + 2, ~fold(sum16(frame, PAYLOAD_AT, frame.length)) & 0xffff)
  return frame
}

/** For one of the gateway's services. */
function question(next: Next, own: BenchGuest, envelope: Envelope): Uint8Array {
  switch (next(3)) {
    case 0: {
      const labels: number[] = []
      for (const label of pick(next, NAMES).split('.')) labels.push(label.length, ...Buffer.from(label))
      const payload = Uint8Array.of(1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1)
      return udpFrame(envelope, pick(next, PORTS), 53, payload)
    }
    case 1:
      return udpFrame(
        envelope,
        pick(next, PORTS),
        123,
        Uint8Array.from({ length: 48 }, (_, at) => (at ? 0 : 0x23)),
      )
    default: {
      const payload = new Uint8Array(256)
      payload.set([1, 1, 6, 0])
      putMac(payload, 28, next(8) === 0 ? next(9) : own.mac)
      putU32(payload, 236, 0x6382_5363)
      payload.set([53, 1, 1 + 2 * next(2), 50, 4], 240)
      putU32(payload, 245, own.address + (next(4) === 0 ? 1 : 0))
      payload[249] = 255
      const leased = next(2) === 0
      const asked = leased ? envelope : { ...envelope, source: 0, destination: 0xffff_ffff }
      return udpFrame(asked, 68, 67, payload)
    }
  }
}

const REQUEST = new TextEncoder().encode('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')

/** The first segment of a connection to a page. */
function begin(next: Next, own: BenchGuest): Uint8Array {
  const fields = {
    sourcePort: 1024 + next(64),
    destinationPort: 80,
    sequence: 1,
    acknowledgement: 0,
    flags: Flag.syn,
    window: 4000,
    maximumSegment: 1000,
  }
  const to = pick(next, [PORTAL_ADDRESS, 0x5db8_d822, pick(next, WORLD)])
  return tcpFrame(own.envelope('gateway', to), fields, [])
}

/** Goes on with the connection that the gateway spoke of last, rightly: so some of them come about. */
function follow(next: Next, own: BenchGuest): Uint8Array | undefined {
  for (let back = 1; back <= 12; back++) {
    const frame = own.received.at(-back)
    if (frame === undefined || etherType(frame) !== EtherType.ipv4) continue
    const packet = ipv4Of(frame)
    const theirs = packet.protocol === Protocol.tcp ? parseTcp(packet) : undefined
    if (theirs === undefined || (theirs.flags & Flag.rst) !== 0) continue
    const length =
      theirs.payload.length + (theirs.flags & Flag.syn ? 1 : 0) + (theirs.flags & Flag.fin ? 1 : 0)
    const fields = {
      sourcePort: theirs.destinationPort,
      destinationPort: theirs.sourcePort,
      sequence: theirs.acknowledgement,
      acknowledgement: (theirs.sequence + length) >>> 0,
      flags: Flag.ack | (next(8) === 0 ? Flag.fin : 0),
      window: 4000,
      maximumSegment: undefined,
    }
    return tcpFrame(own.envelope('gateway', packet.source), fields, [
      next(4) === 0 ? new Uint8Array() : REQUEST,
    ])
  }
  return undefined
}
