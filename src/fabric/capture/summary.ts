/**
 * A frame in one line, as packet analysers give it. Unlike the switch, which refuses what is not exactly right, this reads
 * as far as the bytes go and says what is wrong with the rest.
 */

import type { PacketSummary } from '../../protocol/packets.ts'
import { BROADCAST_MAC, formatIpv4Address, formatMac, u16At, u32At } from '../packets/address.ts'
import {
  destinationMac,
  ETHERNET_HEADER,
  etherType,
  EtherType,
  fold,
  IPV4_HEADER,
  Protocol,
  sourceMac,
  sum16,
} from '../packets/ipv4.ts'
import type { CapturedFrame } from './capture.ts'
import { describeIcmp, describeTcp, describeUdp, type Described } from './transport.ts'

type Line = Pick<PacketSummary, 'source' | 'destination' | 'protocol' | 'info'>

const ARP_BYTES = 28
const IPV6_HEADER = 40
const NEXT_HEADERS: Readonly<Record<number, string>> = { 0: 'hop by hop', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' }
const TYPES: Readonly<Record<number, string>> = {
  [EtherType.vlan]: 'VLAN',
  [EtherType.serviceVlan]: 'VLAN',
  [EtherType.oldVlan]: 'VLAN',
  0x88cc: 'LLDP',
  0x8863: 'PPPoE',
  0x8864: 'PPPoE',
}

export function summarise(frame: CapturedFrame): PacketSummary {
  const { number, at, port, direction, length, dropped } = frame
  return { number, at, port: port.id, direction, bytes: length, dropped, ...describeFrame(frame.bytes) }
}

export function describeFrame(untrustedFrame: Uint8Array): Line {
  if (untrustedFrame.length < ETHERNET_HEADER)
    return line({ source: '?', destination: '?' }, 'Ethernet', `too short: ${bytesOf(untrustedFrame.length)}`)
  const ends = {
    source: macText(sourceMac(untrustedFrame)),
    destination: macText(destinationMac(untrustedFrame)),
  }
  const payload = untrustedFrame.subarray(ETHERNET_HEADER)
  const type = etherType(untrustedFrame)
  switch (type) {
    case EtherType.arp:
      return line(ends, 'ARP', describeArp(payload))
    case EtherType.ipv4:
      return describeIpv4(ends, payload)
    case 0x86dd:
      return line(ends, 'IPv6', describeIpv6(payload))
    default:
      if (type < 1536) return line(ends, 'IEEE 802.3', `length ${type}`)
      return line(ends, TYPES[type] ?? 'Ethernet', `type 0x${hex(type, 4)}, ${bytesOf(payload.length)}`)
  }
}

type Ends = { readonly source: string; readonly destination: string }

function line({ source, destination }: Ends, protocol: string, info: string): Line {
  return { source, destination, protocol, info }
}

/** RFC 826; probes and announcements of RFC 5227. */
function describeArp(arp: Uint8Array): string {
  if (arp.length < ARP_BYTES) return `too short: ${bytesOf(arp.length)}`
  if (u16At(arp, 0) !== 1 || u16At(arp, 2) !== EtherType.ipv4 || u16At(arp, 4) !== 0x0604)
    return 'not about IPv4 over Ethernet'
  const operation = u16At(arp, 6)
  const sender = formatIpv4Address(u32At(arp, 14))
  const target = formatIpv4Address(u32At(arp, 24))
  if (operation === 2) return `${sender} is at ${macText(macOf(arp, 8))}`
  if (operation !== 1) return `operation ${operation}`
  if (u32At(arp, 14) === 0) return `who has ${target}? (a probe)`
  return sender === target ? `announces ${sender}` : `who has ${target}? tell ${sender}`
}

function describeIpv6(packet: Uint8Array): string {
  if (packet.length < IPV6_HEADER) return `too short: ${bytesOf(packet.length)}`
  const next = packet[6] ?? 0
  return `${NEXT_HEADERS[next] ?? `next header ${next}`}, ${bytesOf(u16At(packet, 4))}`
}

function describeIpv4(ends: Ends, packet: Uint8Array): Line {
  const headerBytes = ((packet[0] ?? 0) & 15) * 4
  const length = u16At(packet, 2)
  if (packet.length < IPV4_HEADER || (packet[0] ?? 0) >>> 4 !== 4 || headerBytes < IPV4_HEADER)
    return line(ends, 'IPv4', 'no sound header')
  const source = u32At(packet, 12)
  const destination = u32At(packet, 16)
  const addressed = { source: formatIpv4Address(source), destination: formatIpv4Address(destination) }
  if (length < headerBytes || length > packet.length)
    return line(addressed, 'IPv4', `says ${bytesOf(length)}, has ${packet.length}`)
  const remarks: string[] = []
  if (fold(sum16(packet, 0, headerBytes)) !== 0xffff) remarks.push('bad header checksum')
  if (headerBytes > IPV4_HEADER) remarks.push('IP options')
  const fragment = u16At(packet, 6)
  const protocol = packet[9] ?? 0
  const payload = packet.subarray(headerBytes, length)
  if ((fragment & 0x3fff) !== 0) remarks.push(`fragment at ${(fragment & 0x1fff) * 8}`)
  const described =
    (fragment & 0x3fff) === 0
      ? describeTransport(protocol, { source, destination, payload })
      : { protocol: 'IPv4', info: `protocol ${protocol}, ${bytesOf(payload.length)}` }
  const info = [described.info, ...remarks.map((remark) => `[${remark}]`)].join(' ')
  return line(addressed, described.protocol, info)
}

function describeTransport(
  protocol: number,
  packet: { readonly source: number; readonly destination: number; readonly payload: Uint8Array },
): Described {
  switch (protocol) {
    case Protocol.icmp:
      return describeIcmp(packet.payload)
    case Protocol.tcp:
      return describeTcp(packet)
    case Protocol.udp:
      return describeUdp(packet)
    default:
      return { protocol: 'IPv4', info: `protocol ${protocol}, ${bytesOf(packet.payload.length)}` }
  }
}

function macOf(bytes: Uint8Array, at: number): number {
  return u16At(bytes, at) * 2 ** 32 + u32At(bytes, at + 2)
}

function macText(mac: number): string {
  return mac === BROADCAST_MAC ? 'broadcast' : formatMac(mac)
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

function bytesOf(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
