/** The in-product sites: static files by host name and path, the same bytes that the build ships. */

import type { FabricEnvironment } from '../environment.ts'
import { DOMAIN_NAME } from '../addresses.ts'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'
import { escapeHtml, page, pageFor } from './pages.ts'

/** What a browser that names no host sees, and one that uses the address. */
const FIRST_SITE = 'portal'

export async function answerFromSites(
  environment: Pick<FabricEnvironment, 'site' | 'sites'>,
  request: HttpRequest,
): Promise<HttpResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return pageFor(405)
  const named = request.host.endsWith(`.${DOMAIN_NAME}`)
    ? request.host.slice(0, -DOMAIN_NAME.length - 1)
    : request.host
  const host = environment.sites.includes(named) ? named : FIRST_SITE
  const path = decodePath(request.path)
  if (path === undefined) return pageFor(400)
  const file = await environment.site(host, path.endsWith('/') ? `${path}index.html` : path)
  if (file !== undefined)
    return {
      status: 200,
      headers: [
        ['Content-Type', file.type],
        ['Cache-Control', 'max-age=300'],
      ],
      body: file.bytes,
    }
  if (!path.endsWith('/') && (await environment.site(host, `${path}/index.html`)) !== undefined)
    return { ...pageFor(301), headers: [['Location', `http://${host}${path}/`]] }
  return page(
    404,
    'There is no such page',
    `<p><code>${escapeHtml(host)}</code> has nothing at <code>${escapeHtml(path)}</code>.</p>`,
  )
}

/** Without its query; percent-encoding undone once. Undefined: no path of a file of ours, whatever it is. */
function decodePath(untrustedPath: string): string | undefined {
  const [path = '/'] = untrustedPath.split(/[?#]/)
  let decoded
  try {
    decoded = decodeURIComponent(path)
  } catch {
    // A stray percent sign.
    return undefined
  }
  return /^\/[A-Za-z0-9._/-]*$/.test(decoded) && !decoded.includes('..') ? decoded : undefined
}
