/**
 * The gateway as one port sees it: DHCP, DNS, ping and time at its own address, the in-product sites at theirs, and the way
 * out for everything beyond. Every service is asked about in the policy, as a conversation between guests is.
 */

import type { Flow } from '../protocol/policy.ts'
import {
  DOMAIN_NAME,
  GATEWAY_ADDRESS,
  isWorldAddress,
  PORTAL_ADDRESS,
  StandIns,
  SUBNET_MASK,
} from './addresses.ts'
import { answerDhcp, parseDhcp } from './dhcp.ts'
import { answerDns, isWorldName, Outcome, parseDns, RecordType, type DnsQuestion } from './dns.ts'
import type { DropReason, FabricEnvironment } from './environment.ts'
import { endsOf, serviceOf, type Ends } from './flows.ts'
import { answerNtp } from './ntp.ts'
import { formatIpv4Address } from './packets/address.ts'
import { echoReply, Unreachable } from './packets/icmp.ts'
import { Protocol, type Envelope, type Ipv4Packet } from './packets/ipv4.ts'
import { tcpFrame } from './packets/tcp.ts'
import { parseUdp, udpFrame } from './packets/udp.ts'
import type { Port } from './port.ts'
import { relayConnection } from './relay/relay-connection.ts'
import { TcpStack, type Answer } from './tcp/stack.ts'
import { serveHttp } from './web/http-server.ts'
import { answerFromSites } from './web/sites.ts'
import { answerFromWorld } from './web/world.ts'

const LIMITED_BROADCAST = 0xffff_ffff
const DHCP_SERVER_PORT = 67
const DHCP_CLIENT_PORT = 68
const DNS_PORT = 53
const NTP_PORT = 123
const HTTP_PORT = 80

/** A guest of another machine, “messaging.m117”: no name of the world outside ends so. */
const TRUNK_NAME = /^[a-z0-9-]+\.m\d{1,3}$/

/** What a gateway may ask of the switch. */
export type GatewayHost = {
  /** Whether the policy lets the port open this conversation with `destination`, or has before. */
  mayOpen(packet: Ipv4Packet, ends: Ends, destination: string): boolean
  /** The same for a connection, which is remembered by itself. */
  mayConnect(packet: Ipv4Packet, destination: string, service: string): boolean
  /** Another domain's, where the two may talk. */
  addressOf(domain: string): number | undefined
}

export class Gateway {
  readonly #environment: FabricEnvironment
  readonly #port: Port
  readonly #host: GatewayHost
  readonly #stack: TcpStack
  /** The packet that the stack is looking at. */
  #current: Ipv4Packet | undefined

  constructor(environment: FabricEnvironment, port: Port, host: GatewayHost) {
    this.#environment = environment
    this.#port = port
    this.#host = host
    this.#stack = new TcpStack({
      send: (from, fields, payload) => port.deliver(tcpFrame(port.envelope(from), fields, payload)),
      now: () => environment.now(),
      after: (ms, action) => environment.after(ms, action),
      answer: (address, number) => this.#answer(address, number),
    })
  }

  /** Ends every connection. */
  close(): void {
    this.#stack.review()
  }

  /** Ends what the policy no longer allows. */
  review(allowed: (flow: Flow) => boolean): void {
    this.#stack.review((address, port) =>
      allowed({
        source: this.#port.id,
        destination: whose(address),
        service: serviceOf(Protocol.tcp, port),
      }),
    )
  }

  /** A packet from the port's own address to the gateway's MAC. */
  take(packet: Ipv4Packet): DropReason | undefined {
    const { destination, protocol } = packet
    const isService = destination === GATEWAY_ADDRESS || destination === PORTAL_ADDRESS
    if (!isService && !isWorldAddress(destination)) return 'unknown-destination'
    switch (protocol) {
      case Protocol.icmp:
        return this.#takeIcmp(packet, isService)
      case Protocol.udp:
        return this.#takeUdp(packet)
      case Protocol.tcp:
        return this.#takeTcp(packet)
      default:
        return 'protocol'
    }
  }

  /** A packet that may be nothing but a question for a lease. */
  takeDhcp(packet: Ipv4Packet): DropReason | undefined {
    const datagram = packet.protocol === Protocol.udp ? parseUdp(packet) : undefined
    if (
      datagram?.destinationPort !== DHCP_SERVER_PORT ||
      datagram.sourcePort !== DHCP_CLIENT_PORT ||
      (packet.destination !== LIMITED_BROADCAST && packet.destination !== GATEWAY_ADDRESS)
    )
      return packet.source === this.#port.address ? 'broadcast' : 'forged-ip'
    const question = parseDhcp(datagram.payload)
    if (question === undefined) return 'malformed'
    if (question.hardwareAddress !== this.#port.mac) return 'forged-mac'
    if (!this.#host.mayConnect(packet, 'gateway', 'dhcp')) return 'policy'
    const payload = answerDhcp(question, {
      address: this.#port.address,
      gateway: GATEWAY_ADDRESS,
      subnetMask: SUBNET_MASK,
      domain: DOMAIN_NAME,
      hostname: this.#port.id,
    })
    if (payload === undefined) return undefined
    const envelope: Envelope = {
      ...this.#port.envelope(GATEWAY_ADDRESS),
      destination: question.clientAddress === 0 ? LIMITED_BROADCAST : this.#port.address,
    }
    this.#port.deliver(udpFrame(envelope, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, payload))
    return undefined
  }

  #takeIcmp(packet: Ipv4Packet, isService: boolean): DropReason | undefined {
    const ends = endsOf(packet)
    // Errors about what the gateway sent need no answer.
    if (ends === undefined || ends.isEchoReply) return 'protocol'
    if (!this.#host.mayOpen(packet, ends, whose(packet.destination))) return 'policy'
    if (isService) this.#port.deliver(echoReply(this.#port.envelope(packet.destination), packet.payload))
    // Neither a browser nor a relay can ping, and an answer of ours would be a lie.
    else this.#port.tellUnreachable(packet, Unreachable.network)
    return undefined
  }

  #takeUdp(packet: Ipv4Packet): DropReason | undefined {
    const datagram = parseUdp(packet)
    const ends = endsOf(packet)
    if (datagram === undefined || ends === undefined) return 'malformed'
    if (datagram.destinationPort === DHCP_SERVER_PORT && packet.destination === GATEWAY_ADDRESS)
      return this.takeDhcp(packet)
    if (!this.#host.mayOpen(packet, ends, whose(packet.destination))) return 'policy'
    const isGateway = packet.destination === GATEWAY_ADDRESS
    if (isGateway && datagram.destinationPort === DNS_PORT) {
      const question = parseDns(datagram.payload)
      if (question === undefined) return 'malformed'
      const { address, outcome } = this.#resolve(question)
      this.#answerUdp(datagram, answerDns(question, outcome, address))
    } else if (isGateway && datagram.destinationPort === NTP_PORT) {
      const answer = answerNtp(datagram.payload, this.#environment.wallClock())
      if (answer === undefined) return 'malformed'
      this.#answerUdp(datagram, answer)
    } else this.#port.tellUnreachable(packet, isGateway ? Unreachable.port : Unreachable.network)
    return undefined
  }

  #answerUdp(asked: { sourcePort: number; destinationPort: number }, payload: Uint8Array): void {
    const envelope = this.#port.envelope(GATEWAY_ADDRESS)
    this.#port.deliver(udpFrame(envelope, asked.destinationPort, asked.sourcePort, payload))
  }

  #resolve({ name, type, isInternet }: DnsQuestion): { outcome: number; address: number | undefined } {
    if (!isInternet) return { outcome: Outcome.refused, address: undefined }
    const address = this.#addressOf(name)
    if (address === undefined) return { outcome: Outcome.noSuchName, address }
    // The name exists; it has no record of another type.
    return {
      outcome: Outcome.ok,
      address: type === RecordType.a || type === RecordType.any ? address : undefined,
    }
  }

  #addressOf(name: string): number | undefined {
    const own = name.endsWith(`.${DOMAIN_NAME}`) ? name.slice(0, -DOMAIN_NAME.length - 1) : name
    if (own === 'gateway') return GATEWAY_ADDRESS
    if (this.#environment.sites.includes(own)) return PORTAL_ADDRESS
    if (!own.includes('.') || TRUNK_NAME.test(own)) return this.#host.addressOf(own)
    // These never leave a machine or its network (RFC 6761, RFC 6762); nothing outside answers for them.
    if (/\.(?:internal|local|localhost|invalid|test|arpa)$/.test(own) || !isWorldName(own)) return undefined
    return this.#port.standIns.addressOf(own)
  }

  #takeTcp(packet: Ipv4Packet): DropReason | undefined {
    this.#current = packet
    const taken = this.#stack.receive(packet)
    this.#current = undefined
    return taken === 'taken' ? undefined : taken
  }

  #answer(address: number, port: number): Answer {
    const packet = this.#current
    const destination = whose(address)
    if (packet === undefined || !this.#host.mayConnect(packet, destination, serviceOf(Protocol.tcp, port)))
      return { kind: 'drop' }
    if (destination === 'portal')
      return port === HTTP_PORT
        ? {
            kind: 'accept',
            serve: (connection) =>
              serveHttp(connection, (request) => answerFromSites(this.#environment, request)),
          }
        : { kind: 'refuse' }
    if (destination !== 'internet') return { kind: 'refuse' }
    const host = StandIns.covers(address) ? this.#port.standIns.nameOf(address) : formatIpv4Address(address)
    // A stand-in that nobody was given.
    if (host === undefined) return { kind: 'refuse' }
    const { relay } = this.#environment
    if (relay !== undefined)
      return { kind: 'accept', serve: (connection) => relayConnection(connection, relay(host, port)) }
    if (port !== HTTP_PORT) return { kind: 'refuse' }
    return {
      kind: 'accept',
      serve: (connection) =>
        serveHttp(connection, (request) => answerFromWorld(this.#environment, host, request)),
    }
  }
}

/** The policy's word for an address that is not a guest's. */
function whose(address: number): string {
  if (address === GATEWAY_ADDRESS) return 'gateway'
  return address === PORTAL_ADDRESS ? 'portal' : 'internet'
}
