/** Unpacks an image as a stream, so that no more of it than a few MiB is in this thread's memory at a time. */

import type { Packing } from './sniff.ts'
import { ZSTD_WINDOW_LIMIT_BYTES, ZstdWindows } from './zstd-windows.ts'

/** More than this is refused while it is unpacked: the result is held by the browser until the guest is removed. */
const UNPACKED_LIMIT_BYTES = 2 ** 32

/** Pieces of the result handed to the browser, which may put them on disk. */
const PIECE_BYTES = 8 * 2 ** 20

/** A block of zstd gives 128 KiB for four bytes at the most: so many bytes at a time give 8 MiB. */
const ZSTD_INPUT_BYTES = 256

const WINDOW_REFUSED = `Its window is larger than ${ZSTD_WINDOW_LIMIT_BYTES / 2 ** 20} MiB: pack it again without “--long”.`

/** Expected: the file is damaged, or too large. The message is a sentence for a person. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError'
}

export type UnpackOptions = {
  /** Bytes of the packed file that are done. */
  readonly progress?: (bytes: number) => void
  readonly signal?: AbortSignal
  readonly limitBytes?: number
}

/** The unpacked content of `file`. @throws UnpackError, or what `signal` was aborted with */
export async function unpack(
  file: Pick<Blob, 'stream'>,
  packing: Exclude<Packing, 'none'>,
  { progress, signal, limitBytes = UNPACKED_LIMIT_BYTES }: UnpackOptions = {},
): Promise<Blob> {
  const pieces: Blob[] = []
  let waiting: Uint8Array<ArrayBuffer>[] = []
  let waitingBytes = 0
  let total = 0
  const flush = (): void => {
    pieces.push(new Blob(waiting))
    waiting = []
    waitingBytes = 0
  }
  const unpacked = (await unpackedStream(counted(file.stream(), progress), packing)).getReader()
  // Also where the file's next bytes are long in coming, as from a drive on a network.
  const stop = (): void => void unpacked.cancel().catch(() => undefined)
  signal?.addEventListener('abort', stop)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { done, value } = await unpacked.read()
      signal?.throwIfAborted()
      if (done) break
      total += value.length
      if (total > limitBytes)
        throw new UnpackError(`Unpacked, it has more than ${limitBytes / 2 ** 20} MiB: that is too large.`)
      // A copy: the decoders use their buffers again.
      waiting.push(new Uint8Array(value))
      waitingBytes += value.length
      if (waitingBytes >= PIECE_BYTES) flush()
    }
  } catch (error) {
    // What is damaged has ended already, and says so again.
    await unpacked.cancel().catch(() => undefined)
    if (error instanceof UnpackError || signal?.aborted === true) throw error
    throw new UnpackError(`It is damaged or cut off: unpacking stopped after ${total} bytes.`, {
      cause: error,
    })
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  flush()
  return new Blob(pieces)
}

type Bytes = Uint8Array<ArrayBuffer>

/** `packed`, told of as it is read. */
function counted(packed: ReadableStream<Bytes>, progress: UnpackOptions['progress']): ReadableStream<Bytes> {
  const reader = packed.getReader()
  let count = 0
  return new ReadableStream<Bytes>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      count += value.length
      progress?.(count)
      controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

async function unpackedStream(
  packed: ReadableStream<Bytes>,
  packing: Exclude<Packing, 'none'>,
): Promise<ReadableStream<Uint8Array>> {
  if (packing === 'gzip') return packed.pipeThrough(new DecompressionStream('gzip'))
  if (packing === 'zstd') return zstdStream(packed)
  const { XzReadableStream } = await import('xz-decompress')
  return new XzReadableStream(packed)
}

async function zstdStream(packed: ReadableStream<Bytes>): Promise<ReadableStream<Uint8Array>> {
  const { Decompress } = await import('fzstd')
  const reader = packed.getReader()
  const windows = new ZstdWindows()
  let rest = new Uint8Array()
  let unpacked: Uint8Array[] = []
  const decoder = new Decompress((bytes) => void unpacked.push(bytes.slice()))
  return new ReadableStream<Uint8Array>({
    // So much at a time as gives something: who is read from no further unpacks no further.
    async pull(controller) {
      while (unpacked.length === 0) {
        if (rest.length === 0) {
          const { done, value } = await reader.read()
          if (done) {
            decoder.push(new Uint8Array(), true)
            return controller.close()
          }
          if (!windows.accepts(value)) throw new UnpackError(WINDOW_REFUSED)
          rest = value
        }
        decoder.push(rest.subarray(0, ZSTD_INPUT_BYTES))
        rest = rest.subarray(ZSTD_INPUT_BYTES)
      }
      for (const bytes of unpacked) controller.enqueue(bytes)
      unpacked = []
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
