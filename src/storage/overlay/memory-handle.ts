/** A file that is lost with its worker: the changes of a disk that nobody asked to keep. */

import type { DiskHandle } from '../opfs-disk.ts'

/** Memory is taken where something is written. */
const CHUNK_BYTES = 2 ** 18

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}

export function memoryHandle(): DiskHandle {
  const chunks = new Map<number, Uint8Array>()
  let size = 0
  /** Calls `visit` for each chunk that `length` bytes from `at` on touch. */
  const each = (
    at: number,
    length: number,
    visit: (index: number, from: number, count: number, done: number) => void,
  ): void => {
    for (let done = 0; done < length;) {
      const from = (at + done) % CHUNK_BYTES
      const count = Math.min(length - done, CHUNK_BYTES - from)
      visit(Math.floor((at + done) / CHUNK_BYTES), from, count, done)
      done += count
    }
  }
  return {
    read(target, { at = 0 } = {}) {
      const into = bytesOf(target)
      const length = Math.max(0, Math.min(into.length, size - at))
      each(at, length, (index, from, count, done) => {
        const chunk = chunks.get(index)
        if (chunk === undefined) into.fill(0, done, done + count)
        else into.set(chunk.subarray(from, from + count), done)
      })
      return length
    },
    write(source, { at = 0 } = {}) {
      const bytes = bytesOf(source)
      each(at, bytes.length, (index, from, count, done) => {
        const chunk = chunks.get(index) ?? new Uint8Array(CHUNK_BYTES)
        chunks.set(index, chunk)
        chunk.set(bytes.subarray(done, done + count), from)
      })
      size = Math.max(size, at + bytes.length)
      return bytes.length
    },
    truncate(bytes) {
      for (const index of chunks.keys()) if (index * CHUNK_BYTES >= bytes) chunks.delete(index)
      if (bytes < size) chunks.get(Math.floor(bytes / CHUNK_BYTES))?.fill(0, bytes % CHUNK_BYTES)
      size = bytes
    },
    getSize: () => size,
    flush() {
      // There is no stable storage to reach.
    },
    close: () => chunks.clear(),
  }
}
