/** Reads a stream to its end into one piece of bytes, with a limit on what comes out. */

/**
 * @param limit most bytes that are taken; the stream is cancelled where there are more
 * @throws what the stream fails with, and `tooMuch()` past the limit
 */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  tooMuch: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      await reader.cancel()
      throw tooMuch()
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
