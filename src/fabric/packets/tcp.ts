/** TCP segments (RFC 9293, section 3.1). Of the options only the maximum segment size is read and sent. */

import { putU16, putU32, u16At, u32At } from './address.ts'
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

const HEADER = 20

export const Flag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 }

export type Segment = {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement: number
  readonly flags: number
  readonly window: number
  /** The option, where it is there. */
  readonly maximumSegment: number | undefined
  /** A view. */
  readonly payload: Uint8Array
}

export type SegmentFields = Omit<Segment, 'payload'>

export function parseTcp(packet: Ipv4Packet): Segment | undefined {
  const { payload } = packet
  if (payload.length < HEADER) return undefined
  const dataAt = ((payload[12] ?? 0) >>> 4) * 4
  if (dataAt < HEADER || dataAt > payload.length) return undefined
  const pseudo = pseudoSum(packet.source, packet.destination, Protocol.tcp, payload.length)
  if (fold(sum16(payload, 0, payload.length, pseudo)) !== 0xffff) return undefined
  return {
    sourcePort: u16At(payload, 0),
    destinationPort: u16At(payload, 2),
    sequence: u32At(payload, 4),
    acknowledgement: u32At(payload, 8),
    flags: (payload[13] ?? 0) & 0x3f,
    window: u16At(payload, 14),
    maximumSegment: maximumSegmentOf(payload.subarray(HEADER, dataAt)),
    payload: payload.subarray(dataAt),
  }
}

/** Walks the options; a malformed one ends the walk. */
function maximumSegmentOf(options: Uint8Array): number | undefined {
  let at = 0
  while (at < options.length) {
    const kind = options[at]
    if (kind === 0) return undefined
    if (kind === 1) {
      at += 1
      continue
    }
    const length = options[at + 1] ?? 0
    if (length < 2 || at + length > options.length) return undefined
    if (kind === 2 && length === 4) return u16At(options, at + 2)
    at += length
  }
  return undefined
}

/** `payload` is laid down in parts, so that a send buffer need not be joined first. */
export function tcpFrame(
  envelope: Envelope,
  fields: SegmentFields,
  payload: readonly Uint8Array[] = [],
): Uint8Array<ArrayBuffer> {
  const optionBytes = fields.maximumSegment === undefined ? 0 : 4
  const dataBytes = payload.reduce((sum, { length }) => sum + length, 0)
  const length = HEADER + optionBytes + dataBytes
  const frame = ipv4Frame(envelope, Protocol.tcp, length)
  putU16(frame, PAYLOAD_AT, fields.sourcePort)
  putU16(frame, PAYLOAD_AT + 2, fields.destinationPort)
  putU32(frame, PAYLOAD_AT + 4, fields.sequence)
  putU32(frame, PAYLOAD_AT + 8, fields.acknowledgement)
  frame[PAYLOAD_AT + 12] = ((HEADER + optionBytes) / 4) << 4
  frame[PAYLOAD_AT + 13] = fields.flags
  putU16(frame, PAYLOAD_AT + 14, fields.window)
  let at = PAYLOAD_AT + HEADER
  if (fields.maximumSegment !== undefined) {
    frame[at] = 2
    frame[at + 1] = 4
    putU16(frame, at + 2, fields.maximumSegment)
    at += 4
  }
  for (const part of payload) {
    frame.set(part, at)
    at += part.length
  }
  const pseudo = pseudoSum(envelope.source, envelope.destination, Protocol.tcp, length)
  putU16(frame, PAYLOAD_AT + 16, ~fold(sum16(frame, PAYLOAD_AT, frame.length, pseudo)) & 0xffff)
  return frame
}
