/**
 * Text of the world in UTF-8, the one charset that the guests' browser reads: its others would be tables in flash, and the
 * browser that all this runs in has them (WHATWG Encoding Standard). How a page's charset is found is the HTML Standard's
 * “prescan a byte stream to determine its encoding”, in short.
 */

import type { HttpResponse } from './http-response.ts'

/** So far into a page a charset may be named. */
const PRESCAN_BYTES = 1024

const TEXT = /^\s*(text\/html|application\/xhtml\+xml|text\/plain)\s*(?:;|$)/i

/** The response itself where it is no text, or UTF-8 by its own word. */
export async function inUtf8(response: HttpResponse): Promise<HttpResponse> {
  const untrustedType = response.headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  const type = TEXT.exec(untrustedType)?.[1]?.toLowerCase()
  // A part of a text cannot be told from its first bytes.
  if (type === undefined || response.status === 206 || response.body instanceof Uint8Array) return response
  let body: ReadableStream<Uint8Array> = response.body
  let encoding = encodingOf(/;\s*charset\s*=\s*["']?([^\s"';]+)/i.exec(untrustedType)?.[1])
  if (encoding === undefined) {
    const looked = await prescan(body)
    body = looked.body
    encoding = guess(looked.head, type)
  }
  if (encoding !== 'utf-8') body = body.pipeThrough(recoder(encoding))
  const others = response.headers.filter(([name]) => name !== 'content-type' && name !== 'accept-ranges')
  return { ...response, headers: [['content-type', `${type}; charset=utf-8`], ...others], body }
}

function recoder(encoding: string): TransformStream<Uint8Array, Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(encoding), new TextEncoder()]
  return new TransformStream({
    transform(untrustedChunk, controller) {
      controller.enqueue(encoder.encode(decoder.decode(untrustedChunk, { stream: true })))
    },
    flush(controller) {
      controller.enqueue(encoder.encode(decoder.decode()))
    },
  })
}

/** The standard's name of an encoding, from one of its labels. */
function encodingOf(untrustedLabel: string | undefined): string | undefined {
  if (untrustedLabel === undefined) return undefined
  try {
    return new TextDecoder(untrustedLabel).encoding
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The first bytes of `body`, and a body that has them still. */
async function prescan(
  body: ReadableStream<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly body: ReadableStream<Uint8Array> }> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let count = 0
  let ended = false
  while (count < PRESCAN_BYTES && !ended) {
    // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
    const { done, value } = await reader.read()
    ended = done
    if (value === undefined) continue
    chunks.push(value)
    count += value.length
  }
  const head = new Uint8Array(count)
  let at = 0
  for (const chunk of chunks) {
    head.set(chunk, at)
    at += chunk.length
  }
  const whole = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(head)
      if (ended) controller.close()
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
  return { head: head.subarray(0, PRESCAN_BYTES), body: whole }
}

/** By a byte order mark, a page's own word, or what the bytes could be. */
function guess(untrustedHead: Uint8Array, type: string): string {
  const [first, second, third] = untrustedHead
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (type !== 'text/plain') {
    const text = new TextDecoder('latin1').decode(untrustedHead)
    const named = encodingOf(/<meta\s[^>]*?charset\s*=\s*["']?\s*([^\s"'>;/]+)/i.exec(text)?.[1])
    // Whoever could read the word has read bytes.
    if (named !== undefined) return named.startsWith('utf-16') ? 'utf-8' : named
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(untrustedHead, { stream: true })
    return 'utf-8'
  } catch {
    return 'windows-1252'
  }
}
