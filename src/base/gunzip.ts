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

/** What comes out of one gzip member, in the pieces that are wanted, without all of it in memory at a time. */
export class Unpacking {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #chunk: Uint8Array = new Uint8Array()
  #at = 0

  constructor(packed: Blob) {
    this.#reader = packed.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  }

  /** Fills `target` with what comes next: at once where it is there. @throws (rejects) Error where there is less */
  takeInto(target: Uint8Array): Promise<void> | undefined {
    const taken = this.#take(target)
    return taken === target.length ? undefined : this.#takeLater(target, taken)
  }

  /** @throws (rejects) Error where there is more, or the file's checksum is wrong */
  async end(): Promise<void> {
    if (this.#at === this.#chunk.length && !(await this.#next())) return
    await this.#reader.cancel()
    throw new Error('it unpacks to more than it says')
  }

  /** As many bytes as are there; how many those are. */
  #take(target: Uint8Array): number {
    const part = this.#chunk.subarray(this.#at, this.#at + target.length)
    target.set(part)
    this.#at += part.length
    return part.length
  }

  async #takeLater(target: Uint8Array, taken: number): Promise<void> {
    for (let at = taken; at < target.length; at += this.#take(target.subarray(at)))
      if (!(await this.#next())) throw new Error(`it ends ${target.length - at} bytes too early`)
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#reader.read()
    if (done) return false
    this.#chunk = value
    this.#at = 0
    return true
  }
}
