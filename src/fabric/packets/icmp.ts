/** ICMP (RFC 792): echo, and the two “unreachable” that tell a guest at once what would else be a timeout. */

import { putU16, u16At } from './address.ts'
import { fold, ipv4Frame, PAYLOAD_AT, Protocol, sum16, type Envelope } from './ipv4.ts'

const HEADER = 8

/** Codes of “destination unreachable”. */
export const Unreachable = { network: 0, port: 3, prohibited: 13 }

export type Echo = { readonly kind: 'request' | 'reply'; readonly id: number }

/** The echo message in a payload whose checksum holds. */
export function parseEcho(untrustedPayload: Uint8Array): Echo | undefined {
  if (untrustedPayload.length < HEADER || untrustedPayload[1] !== 0) return undefined
  const type = untrustedPayload[0]
  if (type !== 8 && type !== 0) return undefined
  if (fold(sum16(untrustedPayload, 0, untrustedPayload.length)) !== 0xffff) return undefined
  return { kind: type === 8 ? 'request' : 'reply', id: u16At(untrustedPayload, 4) }
}

/** The answer to the echo request `payload`, with its data. */
export function echoReply(envelope: Envelope, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = ipv4Frame(envelope, Protocol.icmp, payload.length)
  frame.set(payload, PAYLOAD_AT)
  frame[PAYLOAD_AT] = 0
  seal(frame)
  return frame
}

/** Quotes the header and the first eight bytes of what could not be carried. */
export function unreachable(envelope: Envelope, code: number, packet: Uint8Array): Uint8Array<ArrayBuffer> {
  const quoted = packet.subarray(0, 28)
  const frame = ipv4Frame(envelope, Protocol.icmp, HEADER + quoted.length)
  frame[PAYLOAD_AT] = 3
  frame[PAYLOAD_AT + 1] = code
  frame.set(quoted, PAYLOAD_AT + HEADER)
  seal(frame)
  return frame
}

function seal(frame: Uint8Array): void {
  putU16(frame, PAYLOAD_AT + 2, 0)
  putU16(frame, PAYLOAD_AT + 2, ~fold(sum16(frame, PAYLOAD_AT, frame.length)) & 0xffff)
}
