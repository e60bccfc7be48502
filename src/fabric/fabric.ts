/**
 * The virtual switch between the domains. A frame passes four questions in order, and nothing of it is acted on before:
 *
 * 1. Is it well formed, of a kind that is carried, and within the port's rate?
 * 2. Is it from who it says? A port has one MAC and one IP address; a tag, another's address or a forged ARP ends here.
 * 3. Who is it for? The gateway, or the one port whose MAC and IP both match. Nothing is ever flooded: the switch
 *    answers ARP itself, from what it knows, and only to who may talk to the one asked for.
 * 4. Does it belong to a conversation that the policy has let one of the two open, or does the policy let this one?
 */

import { defined } from '../base/assert.ts'
import type { Station as Known } from '../protocol/network.ts'
import type { Flow } from '../protocol/policy.ts'
import { drawMachineNumber, freeAddress, GATEWAY_ADDRESS, GATEWAY_MAC, PORTAL_ADDRESS } from './addresses.ts'
import type { AttachedPort, DropReason, FabricEnvironment, PortSpec } from './environment.ts'
import { endsOf, quotedPacket, serviceOf, type Ends } from './flows.ts'
import { Gateway } from './gateway.ts'
import { formatIpv4Address, formatMac, isGroupMac } from './packets/address.ts'
import { arpReply, parseArp } from './packets/arp.ts'
import { Unreachable } from './packets/icmp.ts'
import {
  destinationMac,
  ETHERNET_HEADER,
  EtherType,
  etherType,
  LONGEST_FRAME,
  parseIpv4,
  Protocol,
  sourceMac,
  type Ipv4Packet,
} from './packets/ipv4.ts'
import { Port } from './port.ts'
import { addressFrame, Trunk, TRUNK_MAC, type RemoteStation } from './trunk.ts'

/** Frames of one message that are looked at; the vNIC sends a few dozen a slice. */
const MOST_FRAMES_A_TURN = 1024

/** The sender is not who it says. */
const FORGED: ReadonlySet<DropReason> = new Set(['forged-mac', 'forged-ip', 'forged-arp'])

/** A guest, here or on another machine. */
type Station = Pick<Port, 'id' | 'address' | 'flows' | 'deliver' | 'tellUnreachable'>

export class Fabric {
  /** The guests of other machines; none until a link is attached to it. */
  readonly trunk: Trunk
  readonly #environment: FabricEnvironment
  readonly #machine: number
  readonly #ports = new Map<number, { readonly port: Port; readonly gateway: Gateway }>()
  readonly #byAddress = new Map<number, Port>()

  /** `machine` is 1 to 250, for tests; drawn otherwise. */
  constructor(environment: FabricEnvironment, machine = drawMachineNumber()) {
    this.#environment = environment
    this.#machine = machine
    this.trunk = new Trunk({
      machine,
      now: () => environment.now(),
      stations: () => [...this.#byAddress.values()].map(({ id, address }) => ({ name: id, address })),
      arrived: (from, packet, frame) => this.#arrived(from, packet, frame),
      changed: () => environment.trunkChanged?.(),
    })
  }

  /** @throws Error when the MAC is taken or no address is left: both are given out by the supervisor */
  attach(spec: PortSpec): AttachedPort {
    const address = defined(
      freeAddress(this.#machine, new Set(this.#byAddress.keys())),
      'more guests than addresses',
    )
    const port = new Port(spec, address, this.#environment)
    if (this.#ports.has(port.mac)) throw new Error(`the MAC ${spec.mac} is attached twice`)
    const gateway = new Gateway(this.#environment, port, {
      mayOpen: (packet, ends, id) => this.#isOwnOrOpened(port, packet, ends, id),
      mayConnect: (packet, id, service) => this.#allowed(port, packet, id, service) !== undefined,
      addressOf: (name) => this.#addressOf(port, name),
    })
    this.#ports.set(port.mac, { port, gateway })
    this.#byAddress.set(address, port)
    this.trunk.announce()
    return {
      address: formatIpv4Address(address),
      receive: (untrustedFrames) => this.#receive(port, gateway, untrustedFrames),
      taken: (frames) => port.taken(frames),
      counters: () => port.counters(),
      detach: () => {
        if (!port.attached) return
        port.detach()
        gateway.close()
        this.#ports.delete(port.mac)
        this.#byAddress.delete(address)
        this.trunk.announce()
      },
    }
  }

  /** The policy has changed: what it no longer allows ends now. */
  policyChanged(): void {
    const allowed = (flow: Flow): boolean => this.#environment.decide(flow) === 'allow'
    for (const { port, gateway } of this.#ports.values()) {
      port.flows.review(allowed)
      gateway.review(allowed)
    }
    this.trunk.review(allowed)
  }

  /** Who is behind which port: given out, told by the trunk, or claimed and refused. */
  stations(): Known[] {
    const now = this.#environment.now()
    const known: Known[] = []
    for (const port of this.#byAddress.values()) {
      const { id, mac, address, heardAt } = port
      known.push(station(id, id, mac, address, 'static', heardAt === undefined ? undefined : now - heardAt))
      for (const stranger of port.strangers.list(now))
        known.push(station(id, '', stranger.mac, stranger.address, 'refused', now - stranger.at))
    }
    for (const { name, address, heardAt } of this.trunk.told())
      known.push(station('trunk', name, TRUNK_MAC, address, 'learned', now - heardAt))
    return known
  }

  #receive(port: Port, gateway: Gateway, untrustedFrames: readonly Uint8Array[]): void {
    if (!port.attached) return
    const now = this.#environment.now()
    for (const untrustedFrame of untrustedFrames.slice(0, MOST_FRAMES_A_TURN)) {
      port.countReceived(untrustedFrame, now)
      const reason = port.admits(now) ? this.#take(port, gateway, untrustedFrame, now) : 'rate'
      if (reason === undefined) continue
      port.refuse(reason)
      if (FORGED.has(reason)) port.strangers.note(untrustedFrame, now)
    }
    for (let left = untrustedFrames.length - MOST_FRAMES_A_TURN; left > 0; left--) port.drop('rate')
  }

  /** Carries one frame; answers why not. */
  #take(port: Port, gateway: Gateway, untrustedFrame: Uint8Array, now: number): DropReason | undefined {
    if (untrustedFrame.length < ETHERNET_HEADER || untrustedFrame.length > LONGEST_FRAME) return 'malformed'
    if (sourceMac(untrustedFrame) !== port.mac) return 'forged-mac'
    switch (etherType(untrustedFrame)) {
      case EtherType.ipv4:
        return this.#takeIpv4(port, gateway, untrustedFrame, now)
      case EtherType.arp:
        return this.#takeArp(port, untrustedFrame)
      case EtherType.vlan:
      case EtherType.serviceVlan:
      case EtherType.oldVlan:
        return 'vlan'
      default:
        return 'protocol'
    }
  }

  /** Answered out of what the switch knows; no guest's ARP ever reaches another. */
  #takeArp(port: Port, untrustedFrame: Uint8Array): DropReason | undefined {
    const arp = parseArp(untrustedFrame)
    if (arp === undefined) return 'malformed'
    // A probe for its own address (RFC 5227) has no sender.
    const isOwn = arp.sender === port.address || (arp.sender === 0 && arp.operation === 'request')
    if (arp.senderMac !== port.mac || !isOwn) return 'forged-arp'
    if (arp.operation === 'reply') return 'broadcast'
    if (arp.target === port.address) return undefined
    const mac = this.#macFor(port, arp.target)
    if (mac === undefined) return 'unknown-destination'
    port.deliver(arpReply(mac, arp.target, port.mac, arp.sender))
    return undefined
  }

  #macFor(port: Port, address: number): number | undefined {
    if (address === GATEWAY_ADDRESS || address === PORTAL_ADDRESS) return GATEWAY_MAC
    const peer = this.#byAddress.get(address) ?? this.trunk.station(address)
    if (peer === undefined) return undefined
    const talk = this.#environment.mayTalk(port.id, peer.id) || this.#environment.mayTalk(peer.id, port.id)
    if (!talk) return undefined
    return peer instanceof Port ? peer.mac : TRUNK_MAC
  }

  #takeIpv4(port: Port, gateway: Gateway, untrustedFrame: Uint8Array, now: number): DropReason | undefined {
    const packet = parseIpv4(untrustedFrame)
    if (packet === 'malformed' || packet === 'fragment') return packet
    const mac = destinationMac(untrustedFrame)
    if (packet.source !== port.address) {
      if (packet.source !== 0 || packet.protocol !== Protocol.udp) return 'forged-ip'
      return gateway.takeDhcp(packet)
    }
    if (isGroupMac(mac)) return gateway.takeDhcp(packet) === undefined ? undefined : 'broadcast'
    if (mac === GATEWAY_MAC) return gateway.take(packet)
    const peer = mac === TRUNK_MAC ? this.trunk.station(packet.destination) : this.#ports.get(mac)?.port
    if (peer === undefined || peer === port || packet.destination !== peer.address)
      return 'unknown-destination'
    return this.#between(port, peer, packet, untrustedFrame, now)
  }

  /** A packet over the trunk. Nobody on the other side is told what becomes of it. */
  #arrived(from: RemoteStation, packet: Ipv4Packet, frame: Uint8Array): void {
    const peer = this.#byAddress.get(packet.destination)
    if (peer === undefined) return
    addressFrame(frame, peer.mac)
    this.#between(from, peer, packet, frame, this.#environment.now())
  }

  #between(
    port: Station,
    peer: Station,
    packet: Ipv4Packet,
    untrustedFrame: Uint8Array,
    now: number,
  ): DropReason | undefined {
    const ends = endsOf(packet)
    const passes =
      ends === undefined
        ? this.#isAboutTheirs(port, peer, packet, now)
        : this.#isOpen(port, peer, ends, now) ||
          (!ends.isEchoReply && this.#mayOpen(port, packet, ends, peer))
    if (!passes) return 'policy'
    peer.deliver(untrustedFrame)
    return undefined
  }

  #isOpen(port: Station, peer: Station, ends: Ends, now: number): boolean {
    const { protocol, sourcePort, destinationPort } = ends
    return (
      (!ends.isEchoReply && port.flows.has(peer.address, protocol, sourcePort, destinationPort, now)) ||
      peer.flows.has(port.address, protocol, destinationPort, sourcePort, now)
    )
  }

  /** An ICMP error about a packet of a conversation between the two. */
  #isAboutTheirs(port: Station, peer: Station, packet: Ipv4Packet, now: number): boolean {
    const quoted = quotedPacket(packet)
    if (quoted === undefined || quoted.source !== peer.address || quoted.destination !== port.address)
      return false
    const { protocol, payload } = quoted
    if (protocol !== Protocol.tcp && protocol !== Protocol.udp) return false
    const [sourcePort, destinationPort] = [portAt(payload, 0), portAt(payload, 2)]
    return (
      peer.flows.has(port.address, protocol, sourcePort, destinationPort, now) ||
      port.flows.has(peer.address, protocol, destinationPort, sourcePort, now)
    )
  }

  /** The same for the gateway's own services, which nobody begins a conversation from. */
  #isOwnOrOpened(port: Port, packet: Ipv4Packet, ends: Ends, id: string): boolean {
    const { protocol, sourcePort, destinationPort } = ends
    return (
      port.flows.has(packet.destination, protocol, sourcePort, destinationPort, this.#environment.now()) ||
      this.#mayOpen(port, packet, ends, { id })
    )
  }

  /** Asks the policy for a new conversation, and remembers a yes. */
  #mayOpen(port: Station, packet: Ipv4Packet, ends: Ends, destination: { readonly id: string }): boolean {
    const { protocol, sourcePort, destinationPort } = ends
    const flow = this.#allowed(port, packet, destination.id, serviceOf(protocol, destinationPort))
    const now = this.#environment.now()
    return (
      flow !== undefined &&
      port.flows.open(flow, packet.destination, protocol, sourcePort, destinationPort, now)
    )
  }

  /** The flow, where the policy allows it. A no is told to the guest, so that it need not wait for nothing. */
  #allowed(port: Station, packet: Ipv4Packet, destination: string, service: string): Flow | undefined {
    const flow = { source: port.id, destination, service }
    const verdict = this.#environment.decide(flow)
    if (verdict === 'allow') return flow
    if (verdict === 'deny') port.tellUnreachable(packet, Unreachable.prohibited)
    return undefined
  }

  /** Another domain's address by its id, for those who may talk to it. */
  #addressOf(port: Port, name: string): number | undefined {
    const remote = this.trunk.addressOf(name)
    if (remote !== undefined) return this.#macFor(port, remote) === undefined ? undefined : remote
    for (const { port: peer } of this.#ports.values()) {
      if (peer.id !== name) continue
      return peer === port || this.#macFor(port, peer.address) !== undefined ? peer.address : undefined
    }
    return undefined
  }
}

function station(
  port: string,
  name: string,
  mac: number,
  address: number,
  kind: Known['kind'],
  silentMs: number | undefined,
): Known {
  return {
    port,
    name,
    mac: formatMac(mac),
    address: address === 0 ? '' : formatIpv4Address(address),
    kind,
    silentSeconds: silentMs === undefined ? undefined : Math.floor(silentMs / 1000),
  }
}

function portAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}
