/** Time service (RFC 5905): the machine's own clock, said to be no better than that. */

import { putU32, u32At } from './packets/address.ts'

const PACKET = 48

/** Seconds from 1900 to 1970. */
const NTP_EPOCH = 2_208_988_800

/** A clock that nobody steers. */
const STRATUM = 10

/** The answer to a client's packet; undefined where it is none. */
export function answerNtp(
  untrustedPayload: Uint8Array,
  wallClock: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (untrustedPayload.length < PACKET) return undefined
  const first = untrustedPayload[0] ?? 0
  const version = (first >>> 3) & 7
  if ((first & 7) !== 3 || version < 1 || version > 4) return undefined
  const bytes = new Uint8Array(PACKET)
  bytes[0] = (version << 3) | 4
  bytes[1] = STRATUM
  bytes[2] = untrustedPayload[2] ?? 0
  // 2⁻¹⁰ s: browsers round their clocks to about a millisecond.
  bytes[3] = 0xf6
  bytes.set(new TextEncoder().encode('LOCL'), 12)
  putTime(bytes, 16, wallClock)
  putU32(bytes, 24, u32At(untrustedPayload, 40))
  putU32(bytes, 28, u32At(untrustedPayload, 44))
  putTime(bytes, 32, wallClock)
  putTime(bytes, 40, wallClock)
  return bytes
}

function putTime(bytes: Uint8Array, at: number, wallClock: number): void {
  const seconds = Math.floor(wallClock / 1000)
  putU32(bytes, at, (seconds + NTP_EPOCH) >>> 0)
  putU32(bytes, at + 4, Math.floor(((wallClock % 1000) / 1000) * 2 ** 32))
}
