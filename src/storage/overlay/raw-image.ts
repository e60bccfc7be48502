/** A disk as a raw image: byte n of the file is byte n of the disk, so that any outside tool reads it. */

import type { BlockStore } from '../../protocol/block-store.ts'

/** What is read at a time, and the grain of holes: a file system's block. */
const CHUNK_BYTES = 2 ** 20
const GRAIN_BYTES = 4096

export type Extent = { readonly offset: number; readonly bytes: Uint8Array }

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/**
 * What is not zeros of the disk, in order, in whole 4 KiB grains: for a writer that can leave holes (a file written at
 * positions). The guest must be paused and flushed, or the image is of no single instant.
 */
export async function* extents(disk: BlockStore): AsyncGenerator<Extent> {
  for (let at = 0; at < disk.size; at += CHUNK_BYTES) {
    const chunk = await disk.read(at, Math.min(CHUNK_BYTES, disk.size - at))
    let start: number | undefined
    for (let grain = 0; grain < chunk.length; grain += GRAIN_BYTES) {
      const isHole = isZero(chunk.subarray(grain, grain + GRAIN_BYTES))
      if (!isHole) start ??= grain
      else if (start !== undefined) {
        yield { offset: at + start, bytes: chunk.slice(start, grain) }
        start = undefined
      }
    }
    if (start !== undefined) yield { offset: at + start, bytes: chunk.slice(start) }
  }
}

/** The whole image as a stream, holes filled with zeros: for a download, through CompressionStream where it may be small. */
export function rawImage(disk: BlockStore): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    async pull(controller) {
      if (at >= disk.size) return controller.close()
      const chunk = await disk.read(at, Math.min(CHUNK_BYTES, disk.size - at))
      at += chunk.length
      controller.enqueue(new Uint8Array(chunk))
    },
  })
}
