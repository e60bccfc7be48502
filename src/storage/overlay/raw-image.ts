/** A disk as a raw image: byte n of the file is byte n of the disk, so that any outside tool reads it. */

import type { BlockStore } from '../../protocol/block-store.ts'
import { isZeroPage } from '../../base/pages.ts'
import { UNWATCHED, type Watch } from '../../base/watch.ts'
import { wordsOf } from '../pages/page-heap.ts'

/** What is read at a time, and the grain of holes. */
const CHUNK_BYTES = 2 ** 20
const PAGE_BYTES = 4096

/** After so many the thread that reads hears its messages. */
const CHUNKS_AT_ONCE = 8

function isZero(chunk: Uint8Array): boolean {
  if (chunk.length % PAGE_BYTES !== 0 || chunk.byteOffset % 4 !== 0) return chunk.every((byte) => byte === 0)
  const words = wordsOf(chunk)
  for (let page = 0; page < chunk.length; page += PAGE_BYTES) if (!isZeroPage(words, page / 4)) return false
  return true
}

/** Numbers of the chunks that may hold anything but zeros; undefined: nobody knows. */
function filledChunks(disk: BlockStore): Set<number> | undefined {
  const blocks = disk.occupied?.()
  if (blocks === undefined) return undefined
  const chunks = new Set<number>()
  for (const block of blocks) chunks.add(Math.floor((block * PAGE_BYTES) / CHUNK_BYTES))
  return chunks
}

/**
 * The whole image. What is known to be zeros is not read: a disk of 256 MiB would be as much fresh memory. Its holes are one
 * piece of zeros that the blob refers to again and again: a disk of which a tenth was ever written takes a tenth of its size
 * while it is saved. The disk must not be written meanwhile, or the image is of no single instant.
 *
 * @throws StorageError where a part cannot be read, and what `watch` throws
 */
export async function imageBlob(disk: BlockStore, watch: Watch = UNWATCHED): Promise<Blob> {
  const hole = new Blob([new Uint8Array(CHUNK_BYTES)])
  const filled = filledChunks(disk)
  const parts: Blob[] = []
  for (let at = 0; at < disk.size; at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, disk.size - at)
    const chunk = filled?.has(at / CHUNK_BYTES) === false ? undefined : await disk.read(at, length)
    parts.push(
      chunk === undefined || isZero(chunk) ? hole.slice(0, length) : new Blob([new Uint8Array(chunk)]),
    )
    if (parts.length % CHUNKS_AT_ONCE !== 0) continue
    watch(at + length, disk.size)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return new Blob(parts, { type: 'application/octet-stream' })
}
