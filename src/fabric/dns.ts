/** A name server for one question at a time (RFC 1035): A records of our own names, and of the world's by stand-in addresses. */

import { putU16, putU32, u16At } from './packets/address.ts'

const HEADER = 12

export const RecordType = { a: 1, any: 255 }

/** Response codes. */
export const Outcome = { ok: 0, malformed: 1, noSuchName: 3, notImplemented: 4, refused: 5 }

/** Seconds; short, since guests come and go. */
const TTL = 60

export type DnsQuestion = {
  readonly id: number
  readonly recursionDesired: boolean
  /** Lower case, without the last dot. */
  readonly name: string
  readonly type: number
  readonly isInternet: boolean
  /** The question as it was asked: a view. */
  readonly section: Uint8Array
}

/** Undefined: malformed, or an answer; a server stays silent to those. */
export function parseDns(untrustedPayload: Uint8Array): DnsQuestion | undefined {
  if (untrustedPayload.length < HEADER + 5) return undefined
  const flags = u16At(untrustedPayload, 2)
  // A standard query with one question and no answers.
  if ((flags & 0xf800) !== 0 || u16At(untrustedPayload, 4) !== 1 || u16At(untrustedPayload, 6) !== 0)
    return undefined
  const labels: string[] = []
  let at = HEADER
  for (;;) {
    const length = untrustedPayload[at]
    if (length === undefined || length > 63 || at - HEADER > 254) return undefined
    at += 1
    if (length === 0) break
    const label = untrustedPayload.subarray(at, at + length)
    if (label.length < length) return undefined
    labels.push(String.fromCharCode(...label))
    at += length
  }
  if (at + 4 > untrustedPayload.length) return undefined
  return {
    id: u16At(untrustedPayload, 0),
    recursionDesired: (flags & 0x0100) !== 0,
    name: labels.join('.').toLowerCase(),
    type: u16At(untrustedPayload, at),
    isInternet: u16At(untrustedPayload, at + 2) === 1,
    section: untrustedPayload.subarray(HEADER, at + 4),
  }
}

/** `address`: an A record; without one, the outcome alone. */
export function answerDns(
  question: DnsQuestion,
  outcome: number,
  address: number | undefined,
): Uint8Array<ArrayBuffer> {
  const answerBytes = address === undefined ? 0 : 16
  const bytes = new Uint8Array(HEADER + question.section.length + answerBytes)
  putU16(bytes, 0, question.id)
  // An answer, recursion available, and desired as it was.
  putU16(bytes, 2, 0x8080 | (question.recursionDesired ? 0x0100 : 0) | outcome)
  putU16(bytes, 4, 1)
  bytes.set(question.section, HEADER)
  if (address === undefined) return bytes
  putU16(bytes, 6, 1)
  const at = HEADER + question.section.length
  // The name is the question's: a pointer to it.
  putU16(bytes, at, 0xc00c)
  putU16(bytes, at + 2, RecordType.a)
  putU16(bytes, at + 4, 1)
  putU32(bytes, at + 6, TTL)
  putU16(bytes, at + 10, 4)
  putU32(bytes, at + 12, address)
  return bytes
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)+$/

/** A name with a dot in it that may stand in a URL. */
export function isWorldName(untrustedName: string): boolean {
  return HOST_NAME.test(untrustedName)
}
