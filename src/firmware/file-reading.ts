/** One file, read and measured: by the page, or for it by a worker. */

import { sha256Hex } from '../base/bytes.ts'

export type FileReading = {
  readonly size: number
  /** SHA-256, hexadecimal. */
  readonly sha256: string
  readonly content: Blob
}

export type ReadRequest = {
  readonly id: number
  readonly url: string
  /** A copy that the service worker keeps will do; not after a reload that bypasses caches. */
  readonly kept: boolean
}

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

/** `content` is a blob of the same bytes, where there is one already: to make one copies them into another process. */
export async function measure(
  bytes: Uint8Array<ArrayBuffer>,
  content: Blob = new Blob([bytes]),
): Promise<FileReading> {
  return { size: bytes.length, sha256: await sha256Hex(bytes), content }
}

/** @throws Error fit for a person */
export async function readFile({ url, kept }: Omit<ReadRequest, 'id'>): Promise<FileReading> {
  const found = kept ? await readKept(url) : undefined
  if (found !== undefined) return found
  const bytes = await fetchBytes(url)
  if (kept) await keepAgain(url, bytes)
  return measure(bytes)
}

/** A kept file that turned out damaged was forgotten; this one comes in its place. On a full disk nothing is kept. */
async function keepAgain(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    // Whoever else is on this origin has caches, too.
    for (const name of (await caches.keys()).filter((each) => each.startsWith('hyperspace-')))
      await (await caches.open(name)).put(url, new Response(bytes))
  } catch {
    // The person has what was fetched.
  }
}

/**
 * The copy that the service worker keeps, read where it lies: by a fetch, which that worker answers, 56 MB in a blob took 1.35
 * core seconds in Chromium 150, and this way 0.35. What cannot be read is fetched.
 */
async function readKept(url: string): Promise<FileReading | undefined> {
  try {
    const content = await (await caches.match(url, { ignoreVary: true }))?.blob()
    return content && (await measure(new Uint8Array(await content.arrayBuffer()), content))
  } catch {
    return undefined
  }
}
