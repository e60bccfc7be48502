/** The conversations that one station has opened and the policy has let pass: replies are recognised by them. */

import type { Flow } from '../protocol/policy.ts'
import { isOnSubnet } from './addresses.ts'
import { u16At } from './packets/address.ts'
import { parseEcho } from './packets/icmp.ts'
import { IPV4_HEADER, Protocol, type Ipv4Packet } from './packets/ipv4.ts'

/** Conversations of one station at a time; it can only use up its own. */
const MOST_FLOWS = 2048

/** Milliseconds of silence after which a conversation is forgotten and asked about anew. */
const LIFETIME_MS: Readonly<Record<number, number>> = {
  [Protocol.tcp]: 30 * 60_000,
  [Protocol.udp]: 60_000,
  [Protocol.icmp]: 30_000,
}

/** Both ends of a packet, as a conversation is told by them; an echo's identifier is its source port. */
export type Ends = {
  readonly protocol: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly isEchoReply: boolean
}

/** Undefined: neither TCP, UDP nor an echo. */
export function endsOf({ protocol, payload }: Ipv4Packet): Ends | undefined {
  if (protocol === Protocol.tcp || protocol === Protocol.udp) {
    if (payload.length < (protocol === Protocol.tcp ? 20 : 8)) return undefined
    return {
      protocol,
      sourcePort: u16At(payload, 0),
      destinationPort: u16At(payload, 2),
      isEchoReply: false,
    }
  }
  if (protocol !== Protocol.icmp) return undefined
  const echo = parseEcho(payload)
  if (echo === undefined) return undefined
  const isEchoReply = echo.kind === 'reply'
  return {
    protocol,
    sourcePort: isEchoReply ? 0 : echo.id,
    destinationPort: isEchoReply ? echo.id : 0,
    isEchoReply,
  }
}

/** What an ICMP error is about: the packet it quotes, as far as it quotes it. */
export function quotedPacket(packet: Ipv4Packet): Ipv4Packet | undefined {
  if (packet.protocol !== Protocol.icmp || packet.payload[0] !== 3) return undefined
  const bytes = packet.payload.subarray(8)
  if (bytes.length < IPV4_HEADER + 8 || bytes[0] !== 0x45) return undefined
  const address = (at: number): number => ((u16At(bytes, at) << 16) | u16At(bytes, at + 2)) >>> 0
  return {
    source: address(12),
    destination: address(16),
    protocol: bytes[9] ?? 0,
    bytes,
    payload: bytes.subarray(IPV4_HEADER),
  }
}

/**
 * One bit for where, 16 of host, 16 and 16 of ports, two of protocol: a whole number below 2⁵³. To the policy the world is
 * one place, so half of an address there is enough; but it must never be taken for a guest or a service of the same half.
 */
function keyOf(peer: number, protocol: number, ownPort: number, peerPort: number): number {
  const kind = protocol === Protocol.tcp ? 1 : protocol === Protocol.udp ? 2 : 3
  const host = (isOnSubnet(peer) ? 0 : 65_536) + (peer & 0xffff)
  return ((host * 65_536 + ownPort) * 65_536 + peerPort) * 4 + kind
}

type Entry = { readonly flow: Flow; readonly lifetimeMs: number; until: number }

export class FlowTable {
  readonly #entries = new Map<number, Entry>()
  /** Before this none of them is to be forgotten: a full table is not looked through for each frame of a scan. */
  #sweepAt = 0

  get size(): number {
    return this.#entries.size
  }

  /** Whether the conversation is open; if so, it lives on from now. */
  has(peer: number, protocol: number, ownPort: number, peerPort: number, now: number): boolean {
    const entry = this.#entries.get(keyOf(peer, protocol, ownPort, peerPort))
    if (entry === undefined || entry.until < now) return false
    entry.until = now + entry.lifetimeMs
    return true
  }

  /** False: too many are open. */
  open(flow: Flow, peer: number, protocol: number, ownPort: number, peerPort: number, now: number): boolean {
    if (this.#entries.size >= MOST_FLOWS) {
      if (now >= this.#sweepAt) this.#sweep(now)
      if (this.#entries.size >= MOST_FLOWS) return false
    }
    const lifetimeMs = LIFETIME_MS[protocol] ?? 0
    // One that may be the first to end.
    this.#sweepAt = Math.min(this.#sweepAt, now + lifetimeMs)
    this.#entries.set(keyOf(peer, protocol, ownPort, peerPort), { flow, lifetimeMs, until: now + lifetimeMs })
    return true
  }

  /** Forgets what has been silent for too long. */
  #sweep(now: number): void {
    let first = Infinity
    for (const [key, { until }] of this.#entries) {
      if (until < now) this.#entries.delete(key)
      else first = Math.min(first, until)
    }
    this.#sweepAt = first
  }

  /** Closes what is no longer allowed. */
  review(allowed: (flow: Flow) => boolean): void {
    for (const [key, { flow }] of this.#entries) if (!allowed(flow)) this.#entries.delete(key)
  }
}

const NAMED_TCP: Readonly<Record<number, string>> = { 80: 'http', 443: 'https' }
const NAMED_UDP: Readonly<Record<number, string>> = { 53: 'dns', 67: 'dhcp', 123: 'ntp' }

/** The policy's word for what is asked for. */
export function serviceOf(protocol: number, port: number): string {
  if (protocol === Protocol.tcp) return NAMED_TCP[port] ?? `tcp/${port}`
  if (protocol === Protocol.udp) return NAMED_UDP[port] ?? `udp/${port}`
  return 'icmp'
}
