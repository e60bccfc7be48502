/** UDP (RFC 768). */

import { putU16, u16At } from './address.ts'
import {
  fold,
  ipv4Frame,
  PAYLOAD_AT,
  Protocol,
  pseudoSum,
  sum16,
  type Envelope,
  type Ipv4Packet,
} from './ipv4.ts'

const HEADER = 8

export type Datagram = {
  readonly sourcePort: number
  readonly destinationPort: number
  /** A view. */
  readonly payload: Uint8Array
}

export function parseUdp(packet: Ipv4Packet): Datagram | undefined {
  const { payload } = packet
  if (payload.length < HEADER) return undefined
  const length = u16At(payload, 4)
  if (length < HEADER || length > payload.length) return undefined
  // A checksum of zero is none.
  if (u16At(payload, 6) !== 0) {
    const pseudo = pseudoSum(packet.source, packet.destination, Protocol.udp, length)
    if (fold(sum16(payload, 0, length, pseudo)) !== 0xffff) return undefined
  }
  return {
    sourcePort: u16At(payload, 0),
    destinationPort: u16At(payload, 2),
    payload: payload.subarray(HEADER, length),
  }
}

export function udpFrame(
  envelope: Envelope,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const length = HEADER + payload.length
  const frame = ipv4Frame(envelope, Protocol.udp, length)
  putU16(frame, PAYLOAD_AT, sourcePort)
  putU16(frame, PAYLOAD_AT + 2, destinationPort)
  putU16(frame, PAYLOAD_AT + 4, length)
  frame.set(payload, PAYLOAD_AT + HEADER)
  const pseudo = pseudoSum(envelope.source, envelope.destination, Protocol.udp, length)
  const checksum = ~fold(sum16(frame, PAYLOAD_AT, frame.length, pseudo)) & 0xffff
  // Zero would say that there is none.
  putU16(frame, PAYLOAD_AT + 6, checksum === 0 ? 0xffff : checksum)
  return frame
}
