/** Compression by the platform's own streams (Compression Standard, WHATWG), with a limit on what comes out. */

import { collect } from '../../base/collect.ts'
import { FormatError } from './format-error.ts'

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const tooMuch = (): Error => new RangeError('there is no limit')
  return collect(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip')), Infinity, tooMuch)
}

/** Unpacks exactly `length` bytes. @throws FormatError (corrupt) with `what` in its message */
export async function gunzip(
  untrustedBytes: Uint8Array<ArrayBuffer>,
  length: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>
  try {
    const stream = new Blob([untrustedBytes]).stream().pipeThrough(new DecompressionStream('gzip'))
    bytes = await collect(
      stream,
      length,
      () => new FormatError('corrupt', `${what}: unpacks to more than the ${length} bytes it says.`),
    )
  } catch (error) {
    // The standard's streams reject with a TypeError on malformed input; Node's with an Error of zlib's.
    if (error instanceof FormatError) throw error
    throw new FormatError('corrupt', `${what}: not what was compressed (${String(error)}).`)
  }
  if (bytes.length !== length)
    throw new FormatError('corrupt', `${what}: ${bytes.length} bytes came out, not ${length}.`)
  return bytes
}
