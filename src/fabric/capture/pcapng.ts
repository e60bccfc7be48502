/**
 * Captured frames as a pcapng file (draft-ietf-opsawg-pcapng), little endian. Every port is an interface.
 *
 * ```
 * section header      0x0A0D0D0A  who wrote it
 * name resolution     4           the gateway, the portal, and every guest by its address
 * interface           1           one a port: name, MAC, IPv4 address, resolution 10⁻⁹ s
 * enhanced packet     6           a frame, its direction as the guest sees it, and why the switch did not carry it
 * interface statistics 5          one a port: frames seen, and those that had to give way
 *
 * block:   type (4)  length (4)  body, padded to 4 bytes  length (4)
 * option:  code (2)  length (2)  value, padded to 4 bytes;  0, 0 ends them
 * ```
 */

import { defined } from '../../base/assert.ts'
import { ByteWriter } from '../../base/bytes.ts'
import { GATEWAY_ADDRESS, DOMAIN_NAME, PORTAL_ADDRESS, SUBNET_MASK } from '../addresses.ts'
import { parseIpv4Address, parseMac, putMac, putU32 } from '../packets/address.ts'
import { SNAPSHOT_LENGTH, type CapturedFrame, type CapturedPort } from './capture.ts'

const Block = { section: 0x0a0d_0d0a, interface: 1, names: 4, statistics: 5, packet: 6 }
const BYTE_ORDER = 0x1a2b_3c4d
const LENGTH_NOT_GIVEN = 0xffff_ffff_ffff_ffffn
const LINKTYPE_ETHERNET = 1
/** Ten to the minus ninth. */
const NANOSECONDS = 9
/** Of epb_flags: as seen by the interface, which is the guest's card. */
const DIRECTION = { 'to-guest': 1, 'from-guest': 2 } as const

export type Recording = {
  readonly ports: readonly CapturedPort[]
  /** Each of a port in `ports`, oldest first. */
  readonly frames: readonly CapturedFrame[]
  /** “HyperCore 0.1.0”. */
  readonly writer: string
  readonly comment: string
  /** Milliseconds since 1970; of the statistics. */
  readonly now: number
}

export function writePcapng(recording: Recording): Uint8Array<ArrayBuffer> {
  const { ports, frames } = recording
  const file = new ByteWriter()
  addBlock(file, Block.section, (body) => {
    body.u32(BYTE_ORDER).u16(1).u16(0).u64(LENGTH_NOT_GIVEN)
    addText(body, 1, recording.comment)
    addText(body, 4, recording.writer)
  })
  addBlock(file, Block.names, (body) => {
    addName(body, GATEWAY_ADDRESS, `gateway.${DOMAIN_NAME}`)
    addName(body, PORTAL_ADDRESS, 'portal')
    // An address has one name: the latest of whoever had it.
    const named = new Map(ports.map(({ id, address }) => [parseIpv4Address(address), id]))
    for (const [address, id] of named)
      if (address !== undefined) addName(body, address, `${id}.${DOMAIN_NAME}`)
    // Here the records end, and the options follow, which are none.
    body.u32(0)
  })
  const interfaces = new Map(ports.map((port, index) => [port, index]))
  for (const port of ports) addBlock(file, Block.interface, (body) => addInterface(body, port))
  for (const frame of frames) {
    const index = defined(interfaces.get(frame.port), 'a frame of a port that is not in the recording')
    addBlock(file, Block.packet, (body) => addPacket(body, index, frame))
  }
  for (const [port, index] of interfaces)
    addBlock(file, Block.statistics, (body) => {
      addTime(body.u32(index), recording.now)
      body.u16(4).u16(8).u64(BigInt(port.seen))
      body.u16(5).u16(8).u64(BigInt(port.letGo))
    })
  return file.finish()
}

/** `write` ends with the options; what ends those is added here, as every block has them. */
function addBlock(file: ByteWriter, type: number, write: (body: ByteWriter) => void): void {
  const writer = new ByteWriter()
  write(writer)
  const body = writer.u32(0).finish()
  const length = body.length + 12
  file.u32(type).u32(length).bytes(body).u32(length)
}

function addInterface(body: ByteWriter, port: CapturedPort): void {
  body.u16(LINKTYPE_ETHERNET).u16(0).u32(SNAPSHOT_LENGTH)
  addText(body, 2, port.id)
  addText(body, 3, `the virtual switch’s port of the domain “${port.id}”`)
  const address = new Uint8Array(8)
  putU32(address, 0, parseIpv4Address(port.address) ?? 0)
  putU32(address, 4, SUBNET_MASK)
  addOption(body, 4, address)
  const mac = new Uint8Array(6)
  putMac(mac, 0, parseMac(port.mac))
  addOption(body, 6, mac)
  addOption(body, 9, Uint8Array.of(NANOSECONDS))
}

function addPacket(body: ByteWriter, index: number, frame: CapturedFrame): void {
  addTime(body.u32(index), frame.at)
  body.u32(frame.bytes.length).u32(frame.length)
  addPadded(body, frame.bytes)
  if (frame.dropped !== undefined) addText(body, 1, `not carried: ${frame.dropped}`)
  body.u16(2).u16(4).u32(DIRECTION[frame.direction])
}

/** Nanoseconds since 1970: the upper 32 bits, then the lower ones. */
function addTime(body: ByteWriter, milliseconds: number): void {
  const whole = Math.floor(milliseconds)
  const nanoseconds = BigInt(whole) * 1_000_000n + BigInt(Math.floor((milliseconds - whole) * 1_000_000))
  body.u32(Number(nanoseconds >> 32n)).u32(Number(nanoseconds & 0xffff_ffffn))
}

function addPadded(body: ByteWriter, bytes: Uint8Array): void {
  body.bytes(bytes).bytes(new Uint8Array((4 - (bytes.length % 4)) % 4))
}

function addOption(body: ByteWriter, code: number, value: Uint8Array): void {
  addPadded(body.u16(code).u16(value.length), value)
}

function addText(body: ByteWriter, code: number, text: string): void {
  addOption(body, code, new TextEncoder().encode(text))
}

/** A record of a name resolution block: the address in network order, and a name that ends with a zero. */
function addName(body: ByteWriter, address: number, name: string): void {
  const text = new TextEncoder().encode(name)
  const value = new Uint8Array(4 + text.length + 1)
  putU32(value, 0, address)
  value.set(text, 4)
  addOption(body, 1, value)
}
