/** ARP over Ethernet for IPv4 (RFC 826). */

import { macAt, putMac, putU16, putU32, u16At, u32At } from './address.ts'
import { ethernetHeader, ETHERNET_HEADER, EtherType } from './ipv4.ts'

const ARP_BYTES = 28

export type ArpPacket = {
  readonly operation: 'request' | 'reply'
  readonly senderMac: number
  readonly sender: number
  readonly target: number
}

export function parseArp(untrustedFrame: Uint8Array): ArpPacket | undefined {
  if (untrustedFrame.length < ETHERNET_HEADER + ARP_BYTES) return undefined
  const arp = untrustedFrame.subarray(ETHERNET_HEADER)
  // Ethernet, IPv4, and the lengths of their addresses.
  if (u16At(arp, 0) !== 1 || u16At(arp, 2) !== EtherType.ipv4 || u16At(arp, 4) !== 0x0604) return undefined
  const operation = u16At(arp, 6)
  if (operation !== 1 && operation !== 2) return undefined
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macAt(arp, 8),
    sender: u32At(arp, 14),
    target: u32At(arp, 24),
  }
}

/** “`sender` is at `senderMac`”, to whoever asked. */
export function arpReply(
  senderMac: number,
  sender: number,
  targetMac: number,
  target: number,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(ETHERNET_HEADER + ARP_BYTES)
  ethernetHeader(frame, targetMac, senderMac, EtherType.arp)
  const at = ETHERNET_HEADER
  putU16(frame, at, 1)
  putU16(frame, at + 2, EtherType.ipv4)
  putU16(frame, at + 4, 0x0604)
  putU16(frame, at + 6, 2)
  putMac(frame, at + 8, senderMac)
  putU32(frame, at + 14, sender)
  putMac(frame, at + 18, targetMac)
  putU32(frame, at + 24, target)
  return frame
}
