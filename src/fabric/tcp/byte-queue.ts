/** Bytes in order, added at the end, looked at anywhere, dropped from the front; never joined into one. */

export class ByteQueue {
  #chunks: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(bytes)
    this.#length += bytes.length
  }

  /** Views of up to `count` bytes from `offset` on. */
  views(offset: number, count: number): Uint8Array[] {
    const views: Uint8Array[] = []
    let skip = offset
    let left = count
    for (const chunk of this.#chunks) {
      if (left <= 0) break
      if (skip >= chunk.length) {
        skip -= chunk.length
        continue
      }
      const view = chunk.subarray(skip, skip + left)
      views.push(view)
      left -= view.length
      skip = 0
    }
    return views
  }

  drop(count: number): void {
    let left = Math.min(count, this.#length)
    this.#length -= left
    while (left > 0) {
      const [first] = this.#chunks
      if (first === undefined) return
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left)
        return
      }
      left -= first.length
      this.#chunks.shift()
    }
  }

  /** Everything, joined, and the queue empty. */
  take(): Uint8Array {
    const [only] = this.#chunks
    const all = this.#chunks.length === 1 && only !== undefined ? only : this.#join()
    this.#chunks = []
    this.#length = 0
    return all
  }

  #join(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  }
}
