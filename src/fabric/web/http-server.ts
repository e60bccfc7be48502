/** HTTP/1.1 over a connection that a guest has opened: one request after the other, bodies as they come (RFC 9112). */

import type { TcpConnection } from '../tcp/connection.ts'
import { parseHead, type HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'
import { pageFor } from './pages.ts'

/** What a guest may send and nobody reads, before the connection is closed instead. */
const MOST_BODY_BYTES = 1 << 20

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
}

/** The parts of a connection in use. */
export type HttpConnection = Pick<TcpConnection, 'read' | 'write'>

/** Serves until either side ends. @throws (rejects) where the connection breaks, or a body does */
export async function serveHttp(
  connection: HttpConnection,
  respond: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<void> {
  let rest: Uint8Array = new Uint8Array()
  for (;;) {
    const parsed = parseHead(rest)
    if (parsed.kind === 'incomplete') {
      const more = await connection.read()
      if (more === undefined) return
      rest = joined(rest, more)
      continue
    }
    if (parsed.kind === 'bad') {
      await send(connection, pageFor(parsed.status), undefined)
      return
    }
    const { request } = parsed
    if (request.bodyBytes > MOST_BODY_BYTES) {
      await send(connection, pageFor(413), undefined)
      return
    }
    rest = rest.subarray(parsed.bytes)
    // Nobody reads a body: it is passed over as it comes, not gathered.
    let unread = request.bodyBytes
    while (rest.length < unread) {
      unread -= rest.length
      const more = await connection.read()
      if (more === undefined) return
      rest = more
    }
    rest = rest.subarray(unread)
    if (!(await send(connection, await respond(request), request))) return
  }
}

/** Whether the connection goes on after this response. */
async function send(
  connection: HttpConnection,
  response: HttpResponse,
  request: HttpRequest | undefined,
): Promise<boolean> {
  const { body } = response
  const isWhole = body instanceof Uint8Array
  const isHead = request?.method === 'HEAD' || response.status === 304
  // To an old client the end of the connection is the end of such a body.
  const isChunked = !isWhole && request?.isHttp10 !== true
  const goesOn = request?.keepAlive === true && (isWhole || isChunked)
  const lines = [
    `HTTP/1.1 ${response.status} ${REASONS[response.status] ?? 'Status'}`,
    ...response.headers.map(([name, value]) => `${name}: ${oneLine(value)}`),
  ]
  if (isWhole) lines.push(`Content-Length: ${body.length}`)
  else if (isChunked) lines.push('Transfer-Encoding: chunked')
  lines.push(`Connection: ${goesOn ? 'keep-alive' : 'close'}`)
  await connection.write(new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`))
  if (isWhole) {
    if (!isHead) await connection.write(body)
    return goesOn
  }
  if (isHead) {
    await body.cancel()
    return goesOn
  }
  for await (const chunk of chunksOf(body)) {
    if (chunk.length === 0) continue
    if (isChunked) await connection.write(new TextEncoder().encode(`${chunk.length.toString(16)}\r\n`))
    await connection.write(chunk)
    if (isChunked) await connection.write(CRLF)
  }
  if (isChunked) await connection.write(new TextEncoder().encode('0\r\n\r\n'))
  return goesOn
}

const CRLF = new TextEncoder().encode('\r\n')

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    // Whoever stopped reading does not want the rest; where it came to its end this does nothing.
    await reader.cancel()
  }
}

/** A header's value comes from a server outside: no line of its own making. */
function oneLine(value: string): string {
  return value.replaceAll(/[\r\n\0]+/g, ' ')
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}
