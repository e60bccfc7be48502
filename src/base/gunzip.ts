/** Unpacks what lies packed in flash, by the platform's own streams (Compression Standard, WHATWG). */

/** The first `length` bytes that come out of `packed`, without unpacking much more. @throws Error where there are fewer */
export async function gunzipHead(packed: Blob, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  const reader = packed.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  for (let at = 0; at < length;) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`it unpacks to ${at} bytes, not ${length}`)
    bytes.set(value.subarray(0, length - at), at)
    at += value.length
  }
  await reader.cancel()
  return bytes
}

/**
 * @param length bytes that must come out
 * @param capacity of what is answered, zeros behind `length`
 * @throws Error where `packed` is not one gzip member of so many bytes
 */
export async function gunzip(
  packed: Blob,
  length: number,
  capacity = length,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(capacity)
  let at = 0
  const reader = packed.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (at + value.length > length) {
      await reader.cancel()
      throw new Error(`it unpacks to more than ${length} bytes`)
    }
    bytes.set(value, at)
    at += value.length
  }
  if (at !== length) throw new Error(`it unpacks to ${at} bytes, not ${length}`)
  return bytes
}
