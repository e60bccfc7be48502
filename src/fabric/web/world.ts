/**
 * Pages of the world outside, by the browser's own `fetch`: only what a page of this origin may read, which is what the
 * other site allows by CORS (Fetch Standard, section 3.3). It reads and never sends: the person's cookies stay out of it
 * (`credentials: 'omit'`), and so do machines of the person's own network.
 */

import type { FabricEnvironment } from '../environment.ts'
import { isWorldName } from '../dns.ts'
import { parseIpv4Address } from '../packets/address.ts'
import { inUtf8 } from './charset.ts'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'
import { escapeHtml, page, pageFor } from './pages.ts'

/** To the first bytes of an answer. */
const PATIENCE_MS = 30_000

/** Headers of a guest's request that go out. */
const SENT: readonly string[] = ['accept', 'accept-language', 'if-modified-since', 'if-none-match', 'range']

/** Headers of an answer that come in; lengths and codings are `fetch`'s and have been undone. */
const RECEIVED: readonly string[] = [
  'content-type',
  'content-language',
  'last-modified',
  'etag',
  'cache-control',
  'expires',
  'accept-ranges',
  'content-range',
]

/**
 * `host` is what the guest connected to; what it asks for in the Host header must be the same, or name where `host` is an
 * address.
 */
export async function answerFromWorld(
  environment: Pick<FabricEnvironment, 'fetch'>,
  host: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return pageFor(405)
  const name = parseIpv4Address(host) === undefined || request.host === '' ? host : request.host
  if (!isPublicHost(name)) return refusedPage(name)
  const headers: Record<string, string> = {}
  for (const key of SENT) {
    const value = request.headers.get(key)
    if (value !== undefined) headers[key] = value
  }
  const url = `https://${name}${request.path}`
  let response
  try {
    response = await environment.fetch(url, {
      method: request.method,
      headers,
      mode: 'cors',
      credentials: 'omit',
      redirect: 'follow',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? latePage(url) : corsPage(url)
  }
  if (response.redirected) return movedTo(response.url, url)
  const kept: [string, string][] = []
  for (const key of RECEIVED) {
    const value = response.headers.get(key)
    if (value !== null) kept.push([key, value])
  }
  return inUtf8({ status: response.status, headers: kept, body: response.body ?? new Uint8Array() })
}

/** The guest is sent to where `fetch` has been led, so that relative links are right; it asks for that by plain HTTP again. */
function movedTo(untrustedUrl: string, from: string): HttpResponse {
  const target = URL.canParse(untrustedUrl) ? new URL(untrustedUrl) : undefined
  if (target === undefined || target.href === from) return corsPage(from)
  return {
    status: 302,
    headers: [['Location', `http://${target.host}${target.pathname}${target.search}`]],
    body: new Uint8Array(),
  }
}

/** Neither this machine nor one of its network: a guest must not reach those with the person's browser. */
export function isPublicHost(untrustedHost: string): boolean {
  const address = parseIpv4Address(untrustedHost)
  if (address === undefined)
    return (
      isWorldName(untrustedHost) &&
      // A name that ends in a number is an address in another guise (WHATWG URL, “ends in a number”).
      !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(untrustedHost) &&
      !/\.(?:local|localhost|internal|lan|home|arpa|test|invalid)$/.test(untrustedHost)
    )
  const [a, b] = [address >>> 24, (address >>> 16) & 255]
  const isPrivate =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && (b === 168 || b === 0)) ||
    (a === 198 && (b === 18 || b === 19))
  return !isPrivate
}

function corsPage(url: string): HttpResponse {
  const shown = escapeHtml(url)
  return page(
    502,
    'The browser could not read this page',
    `<p>This machine runs inside a web page, and its gateway asked the browser for <code>${shown}</code>. The browser gave
nothing back, and does not say which of these it was:</p>
<ul>
<li>The site does not let pages of other sites read it. Most do not: they would have to answer with the header
<code>Access-Control-Allow-Origin</code>. This is the browser’s rule, and it protects the site’s visitors.</li>
<li>The site has no HTTPS, does not exist, or this computer is offline.</li>
</ul>
<p><b>What helps:</b> a relay gives the guests real TCP, and every site with it. Run <code>npm run relay</code> in a clone of
this project, restart the machine, press F2 while it starts, and choose the relay under <i>Boot</i>.</p>`,
  )
}

function latePage(url: string): HttpResponse {
  return page(
    504,
    'No answer came',
    `<p><code>${escapeHtml(url)}</code> did not answer within ${PATIENCE_MS / 1000} seconds.</p>`,
  )
}

function refusedPage(host: string): HttpResponse {
  return page(
    403,
    'This address stays closed',
    `<p><code>${escapeHtml(host)}</code> would be this computer or its own network. A guest must not reach those with the
browser of the person it runs for.</p>`,
  )
}
