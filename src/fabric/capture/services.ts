/** DHCP, DNS, NTP and protocols of text in a line. Undefined: these bytes are none. */

import { formatIpv4Address, u16At, u32At } from '../packets/address.ts'

/** Characters of a line that came from a frame. */
const LINE_LIMIT = 160

const DHCP_OPTIONS_AT = 240
const DHCP_COOKIE = 0x6382_5363
const DHCP_TYPES = ['', 'discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform']

/** RFC 2131. */
export function describeDhcp(message: Uint8Array): string | undefined {
  if (message.length < DHCP_OPTIONS_AT || u32At(message, 236) !== DHCP_COOKIE) return undefined
  const type = DHCP_TYPES[dhcpOption(message, 53)?.[0] ?? 0] ?? ''
  const wanted = dhcpOption(message, 50)
  const given = u32At(message, 16)
  const address =
    given !== 0
      ? ` ${formatIpv4Address(given)}`
      : wanted?.length === 4
        ? ` for ${formatIpv4Address(u32At(wanted, 0))}`
        : ''
  const transaction = u32At(message, 4).toString(16).padStart(8, '0')
  return `${type === '' ? 'BOOTP' : type}${address}, transaction ${transaction}`
}

function dhcpOption(message: Uint8Array, wanted: number): Uint8Array | undefined {
  let at = DHCP_OPTIONS_AT
  while (at < message.length) {
    const code = message[at] ?? 255
    if (code === 255) return undefined
    const length = code === 0 ? -1 : (message[at + 1] ?? 0)
    if (code === wanted) return message.subarray(at + 2, at + 2 + length)
    at += 2 + length
  }
  return undefined
}

const DNS_HEADER = 12
const DNS_TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  65: 'HTTPS',
  255: 'ANY',
}
const DNS_OUTCOMES = ['', 'malformed', 'server failure', 'no such name', 'not implemented', 'refused']

/** RFC 1035. Of the answers, the first is told, and how many more there are. */
export function describeDns(message: Uint8Array): string | undefined {
  if (message.length < DNS_HEADER) return undefined
  const flags = u16At(message, 2)
  const isAnswer = (flags & 0x8000) !== 0
  const question = u16At(message, 4) > 0 ? readName(message, DNS_HEADER) : undefined
  if (question === undefined) return isAnswer ? 'answer' : 'query'
  const type = u16At(message, question.end)
  const asked = `${DNS_TYPES[type] ?? `type ${type}`} ${question.name}`
  if (!isAnswer) return `query ${asked}`
  const outcome = flags & 15
  if (outcome !== 0) return `answer ${asked}: ${DNS_OUTCOMES[outcome] ?? `code ${outcome}`}`
  const answers = u16At(message, 6)
  if (answers === 0) return `answer ${asked}: nothing`
  const first = readName(message, question.end + 4)
  if (first === undefined) return `answer ${asked}`
  const isAddress = u16At(message, first.end) === 1 && u16At(message, first.end + 8) === 4
  const told = isAddress
    ? formatIpv4Address(u32At(message, first.end + 10))
    : (DNS_TYPES[u16At(message, first.end)] ?? 'a record')
  return `answer ${asked}: ${told}${answers > 1 ? ` and ${answers - 1} more` : ''}`
}

/** A pointer ends a name and is not followed: what it points to has been told as the question. */
function readName(message: Uint8Array, from: number): { name: string; end: number } | undefined {
  const labels: string[] = []
  let at = from
  for (;;) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return { name: labels.join('.') || '.', end: at + 1 }
    if (length >= 0xc0) return { name: labels.join('.'), end: at + 2 }
    if (length > 63 || at - from > 254 || at + 1 + length > message.length) return undefined
    labels.push(printable(message.subarray(at + 1, at + 1 + length)))
    at += 1 + length
  }
}

const NTP_BYTES = 48
const NTP_MODES = ['', 'symmetric', 'symmetric', 'client', 'server', 'broadcast', 'control', 'private']

/** RFC 5905. */
export function describeNtp(message: Uint8Array): string | undefined {
  if (message.length < NTP_BYTES) return undefined
  const first = message[0] ?? 0
  const mode = NTP_MODES[first & 7] ?? ''
  const stratum = (first & 7) === 4 ? `, stratum ${message[1] ?? 0}` : ''
  return `${mode === '' ? 'unspecified' : mode}, version ${(first >>> 3) & 7}${stratum}`
}

/** The first line of text; undefined where the bytes begin with none. */
export function firstLine(data: Uint8Array): string | undefined {
  const end = data.subarray(0, LINE_LIMIT).findIndex((byte) => byte === 10 || byte === 13)
  const line = data.subarray(0, end < 0 ? LINE_LIMIT : end)
  const isText = line.length > 0 && line.every((byte) => byte >= 32 && byte !== 127)
  return isText ? printable(line) : undefined
}

/** Everything that is not printable ASCII becomes a dot: these bytes are a guest's, and end on the person's screen. */
function printable(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.map((byte) => (byte >= 32 && byte < 127 ? byte : 46)))
}
