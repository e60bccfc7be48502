/** Unpacks an image as a stream, so that no more of it than a few MiB is in this thread's memory at a time. */

import type { Packing } from './sniff.ts'

/** More than this is refused while it is unpacked: the result is held by the browser until the guest is removed. */
const UNPACKED_LIMIT_BYTES = 2 ** 32

/** Pieces of the result handed to the browser, which may put them on disk. */
const PIECE_BYTES = 8 * 2 ** 20

/** A block of zstd gives 128 KiB for four bytes at the most: so many bytes at a time give 8 MiB. */
const ZSTD_INPUT_BYTES = 256

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
  file: Blob,
  packing: Exclude<Packing, 'none'>,
  { progress, signal, limitBytes = UNPACKED_LIMIT_BYTES }: UnpackOptions = {},
): Promise<Blob> {
  let done = 0
  const counted = file.stream().pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        done += chunk.length
        progress?.(done)
        controller.enqueue(chunk)
      },
    }),
  )
  const pieces: Blob[] = []
  let waiting: Uint8Array<ArrayBuffer>[] = []
  let waitingBytes = 0
  let total = 0
  const flush = (): void => {
    pieces.push(new Blob(waiting))
    waiting = []
    waitingBytes = 0
  }
  try {
    const unpacked = await unpackedStream(counted, packing)
    const sink = new WritableStream<Uint8Array>({
      write(chunk) {
        total += chunk.length
        if (total > limitBytes)
          throw new UnpackError(`Unpacked, it has more than ${limitBytes / 2 ** 20} MiB: that is too large.`)
        // A copy: the decoders use their buffers again.
        waiting.push(new Uint8Array(chunk))
        waitingBytes += chunk.length
        if (waitingBytes >= PIECE_BYTES) flush()
      },
    })
    await unpacked.pipeTo(sink, signal === undefined ? {} : { signal })
  } catch (error) {
    if (error instanceof UnpackError || signal?.aborted === true) throw error
    throw new UnpackError(`It is damaged or cut off: unpacking stopped after ${total} bytes.`, {
      cause: error,
    })
  }
  flush()
  return new Blob(pieces)
}

async function unpackedStream(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  packing: Exclude<Packing, 'none'>,
): Promise<ReadableStream<Uint8Array>> {
  if (packing === 'gzip') return packed.pipeThrough(new DecompressionStream('gzip'))
  if (packing === 'zstd') return packed.pipeThrough(await zstdStream())
  const { XzReadableStream } = await import('xz-decompress')
  return new XzReadableStream(packed)
}

async function zstdStream(): Promise<TransformStream<Uint8Array, Uint8Array>> {
  const { Decompress } = await import('fzstd')
  let controller: TransformStreamDefaultController<Uint8Array> | undefined
  const decoder = new Decompress((bytes) => controller?.enqueue(bytes.slice()))
  return new TransformStream<Uint8Array, Uint8Array>({
    start(given) {
      controller = given
    },
    transform(chunk) {
      for (let at = 0; at < chunk.length; at += ZSTD_INPUT_BYTES)
        decoder.push(chunk.subarray(at, at + ZSTD_INPUT_BYTES))
    },
    flush() {
      decoder.push(new Uint8Array(), true)
    },
  })
}
