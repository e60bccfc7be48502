/** Compression by the platform's own streams (Compression Standard, WHATWG), with a limit on what comes out. */

import { FormatError } from './format-error.ts'

async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      await reader.cancel()
      throw new FormatError('corrupt', `${what}: unpacks to more than the ${limit} bytes it says.`)
    }
    parts.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return collect(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip')), Infinity, 'gzip')
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
    bytes = await collect(stream, length, what)
  } catch (error) {
    // The standard's streams reject with a TypeError on malformed input; Node's with an Error of zlib's.
    if (error instanceof FormatError) throw error
    throw new FormatError('corrupt', `${what}: not what was compressed (${String(error)}).`)
  }
  if (bytes.length !== length)
    throw new FormatError('corrupt', `${what}: ${bytes.length} bytes came out, not ${length}.`)
  return bytes
}
