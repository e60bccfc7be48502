/** ICMP, UDP and TCP in a line, and what they carry where its port says what it is. */

import { formatIpv4Address, u16At, u32At } from '../packets/address.ts'
import { fold, Protocol, pseudoSum, sum16 } from '../packets/ipv4.ts'
import { Flag } from '../packets/tcp.ts'
import { describeDhcp, describeDns, describeNtp, firstLine } from './services.ts'

/** The innermost protocol that was recognised, and a line about it. */
export type Described = { readonly protocol: string; readonly info: string }

type Packet = { readonly source: number; readonly destination: number; readonly payload: Uint8Array }

const ICMP_HEADER = 8
const UDP_HEADER = 8
const TCP_HEADER = 20

const UNREACHABLE: readonly (string | undefined)[] = ['network', 'host', 'protocol', 'port']
const PROHIBITED: ReadonlySet<number> = new Set([9, 10, 13])

const FLAGS = [
  ['SYN', Flag.syn],
  ['FIN', Flag.fin],
  ['RST', Flag.rst],
  ['PSH', Flag.psh],
  ['ACK', Flag.ack],
] as const

/** RFC 792. */
export function describeIcmp(message: Uint8Array): Described {
  const described = (info: string): Described => {
    const sound = fold(sum16(message, 0, message.length)) === 0xffff
    return { protocol: 'ICMP', info: sound ? info : `${info} [bad checksum]` }
  }
  if (message.length < ICMP_HEADER) return { protocol: 'ICMP', info: `too short: ${message.length} bytes` }
  const type = message[0] ?? 0
  const code = message[1] ?? 0
  switch (type) {
    case 0:
    case 8: {
      const what = type === 8 ? 'echo request' : 'echo reply'
      return described(`${what}, id ${u16At(message, 4)}, sequence ${u16At(message, 6)}`)
    }
    case 3: {
      // It quotes the header of what could not be carried.
      const to = message.length >= ICMP_HEADER + 20 ? ` ${formatIpv4Address(u32At(message, 24))}` : ''
      if (PROHIBITED.has(code)) return described(`unreachable${to}: prohibited`)
      return described(`unreachable${to}: ${UNREACHABLE[code] ?? `code ${code}`}`)
    }
    case 11:
      return described('time exceeded')
    default:
      return described(`type ${type}, code ${code}`)
  }
}

/** RFC 768. */
export function describeUdp(packet: Packet): Described {
  const { payload } = packet
  if (payload.length < UDP_HEADER) return { protocol: 'UDP', info: `too short: ${payload.length} bytes` }
  const source = u16At(payload, 0)
  const destination = u16At(payload, 2)
  const length = u16At(payload, 4)
  const ports = `${source} -> ${destination}`
  if (length < UDP_HEADER || length > payload.length)
    return { protocol: 'UDP', info: `${ports}, says ${length} bytes, has ${payload.length}` }
  const remark = u16At(payload, 6) === 0 || isSound(packet, Protocol.udp, length) ? '' : ' [bad checksum]'
  const data = payload.subarray(UDP_HEADER, length)
  const known = describeDatagram(source, destination, data)
  if (known !== undefined) return { protocol: known.protocol, info: known.info + remark }
  return { protocol: 'UDP', info: `${ports}, ${data.length} bytes${remark}` }
}

function describeDatagram(source: number, destination: number, data: Uint8Array): Described | undefined {
  const isPort = (port: number): boolean => source === port || destination === port
  if (isPort(67) || isPort(68)) return named('DHCP', describeDhcp(data))
  if (isPort(53)) return named('DNS', describeDns(data))
  return isPort(123) ? named('NTP', describeNtp(data)) : undefined
}

function named(protocol: string, info: string | undefined): Described | undefined {
  return info === undefined ? undefined : { protocol, info }
}

/** RFC 9293. */
export function describeTcp(packet: Packet): Described {
  const { payload } = packet
  if (payload.length < TCP_HEADER) return { protocol: 'TCP', info: `too short: ${payload.length} bytes` }
  const source = u16At(payload, 0)
  const destination = u16At(payload, 2)
  const dataAt = ((payload[12] ?? 0) >>> 4) * 4
  const ports = `${source} -> ${destination}`
  if (dataAt < TCP_HEADER || dataAt > payload.length)
    return { protocol: 'TCP', info: `${ports}, no sound header` }
  const remark = isSound(packet, Protocol.tcp, payload.length) ? '' : ' [bad checksum]'
  const data = payload.subarray(dataAt)
  const known = describeStream(source, destination, data)
  if (known !== undefined) return { protocol: known.protocol, info: known.info + remark }
  const bits = payload[13] ?? 0
  const flags = FLAGS.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name)
  const acknowledged = (bits & Flag.ack) === 0 ? '' : ` ack ${u32At(payload, 8)}`
  const figures = `seq ${u32At(payload, 4)}${acknowledged} win ${u16At(payload, 14)} len ${data.length}`
  return { protocol: 'TCP', info: `${ports} [${flags.join(' ')}] ${figures}${remark}` }
}

/** The first line of what begins in this segment; a segment from the middle of something has none. */
function describeStream(source: number, destination: number, data: Uint8Array): Described | undefined {
  const isPort = (port: number): boolean => source === port || destination === port
  if (isPort(80)) {
    const line = firstLine(data)
    return line !== undefined && /^(?:[A-Z]{3,10} \S+ HTTP\/1\.|HTTP\/1\.\d \d{3})/.test(line)
      ? { protocol: 'HTTP', info: line }
      : undefined
  }
  if (isPort(6667)) return named('IRC', firstLine(data))
  // A TLS record of version 3: a handshake's first message is its type.
  if (isPort(443) && data[0] === 0x16 && data[1] === 3)
    return {
      protocol: 'TLS',
      info: data[5] === 1 ? 'client hello' : data[5] === 2 ? 'server hello' : 'handshake',
    }
  return undefined
}

function isSound({ source, destination, payload }: Packet, protocol: number, length: number): boolean {
  const pseudo = pseudoSum(source, destination, protocol, length)
  return fold(sum16(payload, 0, length, pseudo)) === 0xffff
}
