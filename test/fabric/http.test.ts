import { describe, expect, it } from 'vitest'
import { parseHead } from '../../src/fabric/web/http-request.ts'
import { serveHttp, type HttpConnection } from '../../src/fabric/web/http-server.ts'
import { answerFromSites } from '../../src/fabric/web/sites.ts'
import { answerFromWorld, isPublicHost } from '../../src/fabric/web/world.ts'
import type { HttpRequest } from '../../src/fabric/web/http-request.ts'
import type { HttpResponse } from '../../src/fabric/web/http-response.ts'

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** A connection that says `pieces` and notes what it hears. */
function talk(...pieces: readonly string[]): HttpConnection & { readonly said: () => string } {
  const left = [...pieces]
  let said = ''
  return {
    read: () => Promise.resolve(left.length === 0 ? undefined : bytes(left.shift() ?? '')),
    write: (more) => {
      said += new TextDecoder('latin1').decode(more)
      return Promise.resolve()
    },
    said: () => said,
  }
}

const hello = (): Promise<HttpResponse> =>
  Promise.resolve({ status: 200, headers: [['Content-Type', 'text/plain']], body: bytes('hello') })

function requestFor(path: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    path,
    host: 'portal',
    headers: new Map(),
    keepAlive: true,
    isHttp10: false,
    bodyBytes: 0,
    ...more,
  }
}

function textOf({ body }: HttpResponse): string {
  if (!(body instanceof Uint8Array)) throw new Error('a stream')
  return new TextDecoder().decode(body)
}

describe('a request’s head', () => {
  it('is read, with either line end, and a whole URL', () => {
    const parsed = parseHead(
      bytes('GET /a?b=c HTTP/1.1\r\nHost: Portal:80\r\nX-One: 1\r\nX-One: 2\r\n\r\nrest'),
    )
    expect(parsed).toMatchObject({
      kind: 'head',
      request: { method: 'GET', path: '/a?b=c', host: 'portal', keepAlive: true, isHttp10: false },
    })
    expect(parsed.kind === 'head' && parsed.request.headers.get('x-one')).toBe('1, 2')
    expect(parseHead(bytes('GET http://A.example/x HTTP/1.0\n\n'))).toMatchObject({
      request: { path: '/x', host: 'a.example', keepAlive: false, isHttp10: true },
    })
  })

  it('is refused where it is no request, too long, or could mean two things', () => {
    const status = (text: string): unknown => {
      const parsed = parseHead(bytes(text))
      return parsed.kind === 'bad' ? parsed.status : parsed.kind
    }
    expect(status('GET / HTTP/1.1\r\nHost: a')).toBe('incomplete')
    for (const text of [
      'nonsense\r\n\r\n',
      'GET / HTTP/2.0\r\n\r\n',
      'GET a HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'GET / HTTP/1.1\r\nno colon\r\n\r\n',
      'GET / HTTP/1.1\r\nBad Name: x\r\n\r\n',
      'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
      'GET / HTTP/1.1\r\nX: a\u0000b\r\n\r\n',
    ])
      expect([text, status(text)]).toEqual([text, 400])
    expect(status('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n')).toBe(501)
    expect(status(`GET / HTTP/1.1\r\nX: ${'a'.repeat(17_000)}`)).toBe(431)
    expect(status(`GET / HTTP/1.1\r\nX: ${'a'.repeat(16_380)}\r\n\r\n`)).toBe(431)
  })
})

describe('the server', () => {
  it('answers several requests of one connection, in pieces as they come, and leaves bodies aside', async () => {
    const connection = talk(
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Le',
      'ngth: 4\r\n\r\nbo',
      'dyHEAD /3 HTTP/1.1\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\n\r\n',
    )
    const asked: string[] = []
    await serveHttp(connection, (request) => {
      asked.push(`${request.method} ${request.path}`)
      return hello()
    })
    expect(asked).toEqual(['GET /1', 'POST /2', 'HEAD /3'])
    expect(connection.said().match(/HTTP\/1\.1 200 OK/g)?.length).toBe(3)
    expect(connection.said().match(/hello/g)?.length).toBe(2)
    expect(connection.said()).toMatch(/Content-Length: 5\r\nConnection: close\r\n\r\n$/)
  })

  it('sends a stream in chunks, and to an old client as it is, to the end of the connection', async () => {
    const streamed = (): Promise<HttpResponse> => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes('abc'))
          controller.enqueue(new Uint8Array())
          controller.enqueue(bytes('de'))
          controller.close()
        },
      })
      return Promise.resolve({ status: 200, headers: [], body })
    }
    const now = talk('GET / HTTP/1.1\r\n\r\n')
    await serveHttp(now, streamed)
    expect(now.said()).toContain('Transfer-Encoding: chunked')
    expect(now.said().endsWith('\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')).toBe(true)
    const old = talk('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    await serveHttp(old, streamed)
    expect(old.said().endsWith('Connection: close\r\n\r\nabcde')).toBe(true)
  })

  it('lets no answer’s header begin a line of its own', async () => {
    const connection = talk('GET / HTTP/1.1\r\n\r\n')
    await serveHttp(connection, () =>
      Promise.resolve({ status: 200, headers: [['ETag', 'a\r\nSet-Cookie: x']], body: bytes('') }),
    )
    expect(connection.said()).toContain('ETag: a Set-Cookie: x\r\n')
  })

  it('says what is wrong with a bad request, and ends', async () => {
    const connection = talk('bad\r\n\r\nGET / HTTP/1.1\r\n\r\n')
    await serveHttp(connection, hello)
    expect(connection.said()).toMatch(/^HTTP\/1\.1 400 Bad Request/)
    expect(connection.said()).not.toContain('hello')
  })
})

describe('the in-product sites', () => {
  const files: Record<string, string> = {
    'portal/index.html': 'home',
    'portal/a/index.html': 'folder',
    'library/book.html': 'book',
  }
  const sites = {
    sites: ['portal', 'library'],
    site: (host: string, path: string) => {
      const text = files[`${host}${path}`]
      return Promise.resolve(text === undefined ? undefined : { type: 'text/html', bytes: bytes(text) })
    },
  }
  const answer = (path: string, more: Partial<HttpRequest> = {}): Promise<HttpResponse> =>
    answerFromSites(sites, requestFor(path, more))

  it('are told apart by host, folders by their slash', async () => {
    expect(textOf(await answer('/?x=1'))).toBe('home')
    expect(textOf(await answer('/book.html', { host: 'library.hyperspace.internal' }))).toBe('book')
    expect(textOf(await answer('/', { host: '10.83.0.2' }))).toBe('home')
    const moved = await answer('/a')
    expect([moved.status, ...(moved.headers[0] ?? [])]).toEqual([301, 'Location', 'http://portal/a/'])
  })

  it('have nothing beside their files', async () => {
    const missing = await answer('/<b>')
    expect(missing.status).toBe(400)
    for (const path of ['/../library/book.html', '/%2e%2e/library/book.html', '/%', '/a%00'])
      expect((await answer(path)).status).toBe(400)
    expect((await answer('/none.html')).status).toBe(404)
    expect((await answer('/', { method: 'POST' })).status).toBe(405)
  })
})

describe('the world by fetch', () => {
  it('is asked for by HTTPS, without the person’s cookies, with few headers', async () => {
    const calls: { url: string; init: RequestInit }[] = []
    const response = await answerFromWorld(
      {
        fetch: (url, init) => {
          calls.push({ url, init })
          return Promise.resolve(
            new Response('page', {
              headers: { 'Content-Type': 'text/html', 'Set-Cookie': 'a=b', 'X-Y': 'z' },
            }),
          )
        },
      },
      'example.com',
      requestFor('/a?b', {
        headers: new Map([
          ['cookie', 'c'],
          ['accept', 'text/html'],
        ]),
      }),
    )
    expect(calls[0]?.url).toBe('https://example.com/a?b')
    expect(calls[0]?.init).toMatchObject({
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      headers: { accept: 'text/html' },
    })
    expect(response.headers).toEqual([['content-type', 'text/html; charset=utf-8']])
  })

  it('sends a guest on to where a redirection led', async () => {
    const redirected = new Response('x')
    Object.defineProperties(redirected, {
      redirected: { value: true },
      url: { value: 'https://www.example.com/new?a' },
    })
    const response = await answerFromWorld(
      { fetch: () => Promise.resolve(redirected) },
      'example.com',
      requestFor('/'),
    )
    expect([response.status, response.headers]).toEqual([302, [['Location', 'http://www.example.com/new?a']]])
  })

  it('says on a page why it could not, in words that name the relay, with what was asked for escaped', async () => {
    const response = await answerFromWorld(
      { fetch: () => Promise.reject(new TypeError('Failed to fetch')) },
      'example.com',
      requestFor('/<script>'),
    )
    expect(response.status).toBe(502)
    expect(textOf(response)).toContain('npm run relay')
    expect(textOf(response)).not.toContain('<script>')
    const late = await answerFromWorld(
      { fetch: () => Promise.reject(new DOMException('late', 'TimeoutError')) },
      'example.com',
      requestFor('/'),
    )
    expect(late.status).toBe(504)
  })

  it('never asks this computer or its network, and never sends', async () => {
    let calls = 0
    const environment = {
      fetch: () => {
        calls += 1
        return Promise.resolve(new Response())
      },
    }
    for (const host of [
      '127.0.0.1',
      '10.0.0.1',
      '192.168.1.1',
      '172.20.0.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      'localhost',
      'router',
      'nas.local',
      'a.localhost',
      'x.internal',
      'box.lan',
      'fritz.home',
      'a.0x7f',
      'a.1',
      '[::1]',
    ]) {
      expect([host, isPublicHost(host)]).toEqual([host, false])
      expect((await answerFromWorld(environment, host, requestFor('/', { host }))).status).toBe(403)
    }
    // By an address with another name in the Host header, and the other way round.
    expect(
      (await answerFromWorld(environment, '93.184.216.34', requestFor('/', { host: 'localhost' }))).status,
    ).toBe(403)
    expect(
      (await answerFromWorld(environment, 'example.com', requestFor('/', { method: 'POST' }))).status,
    ).toBe(405)
    expect(calls).toBe(0)
    expect(isPublicHost('example.com')).toBe(true)
    expect(isPublicHost('93.184.216.34')).toBe(true)
  })
})
