/** The DHCP server's side of a message (RFC 2131, RFC 2132): each port has one address, and is told no other. */

import { assertNever } from '../base/assert.ts'
import { macAt, putU16, putU32, u16At, u32At } from './packets/address.ts'

/** Fixed fields, then the magic cookie. */
const OPTIONS_AT = 240
const COOKIE = 0x6382_5363

/** Twelve hours; a renewal costs two frames. */
const LEASE_SECONDS = 43_200

/** iPXE's encapsulated options, and the one in it that says: there is no second server to be waited for (it waits 11 s). */
const IPXE_OPTION = 175
const NO_PXE_DHCP = Uint8Array.of(176, 1, 1)

const MessageType = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 }

export type DhcpQuestion = {
  readonly type: 'discover' | 'request' | 'inform'
  readonly transaction: number
  readonly flags: number
  readonly clientAddress: number
  readonly hardwareAddress: number
  /** Option 50, or what the client already has. */
  readonly wanted: number | undefined
  /** Option 54. */
  readonly server: number | undefined
  /** Option 55 asks for iPXE's own option. */
  readonly isIpxe: boolean
}

export type DhcpAnswerFields = {
  readonly address: number
  readonly gateway: number
  readonly subnetMask: number
  readonly domain: string
  readonly hostname: string
}

/** Undefined: malformed, or nothing that wants an answer. */
export function parseDhcp(untrustedPayload: Uint8Array): DhcpQuestion | undefined {
  if (untrustedPayload.length < OPTIONS_AT || u32At(untrustedPayload, 236) !== COOKIE) return undefined
  // A request, over Ethernet.
  if (u32At(untrustedPayload, 0) >>> 8 !== 0x01_01_06) return undefined
  const options = readOptions(untrustedPayload.subarray(OPTIONS_AT))
  const type = {
    [MessageType.discover]: 'discover',
    [MessageType.request]: 'request',
    [MessageType.inform]: 'inform',
  }[options.get(53)?.[0] ?? 0]
  if (type !== 'discover' && type !== 'request' && type !== 'inform') return undefined
  const clientAddress = u32At(untrustedPayload, 12)
  return {
    type,
    transaction: u32At(untrustedPayload, 4),
    flags: u16At(untrustedPayload, 10),
    clientAddress,
    hardwareAddress: macAt(untrustedPayload, 28),
    wanted: addressOption(options.get(50)) ?? (clientAddress === 0 ? undefined : clientAddress),
    server: addressOption(options.get(54)),
    isIpxe: options.get(55)?.includes(IPXE_OPTION) === true,
  }
}

function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>()
  let at = 0
  while (at < bytes.length) {
    const code = bytes[at] ?? 255
    if (code === 255) break
    if (code === 0) {
      at += 1
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (at + 2 + length > bytes.length) break
    if (!options.has(code)) options.set(code, bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return options
}

function addressOption(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 4 ? u32At(bytes, 0) : undefined
}

/** The answer's payload; undefined: the question is for another server. */
export function answerDhcp(question: DhcpQuestion, fields: DhcpAnswerFields): Uint8Array | undefined {
  if (question.server !== undefined && question.server !== fields.gateway) return undefined
  switch (question.type) {
    case 'discover':
      return encode(question, fields, MessageType.offer)
    case 'inform':
      return encode(question, { ...fields, address: 0 }, MessageType.ack)
    case 'request':
      return question.wanted === fields.address
        ? encode(question, fields, MessageType.ack)
        : encode(question, { ...fields, address: 0 }, MessageType.nak)
    default:
      return assertNever(question.type)
  }
}

function encode(question: DhcpQuestion, fields: DhcpAnswerFields, type: number): Uint8Array {
  const bytes = new Uint8Array(OPTIONS_AT + 160)
  bytes.set([2, 1, 6, 0])
  putU32(bytes, 4, question.transaction)
  putU16(bytes, 10, question.flags)
  if (type === MessageType.ack && question.type === 'inform') putU32(bytes, 12, question.clientAddress)
  putU32(bytes, 16, fields.address)
  putU32(bytes, 20, fields.gateway)
  putU16(bytes, 28, Math.floor(question.hardwareAddress / 2 ** 32))
  putU32(bytes, 30, question.hardwareAddress % 2 ** 32)
  putU32(bytes, 236, COOKIE)
  let at = OPTIONS_AT
  const option = (code: number, value: Uint8Array): void => {
    bytes[at] = code
    bytes[at + 1] = value.length
    bytes.set(value, at + 2)
    at += 2 + value.length
  }
  const number = (code: number, value: number): void => {
    const four = new Uint8Array(4)
    putU32(four, 0, value)
    option(code, four)
  }
  const text = (code: number, value: string): void =>
    option(code, new TextEncoder().encode(value.slice(0, 40)))
  option(53, Uint8Array.of(type))
  number(54, fields.gateway)
  if (type !== MessageType.nak) {
    if (fields.address !== 0) number(51, LEASE_SECONDS)
    number(1, fields.subnetMask)
    number(3, fields.gateway)
    number(6, fields.gateway)
    number(42, fields.gateway)
    text(12, fields.hostname)
    text(15, fields.domain)
    if (question.isIpxe) option(IPXE_OPTION, NO_PXE_DHCP)
  }
  bytes[at] = 255
  // RFC 1542, section 2.1: 300 bytes at least.
  return bytes.subarray(0, Math.max(at + 1, 300))
}
