/** The last bytes of a stream, read by absolute offset: the writer never waits, a slow reader is told what it missed. */

export class ByteRing {
  readonly #bytes: Uint8Array<ArrayBuffer>
  #end = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** Bytes ever pushed: the offset behind the newest. */
  get end(): number {
    return this.#end
  }

  /** Offset of the oldest byte kept. */
  get start(): number {
    return Math.max(0, this.#end - this.#bytes.length)
  }

  push(chunk: Uint8Array): void {
    const kept = chunk.length > this.#bytes.length ? chunk.subarray(chunk.length - this.#bytes.length) : chunk
    const at = (this.#end + chunk.length - kept.length) % this.#bytes.length
    const first = Math.min(kept.length, this.#bytes.length - at)
    this.#bytes.set(kept.subarray(0, first), at)
    this.#bytes.set(kept.subarray(first), 0)
    this.#end += chunk.length
  }

  /** A copy of up to `count` bytes from `offset` (≥ start) on. */
  read(offset: number, count: number): Uint8Array<ArrayBuffer> {
    const length = Math.max(0, Math.min(count, this.#end - offset))
    const at = offset % this.#bytes.length
    const first = Math.min(length, this.#bytes.length - at)
    const chunk = new Uint8Array(length)
    chunk.set(this.#bytes.subarray(at, at + first), 0)
    chunk.set(this.#bytes.subarray(0, length - first), first)
    return chunk
  }
}
