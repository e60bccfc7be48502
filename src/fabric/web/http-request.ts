/** An HTTP/1.x request's head, read as hostile (RFC 9112). */

/** Bytes of request line and headers. */
export const MOST_HEAD_BYTES = 16_384
const MOST_HEADERS = 100

export type HttpRequest = {
  readonly method: string
  /** “/path?query”, as sent; or, of a client that takes us for a proxy, a whole URL's. */
  readonly path: string
  /** Lower case, without a port; of the Host header, or of the whole URL. */
  readonly host: string
  readonly headers: ReadonlyMap<string, string>
  /** Whether the connection may serve another request after this one. */
  readonly keepAlive: boolean
  readonly isHttp10: boolean
  /** Bytes of body that follow. */
  readonly bodyBytes: number
}

export type ParsedHead =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'bad'; readonly status: number }
  | { readonly kind: 'head'; readonly request: HttpRequest; readonly bytes: number }

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

export function parseHead(untrustedBytes: Uint8Array): ParsedHead {
  const end = endOfHead(untrustedBytes)
  if (end === undefined)
    return untrustedBytes.length > MOST_HEAD_BYTES ? { kind: 'bad', status: 431 } : { kind: 'incomplete' }
  if (end > MOST_HEAD_BYTES) return { kind: 'bad', status: 431 }
  const [requestLine = '', ...lines] = latin1(untrustedBytes.subarray(0, end)).split(/\r?\n/)
  const match = /^([A-Z]{1,16}) (\S{1,8192}) HTTP\/1\.([01])$/.exec(requestLine)
  if (match === null) return { kind: 'bad', status: 400 }
  const [, method = '', target = '', minor] = match
  const headers = readHeaders(lines.filter((line) => line !== ''))
  if (headers === undefined) return { kind: 'bad', status: 400 }
  // A body of unknown length from a guest is nothing that we pass on.
  if (headers.has('transfer-encoding')) return { kind: 'bad', status: 501 }
  const length = headers.get('content-length') ?? '0'
  if (!/^\d{1,9}$/.test(length)) return { kind: 'bad', status: 400 }
  const place = splitTarget(target, headers.get('host') ?? '')
  if (place === undefined) return { kind: 'bad', status: 400 }
  const isHttp10 = minor === '0'
  const connection = (headers.get('connection') ?? '').toLowerCase()
  return {
    kind: 'head',
    bytes: end,
    request: {
      method,
      ...place,
      headers,
      keepAlive: isHttp10 ? connection.includes('keep-alive') : !connection.includes('close'),
      isHttp10,
      bodyBytes: Number(length),
    },
  }
}

/** The index behind the empty line. */
function endOfHead(bytes: Uint8Array): number | undefined {
  const limit = Math.min(bytes.length, MOST_HEAD_BYTES + 4)
  for (let at = 0; at < limit; at++) {
    if (bytes[at] !== 0x0a) continue
    if (bytes[at + 1] === 0x0a) return at + 2
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3
  }
  return undefined
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function readHeaders(lines: readonly string[]): Map<string, string> | undefined {
  if (lines.length > MOST_HEADERS) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    if (colon < 1 || !TOKEN.test(name) || hasControl(value)) return undefined
    const key = name.toLowerCase()
    // Two lengths or two hosts are how requests are smuggled.
    if (headers.has(key) && (key === 'content-length' || key === 'host')) return undefined
    headers.set(key, headers.has(key) ? `${headers.get(key)}, ${value}` : value)
  }
  return headers
}

function hasControl(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if ((code < 32 && code !== 9) || code === 127) return true
  }
  return false
}

function splitTarget(target: string, hostHeader: string): { host: string; path: string } | undefined {
  const whole = /^http:\/\/([^/?#]+)(.*)$/i.exec(target)
  const authority = whole === null ? hostHeader : (whole[1] ?? '')
  const path = whole === null ? target : whole[2] === '' ? '/' : (whole[2] ?? '/')
  if (!path.startsWith('/')) return undefined
  const host = /^([a-z0-9._-]{0,253})(?::\d{1,5})?$/i.exec(authority)?.[1]
  return host === undefined ? undefined : { host: host.toLowerCase(), path }
}
