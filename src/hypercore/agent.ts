/** The guest agent's frames (layout in protocol/agent.ts): decodes what a guest says, encodes what it is told. */

import { assertNever } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import {
  AGENT_ABI,
  AGENT_MAGIC,
  AGENT_MAX_PAYLOAD,
  AskOperation,
  GuestFrame,
  HostFrame,
  HypercallStatus,
  type AskName,
} from '../protocol/agent.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { ScreenSize } from '../protocol/screen.ts'

/** More arguments than any hypercall has. */
const MAX_ARGUMENTS = 16

export type EndOfGuest = 'power-off' | 'reboot'

/** What a guest's agent said, its form checked; every text in it is still the guest's own. */
export type GuestMessage =
  | { readonly kind: 'hello'; readonly abi: number; readonly agentVersion: string; readonly role: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'checkpoint' }
  | {
      readonly kind: 'call'
      readonly callId: number
      readonly number: number
      readonly untrustedArguments: readonly string[]
    }
  | { readonly kind: 'goodbye'; readonly end: EndOfGuest }
  | { readonly kind: 'pong'; readonly nonce: number }
  | {
      readonly kind: 'answer'
      readonly askId: number
      readonly status: HypercallReply['status']
      readonly untrustedBytes: Uint8Array
    }

export type HypercallReply = { readonly status: keyof typeof HypercallStatus; readonly text: string }

export type HostMessage =
  | { readonly kind: 'welcome'; readonly domainName: string; readonly supervisorVersion: string }
  | { readonly kind: 'reply'; readonly callId: number; readonly reply: HypercallReply }
  | { readonly kind: 'shutdown'; readonly end: EndOfGuest }
  /** The guest is another one since its last instruction: who it is now, and when. */
  | {
      readonly kind: 'resumed'
      readonly unixMs: number
      readonly mac: Uint8Array
      readonly hostname: string
      readonly entropy: Uint8Array
      /** What its console shows is on the screen already. */
      readonly shown: boolean
    }
  | { readonly kind: 'ping'; readonly nonce: number }
  | {
      readonly kind: 'ask'
      readonly askId: number
      readonly operation: AskName
      readonly arguments: readonly AskArgument[]
    }
  | { readonly kind: 'screen'; readonly size: ScreenSize }

/** Text, a number in decimal, or bytes as they are; at most 65,535 bytes each. */
export type AskArgument = string | number | Uint8Array

const STATUSES: ReadonlyMap<number, HypercallReply['status']> = new Map(
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a closed table
  Object.entries(HypercallStatus).map(([name, code]) => [code, name as HypercallReply['status']]),
)

function readStatus(reader: ByteReader): HypercallReply['status'] {
  const code = reader.u16('status')
  const status = STATUSES.get(code)
  if (status === undefined) reader.fail(`status: there is no ${code}`)
  return status ?? 'failed'
}

function readEnd(reader: ByteReader): EndOfGuest {
  const code = reader.u8('end')
  if (code > 1) reader.fail(`end: ${code} is neither 0 nor 1`)
  return code === 1 ? 'reboot' : 'power-off'
}

function readMessage(type: number, reader: ByteReader): GuestMessage | undefined {
  switch (type) {
    case GuestFrame.hello:
      return {
        kind: 'hello',
        abi: reader.u16('abi'),
        agentVersion: reader.string('agent version'),
        role: reader.string('role'),
      }
    case GuestFrame.ready:
      return { kind: 'ready' }
    case GuestFrame.checkpoint:
      return { kind: 'checkpoint' }
    case GuestFrame.call: {
      const callId = reader.u32('call id')
      const number = reader.u16('number')
      const count = reader.u16('argument count')
      if (count > MAX_ARGUMENTS) reader.fail(`${count} arguments; no call has more than ${MAX_ARGUMENTS}`)
      const untrustedArguments: string[] = []
      for (let index = 0; index < Math.min(count, MAX_ARGUMENTS); index++)
        untrustedArguments.push(reader.string(`argument ${index}`))
      return { kind: 'call', callId, number, untrustedArguments }
    }
    case GuestFrame.goodbye:
      return { kind: 'goodbye', end: readEnd(reader) }
    case GuestFrame.pong:
      return { kind: 'pong', nonce: reader.u32('nonce') }
    case GuestFrame.answer: {
      const askId = reader.u32('ask id')
      const status = readStatus(reader)
      return { kind: 'answer', askId, status, untrustedBytes: reader.bytes(reader.remaining, 'result') }
    }
    default:
      return undefined
  }
}

/** Decodes one frame. The whole payload must be used up; anything else is `malformed`. */
export function decodeGuestFrame(type: number, untrustedPayload: Uint8Array): Result<GuestMessage, Fault> {
  const reader = new ByteReader(untrustedPayload)
  const message = readMessage(type, reader)
  if (message === undefined) return err(fault('malformed', `agent frame of unknown type ${type}`))
  const end = reader.finish()
  return end.ok ? ok(message) : err(fault('malformed', `agent frame “${message.kind}”: ${end.error}`))
}

/** Cuts `text` so that its UTF-8 fits `limit` bytes, at a character's border. */
function utf8(text: string, limit: number): Uint8Array {
  const bytes = new Uint8Array(limit)
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written)
}

function encodePayload(message: HostMessage): [type: number, payload: Uint8Array] {
  const writer = new ByteWriter()
  switch (message.kind) {
    case 'welcome':
      writer.u16(AGENT_ABI).string(message.domainName).string(message.supervisorVersion)
      return [HostFrame.welcome, writer.finish()]
    case 'reply': {
      const { callId, reply } = message
      writer.u32(callId).u16(HypercallStatus[reply.status])
      writer.bytes(utf8(reply.text, AGENT_MAX_PAYLOAD - 6))
      return [HostFrame.reply, writer.finish()]
    }
    case 'shutdown':
      return [HostFrame.shutdown, writer.u8(message.end === 'reboot' ? 1 : 0).finish()]
    case 'ask': {
      writer.u32(message.askId).u16(AskOperation[message.operation]).u16(message.arguments.length)
      for (const argument of message.arguments) {
        const bytes = argument instanceof Uint8Array ? argument : new TextEncoder().encode(String(argument))
        writer.u16(bytes.length).bytes(bytes)
      }
      return [HostFrame.ask, writer.finish()]
    }
    case 'resumed':
      writer
        .u64(BigInt(Math.round(message.unixMs)))
        .bytes(message.mac)
        .string(message.hostname)
      writer.u16(message.entropy.length).bytes(message.entropy)
      writer.u8(message.shown ? 1 : 0)
      return [HostFrame.resumed, writer.finish()]
    case 'screen':
      return [HostFrame.screen, writer.u16(message.size.width).u16(message.size.height).finish()]
    case 'ping':
      return [HostFrame.ping, writer.u32(message.nonce).finish()]
    default:
      return assertNever(message)
  }
}

/** A whole frame, header included. A reply longer than a frame is cut. */
export function encodeHostFrame(message: HostMessage): Uint8Array<ArrayBuffer> {
  const [type, payload] = encodePayload(message)
  return new ByteWriter().u32(AGENT_MAGIC).u16(type).u16(0).u32(payload.length).bytes(payload).finish()
}
