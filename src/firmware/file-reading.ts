/** One file, read and measured: by the page, or for it by a worker. */

import { sha256Hex } from '../base/bytes.ts'

export type FileReading = {
  readonly size: number
  /** SHA-256, hexadecimal. */
  readonly sha256: string
  readonly content: Blob
}

export type ReadRequest = { readonly id: number; readonly url: string }

export type ReadReply =
  | { readonly kind: 'read'; readonly id: number; readonly file: FileReading }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

/**
 * A second tab that reads what the first one's request is still writing to the browser's cache may be let down by it
 * (ERR_CACHE_WRITE_FAILURE in Chromium): then the file is asked for once more, past the cache. Its hash is checked anyway.
 * @throws Error fit for a person
 */
export async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBytes(url, 'default')
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return readBytes(url, 'no-store')
  }
}

async function readBytes(url: string, cache: RequestCache): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, { cache })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

export async function measure(bytes: Uint8Array<ArrayBuffer>): Promise<FileReading> {
  return { size: bytes.length, sha256: await sha256Hex(bytes), content: new Blob([bytes]) }
}
