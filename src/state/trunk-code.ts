/**
 * The code that people carry from one browser to the other to join their machines: a WebRTC session description, packed.
 *
 * ```
 * "HST1-" + base64url( deflate-raw( JSON: { "type": "offer" | "answer", "sdp": string } ) )
 * ```
 * At most CODE_LIMIT characters, and SDP_LIMIT unpacked. A pasted one is hostile until it is parsed; what is in the SDP is
 * for the browser's own parser.
 */

import { collect } from '../base/collect.ts'
import { err, ok, type Result } from '../base/result.ts'

const HEAD = 'HST1-'
export const CODE_LIMIT = 20_000
const SDP_LIMIT = 60_000

export type TrunkCode = { readonly type: 'offer' | 'answer'; readonly sdp: string }

function through(bytes: Uint8Array<ArrayBuffer>, stream: GenericTransformStream): Promise<Uint8Array> {
  const writer = stream.writable.getWriter()
  // What is wrong with it is told where it is read.
  void Promise.allSettled([writer.write(bytes), writer.close()])
  // What a small code unpacks to may be anything.
  return collect(stream.readable, SDP_LIMIT, () => new RangeError('too large'))
}

export async function encodeTrunkCode(code: TrunkCode): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify({ type: code.type, sdp: code.sdp }))
  const packed = await through(json, new CompressionStream('deflate-raw'))
  const text = btoa(Array.from(packed, (byte) => String.fromCodePoint(byte)).join(''))
  return HEAD + text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** White space in it is of no matter: people paste what a mail program has broken into lines. */
export async function decodeTrunkCode(untrustedText: string): Promise<Result<TrunkCode, string>> {
  const text = untrustedText.replaceAll(/\s+/g, '')
  if (!text.startsWith(HEAD)) return err(`A code begins with ${HEAD}`)
  if (text.length > CODE_LIMIT) return err('This is too long to be a code.')
  try {
    const bytes = atob(text.slice(HEAD.length).replaceAll('-', '+').replaceAll('_', '/'))
    const packed = Uint8Array.from(bytes, (character) => character.codePointAt(0) ?? 0)
    const json = await through(packed, new DecompressionStream('deflate-raw'))
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
    if (typeof value !== 'object' || value === null || !('type' in value) || !('sdp' in value))
      return err('The code is damaged.')
    const { type, sdp } = value
    if ((type !== 'offer' && type !== 'answer') || typeof sdp !== 'string') return err('The code is damaged.')
    return ok({ type, sdp })
  } catch {
    return err('The code is damaged or was cut off: copy it again, from the first character to the last.')
  }
}
