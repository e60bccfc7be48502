/**
 * What may arrive at a guest, by the letter of the rules and without any haste: the model that the switch and its gateway are
 * held against. It knows no more than what was sent and what came; it errs only on the side of letting a frame pass.
 */

import { assert } from '../../src/base/assert.ts'
import { GATEWAY_ADDRESS, GATEWAY_MAC, PORTAL_ADDRESS } from '../../src/fabric/addresses.ts'
import { serviceOf } from '../../src/fabric/flows.ts'
import { u16At, u32At } from '../../src/fabric/packets/address.ts'
import { parseArp } from '../../src/fabric/packets/arp.ts'
import { Unreachable } from '../../src/fabric/packets/icmp.ts'
import {
  destinationMac,
  EtherType,
  etherType,
  Protocol,
  sourceMac,
  type Ipv4Packet,
} from '../../src/fabric/packets/ipv4.ts'
import { Flag, parseTcp } from '../../src/fabric/packets/tcp.ts'
import { parseUdp } from '../../src/fabric/packets/udp.ts'
import type { Flow, PolicyRule, Verdict } from '../../src/protocol/policy.ts'
import { ipv4Of } from './bench.ts'

/** A guest, here or (with the trunk's MAC and the name “trunk”) elsewhere. */
export type Party = { readonly id: string; readonly mac: number; readonly address: number }

/** A service that no rule of a test names. */
const UNNAMED = 'tcp/4711'
const BROKERED: readonly string[] = ['file', 'clip', 'secret', 'sign']

export class Lawful {
  readonly #guests: readonly Party[]
  #rules: readonly PolicyRule[] = []
  /** Every conversation that was opened lawfully, by both ends as the opener has them, and what allowed it. */
  #opened = new Map<string, Flow>()
  /** How many frames of each kind have passed: a model that sees nothing proves nothing. */
  readonly passed: Record<'arp' | 'guest' | 'dhcp' | 'dns' | 'ntp' | 'echo' | 'unreachable' | 'tcp', number> =
    { arp: 0, guest: 0, dhcp: 0, dns: 0, ntp: 0, echo: 0, unreachable: 0, tcp: 0 }

  constructor(guests: readonly Party[]) {
    this.#guests = guests
  }

  /** Other rules are in force: what they do not allow is over. */
  rule(rules: readonly PolicyRule[]): void {
    this.#rules = rules
    for (const [key, flow] of this.#opened) if (this.verdict(flow) !== 'allow') this.#opened.delete(key)
  }

  verdict({ source, destination, service }: Flow): Verdict {
    const means = (name: string, party: string): boolean =>
      name === '*' ? party !== 'trunk' : name === party
    for (const rule of this.#rules)
      if (
        means(rule.source, source) &&
        means(rule.destination, destination) &&
        (rule.service === '*' || rule.service === service)
      )
        return rule.verdict
    return 'deny'
  }

  mayTalk(source: string, destination: string): boolean {
    const services = new Set([UNNAMED, ...this.#rules.map(({ service }) => service)])
    for (const service of ['*', ...BROKERED]) services.delete(service)
    return [...services].some((service) => this.verdict({ source, destination, service }) !== 'deny')
  }

  /** @throws (assertion) when `frame` should not have come to `guest` in answer to what `sender` sent */
  check(frame: Uint8Array, sender: Party, guest: Party): void {
    assert(destinationMac(frame) === guest.mac, 'a frame for another card')
    if (etherType(frame) === EtherType.arp) {
      assert(sender === guest, 'ARP that was not asked for')
      return this.#checkArp(frame, guest)
    }
    const packet = ipv4Of(frame)
    if (sourceMac(frame) !== GATEWAY_MAC) return this.#checkBetween(frame, packet, sender, guest)
    assert(sender === guest, 'the gateway speaks to one who did not ask')
    this.#checkGateway(packet, guest)
  }

  /** The same for what the gateway's connections send by themselves. */
  checkLater(frame: Uint8Array, guest: Party): void {
    assert(sourceMac(frame) === GATEWAY_MAC && etherType(frame) === EtherType.ipv4, 'unasked, of a guest')
    const packet = ipv4Of(frame)
    assert(packet.protocol === Protocol.tcp, 'unasked, and no segment')
    this.#checkGateway(packet, guest)
  }

  #learns(guest: Party, address: number): Party | undefined {
    const other = this.#guests.find((known) => known.address === address)
    if (other === undefined || other === guest) return other
    const may = this.mayTalk(guest.id, other.id) || this.mayTalk(other.id, guest.id)
    assert(may, `${guest.id} learns of ${other.id}`)
    return other
  }

  #checkArp(frame: Uint8Array, guest: Party): void {
    const arp = parseArp(frame)
    assert(arp?.operation === 'reply', 'a question reached a guest')
    this.passed.arp += 1
    const { sender, senderMac } = arp
    if (sender === GATEWAY_ADDRESS || sender === PORTAL_ADDRESS)
      return assert(senderMac === GATEWAY_MAC, 'the gateway has another MAC')
    const other = this.#learns(guest, sender)
    assert(other !== undefined && other !== guest && other.mac === senderMac, 'ARP tells of nobody')
  }

  #checkGateway({ source, destination, protocol, payload, ...packet }: Ipv4Packet, guest: Party): void {
    const isOurs = source === GATEWAY_ADDRESS || source === PORTAL_ADDRESS
    const toAll = destination === 0xffff_ffff && protocol === Protocol.udp && u16At(payload, 0) === 67
    assert(destination === guest.address || toAll, 'the gateway speaks to another address')
    switch (protocol) {
      case Protocol.udp: {
        const datagram = parseUdp({ source, destination, protocol, payload, ...packet })
        assert(datagram !== undefined && source === GATEWAY_ADDRESS, 'a datagram from nowhere')
        return this.#checkService(datagram.sourcePort, datagram.destinationPort, datagram.payload, guest)
      }
      case Protocol.icmp: {
        if (payload[0] === 0) {
          assert(isOurs, 'an echo of the world')
          this.passed.echo += 1
          return this.#open(guest, source, { protocol, from: u16At(payload, 4), to: 0 })
        }
        assert(payload[0] === 3 && source === GATEWAY_ADDRESS, 'another message of the gateway')
        this.passed.unreachable += 1
        const quoted = payload.subarray(8)
        const isOwn = u32At(quoted, 12) === guest.address
        // Before it has a lease it has no address.
        if (payload[1] === Unreachable.prohibited)
          return assert(isOwn || u32At(quoted, 12) === 0, 'an error about what another sent')
        assert(isOwn, 'an error about what another sent')
        const isEcho = quoted[9] === Protocol.icmp
        const [from, to] = isEcho ? [u16At(quoted, 24), 0] : [u16At(quoted, 20), u16At(quoted, 22)]
        return this.#open(guest, u32At(quoted, 16), { protocol: quoted[9] ?? 0, from, to })
      }
      case Protocol.tcp: {
        const segment = parseTcp({ source, destination, protocol, payload, ...packet })
        assert(segment !== undefined, 'an unsound segment')
        // A reset is what anybody gets for a segment of no connection; it tells nothing.
        if ((segment.flags & Flag.rst) !== 0) return undefined
        this.passed.tcp += 1
        const ends = { protocol, from: segment.destinationPort, to: segment.sourcePort }
        if ((segment.flags & Flag.syn) !== 0) return this.#open(guest, source, ends)
        return assert(this.#isOpen(guest.address, source, ends), 'data of a connection that nobody may have')
      }
      default:
        throw new Error(`protocol ${protocol} of the gateway`)
    }
  }

  #checkService(port: number, guestPort: number, payload: Uint8Array, guest: Party): void {
    if (port === 67) {
      this.passed.dhcp += 1
      const flow = { source: guest.id, destination: 'gateway', service: 'dhcp' }
      assert(this.verdict(flow) === 'allow', 'a lease that nobody may have')
      return assert([0, guest.address].includes(u32At(payload, 16)), 'the address of another')
    }
    assert(port === 53 || port === 123, 'a datagram of no service')
    this.passed[port === 53 ? 'dns' : 'ntp'] += 1
    this.#open(guest, GATEWAY_ADDRESS, { protocol: Protocol.udp, from: guestPort, to: port })
    // One record, and it is the last: an address of the fabric is one that the guest may learn of.
    if (port === 53 && u16At(payload, 6) === 1) this.#learns(guest, u32At(payload, payload.length - 4))
  }

  #checkBetween(
    frame: Uint8Array,
    { source, destination, ...packet }: Ipv4Packet,
    from: Party,
    to: Party,
  ): void {
    assert(sourceMac(frame) === from.mac && source === from.address, 'a sender that is another')
    assert(destination === to.address, 'a packet for another address')
    this.passed.guest += 1
    const { payload, protocol } = packet
    if (protocol === Protocol.icmp && payload[0] === 3) {
      const quoted = payload.subarray(8)
      const about = { protocol: quoted[9] ?? 0, from: u16At(quoted, 20), to: u16At(quoted, 22) }
      return assert(
        this.#isOpen(to.address, from.address, about) ||
          this.#isOpen(from.address, to.address, turned(about)),
        'an error about nothing',
      )
    }
    const isEcho = protocol === Protocol.icmp
    const id = u16At(payload, 4)
    const isReply = isEcho && payload[0] === 0
    const ends = isEcho
      ? { protocol, from: isReply ? 0 : id, to: isReply ? id : 0 }
      : { protocol, from: u16At(payload, 0), to: u16At(payload, 2) }
    if (this.#isOpen(to.address, from.address, turned(ends))) return undefined
    assert(!isReply, 'an answer to nothing')
    return this.#open(from, to.address, ends)
  }

  #isOpen(opener: number, peer: number, { protocol, from, to }: Ends): boolean {
    return this.#opened.has(`${protocol} ${opener}:${from} ${peer}:${to}`)
  }

  /** The conversation is open, or may be opened now. */
  #open(opener: Party, peer: number, { protocol, from, to }: Ends): void {
    const key = `${protocol} ${opener.address}:${from} ${peer}:${to}`
    if (this.#opened.has(key)) return
    const destination = this.#guests.find(({ address }) => address === peer)?.id ?? placeOf(peer)
    const flow = { source: opener.id, destination, service: serviceOf(protocol, to) }
    assert(this.verdict(flow) === 'allow', `${JSON.stringify(flow)} is not allowed`)
    this.#opened.set(key, flow)
  }
}

type Ends = { readonly protocol: number; readonly from: number; readonly to: number }

function turned({ protocol, from, to }: Ends): Ends {
  return { protocol, from: to, to: from }
}

function placeOf(address: number): string {
  if (address === GATEWAY_ADDRESS) return 'gateway'
  return address === PORTAL_ADDRESS ? 'portal' : 'internet'
}
