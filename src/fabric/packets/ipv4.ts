/** Ethernet II and IPv4 headers: read as hostile, written whole (IEEE 802.3, RFC 791, RFC 1071). */

import { macAt, putMac, putU16, putU32, u16At, u32At } from './address.ts'

/** Ethernet without FCS. */
export const ETHERNET_HEADER = 14
export const LONGEST_FRAME = 1514
export const IPV4_HEADER = 20

export const EtherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, serviceVlan: 0x88a8, oldVlan: 0x9100 }
export const Protocol = { icmp: 1, tcp: 6, udp: 17 }

export type Ipv4Packet = {
  readonly source: number
  readonly destination: number
  readonly protocol: number
  /** The whole packet without Ethernet's padding; a view. */
  readonly bytes: Uint8Array
  /** A view. */
  readonly payload: Uint8Array
}

/** The one's complement sum of 16-bit words, not yet complemented. */
export function sum16(bytes: Uint8Array, from: number, to: number, initial = 0): number {
  let sum = initial
  let at = from
  for (; at + 1 < to; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  if (at < to) sum += (bytes[at] ?? 0) << 8
  return sum
}

export function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}

/** The sum over the pseudo header of TCP and UDP. */
export function pseudoSum(source: number, destination: number, protocol: number, length: number): number {
  return (
    (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length
  )
}

/**
 * The packet behind an Ethernet header. Options are not carried (source routes among them) and neither are fragments: what
 * a fragment belongs to cannot be known from it, and Linux sends none over a link of one MTU.
 */
export function parseIpv4(untrustedFrame: Uint8Array): Ipv4Packet | 'malformed' | 'fragment' {
  const bytes = untrustedFrame.subarray(ETHERNET_HEADER)
  if (bytes.length < IPV4_HEADER || bytes[0] !== 0x45) return 'malformed'
  const length = u16At(bytes, 2)
  if (length < IPV4_HEADER || length > bytes.length) return 'malformed'
  if (fold(sum16(bytes, 0, IPV4_HEADER)) !== 0xffff) return 'malformed'
  // More fragments, or an offset.
  if ((u16At(bytes, 6) & 0x3fff) !== 0) return 'fragment'
  if (bytes[8] === 0) return 'malformed'
  return {
    source: u32At(bytes, 12),
    destination: u32At(bytes, 16),
    protocol: bytes[9] ?? 0,
    bytes: bytes.subarray(0, length),
    payload: bytes.subarray(IPV4_HEADER, length),
  }
}

export type Envelope = {
  readonly sourceMac: number
  readonly destinationMac: number
  readonly source: number
  readonly destination: number
}

/** A frame with both headers written and room for `length` bytes of payload, which begins at the index `PAYLOAD_AT`. */
export const PAYLOAD_AT = ETHERNET_HEADER + IPV4_HEADER

export function ipv4Frame(envelope: Envelope, protocol: number, length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(PAYLOAD_AT + length)
  ethernetHeader(frame, envelope.destinationMac, envelope.sourceMac, EtherType.ipv4)
  const at = ETHERNET_HEADER
  frame[at] = 0x45
  putU16(frame, at + 2, IPV4_HEADER + length)
  // Don't fragment: an identification is then of no use (RFC 6864).
  putU16(frame, at + 6, 0x4000)
  frame[at + 8] = 64
  frame[at + 9] = protocol
  putU32(frame, at + 12, envelope.source)
  putU32(frame, at + 16, envelope.destination)
  putU16(frame, at + 10, ~fold(sum16(frame, at, at + IPV4_HEADER)) & 0xffff)
  return frame
}

export function ethernetHeader(frame: Uint8Array, destination: number, source: number, type: number): void {
  putMac(frame, 0, destination)
  putMac(frame, 6, source)
  putU16(frame, 12, type)
}

export function etherType(frame: Uint8Array): number {
  return u16At(frame, 12)
}

export function destinationMac(frame: Uint8Array): number {
  return macAt(frame, 0)
}

export function sourceMac(frame: Uint8Array): number {
  return macAt(frame, 6)
}
