/**
 * The HTTP server and a hostile client: requests one behind the other, bodies that look like requests, cut at any byte, and
 * damaged. Each request that is one is asked once and in its order, what is none ends the connection with its own word, and
 * what goes out is a row of whole responses.
 */

import { expect, it } from 'vitest'
import { assert } from '../../src/base/assert.ts'
import type { HttpRequest } from '../../src/fabric/web/http-request.ts'
import type { HttpResponse } from '../../src/fabric/web/http-response.ts'
import { serveHttp } from '../../src/fabric/web/http-server.ts'
import { CASES, damaged, fuzzAsync } from '../support/fuzz.ts'
import { pick, type Next } from './hostile-frames.ts'

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: portal\r\n\r\n'

type Sent = {
  readonly text: string
  /** Undefined: it is none, and is answered so. */
  readonly asked: string | undefined
  readonly status: number
  readonly goesOn: boolean
}

function refused(status: number, text: string): Sent {
  return { text, asked: undefined, status, goesOn: false }
}

function broken(next: Next): Sent {
  const head = (line: string): string => `POST /x HTTP/1.1\r\nHost: portal\r\n${line}\r\n\r\n`
  switch (next(100) >> 2) {
    case 0:
      return refused(431, head(`X: ${'a'.repeat(16_384 + next(2000))}`))
    case 1:
      return refused(400, head(Array.from({ length: 101 }, (_, index) => `H${index}: 1`).join('\r\n')))
    case 2:
    case 3:
      return refused(501, `${head('Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`)
    case 4:
    case 5:
      return refused(413, head(`Content-Length: ${2 ** 20 + 1 + next(900_000_000 - 2 ** 21)}`))
    default: {
      const wrong = ['-1', '+3', '1e3', '0x10', '3, 3', '9999999999', '', '3 3', '\u00b2']
      const line = pick(next, [
        `Content-Length: ${pick(next, wrong)}`,
        'Content-Length: 3\r\nContent-Length: 4',
        'Host: other',
        'no colon',
        ': no name',
        'Bad Name: x',
        `X: a${String.fromCharCode(next(9))}b`,
      ])
      const request = pick(next, [
        'get / HTTP/1.1\r\n\r\n',
        'GET / HTTP/2.0\r\n\r\n',
        'GET x HTTP/1.1\r\n\r\n',
        'GET  / HTTP/1.1\r\n\r\n',
        '\r\n\r\n',
      ])
      return refused(400, next(3) === 0 ? request + SMUGGLED : head(line) + SMUGGLED)
    }
  }
}

/** With a body of the length that it says, which would be a request by itself. */
function sound(next: Next, index: number): Sent {
  const method = pick(next, METHODS)
  const path = `/${index}/${pick(next, ['', 'a?b=c', '%2e%2e/', '..', 'x'.repeat(next(60)), '~!$&*+,;=:@'])}`
  const minor = next(5) === 0 ? 0 : 1
  const connection = pick(next, ['', '', 'keep-alive', 'close'])
  const bodyBytes = next(3) === 0 ? next(100) : 0
  const lines = [
    `${method} ${next(8) === 0 ? `http://portal${path}` : path} HTTP/1.${minor}`,
    next(8) === 0 ? 'hOsT:Portal:80' : 'Host: portal',
    ...(connection === '' ? [] : [`Connection: ${connection}`]),
    ...(bodyBytes > 0 || next(8) === 0 ? [`content-length: ${bodyBytes}`] : []),
    ...Array.from({ length: next(4) }, (_, header) => `X-${header}: ${'v'.repeat(next(20))}`),
  ]
  const end = next(6) === 0 ? '\n' : '\r\n'
  const keeps = minor === 0 ? connection === 'keep-alive' : connection !== 'close'
  const answer = answerTo(path)
  return {
    text: `${lines.join(end)}${end}${end}${SMUGGLED.repeat(3).slice(0, bodyBytes)}`,
    asked: `${method} ${path}`,
    status: answer.status,
    goesOn: keeps && (answer.parts === undefined || minor === 1),
  }
}

/** What the far end answers is told by the path alone, so that it can be looked for. */
function answerTo(path: string): { status: number; text: string; parts: readonly string[] | undefined } {
  const text = `answer to ${path}`
  const kind = path.length % 7
  if (kind === 0) return { status: 304, text: '', parts: undefined }
  if (kind === 1) return { status: 200, text, parts: ['', text.slice(0, 3), text.slice(3)] }
  return { status: kind === 2 ? 404 : 200, text, parts: undefined }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => Buffer.from(text, 'latin1')

function respond({ path }: HttpRequest): HttpResponse {
  const { status, text, parts } = answerTo(path)
  const headers = [['X-Of', 'a\r\nSet-Cookie: of another line']] as const
  if (parts === undefined) return { status, headers, body: bytes(text) }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(bytes(part))
      controller.close()
    },
  })
  return { status, headers, body }
}

/** What the server says to `untrustedBytes`, in pieces of any size, and what it asks for. */
async function serve(
  untrustedBytes: Uint8Array,
  next: Next,
): Promise<{ said: string; asked: HttpRequest[] }> {
  const asked: HttpRequest[] = []
  // Cut at a few places; a short one also at every byte.
  const [from, cuts] =
    next(40) === 0 && untrustedBytes.length < 500 ? [1, 500] : [untrustedBytes.length, next(4)]
  const ends = Array.from({ length: cuts }, (_, index) => (from === 1 ? index + 1 : next(from + 1)))
  const pieces = [...(from === 1 ? ends : ends.toSorted((one, other) => one - other)), untrustedBytes.length]
  let [at, piece, said] = [0, 0, '']
  await serveHttp(
    {
      read: () => {
        const begin = at
        at = pieces[piece++] ?? untrustedBytes.length
        return Promise.resolve(begin < untrustedBytes.length ? untrustedBytes.subarray(begin, at) : undefined)
      },
      write: (more) => {
        said += Buffer.from(more.buffer, more.byteOffset, more.length).toString('latin1')
        return Promise.resolve()
      },
    },
    (request) => {
      asked.push(request)
      return Promise.resolve(respond(request))
    },
  )
  return { said, asked }
}

type Heard = { readonly status: number; readonly body: string; readonly closes: boolean }

/** Reads responses by the letter (RFC 9112, section 6.3). @throws (assertion) where they are none */
function readResponses(said: string, methods: readonly string[]): Heard[] {
  const heard: Heard[] = []
  let at = 0
  while (at < said.length) {
    const end = said.indexOf('\r\n\r\n', at)
    assert(end >= 0, 'a head that does not end')
    const [first = '', ...lines] = said.slice(at, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z ]+$/.exec(first)?.[1])
    assert(status >= 200, 'no status line')
    const headers = new Map(lines.map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]))
    assert(!headers.has('Set-Cookie') && headers.size === lines.length, 'a header of another’s making')
    at = end + 4
    const closes = headers.get('Connection') === 'close'
    const length = headers.get('Content-Length')
    let body = ''
    if (methods[heard.length] !== 'HEAD' && status !== 304) {
      if (headers.get('Transfer-Encoding') === 'chunked') {
        for (;;) {
          const line = said.indexOf('\r\n', at)
          const size = Number.parseInt(said.slice(at, line), 16)
          assert(line >= 0 && size >= 0, 'no chunk')
          body += said.slice(line + 2, line + 2 + size)
          at = line + 2 + size + 2
          assert(said.slice(at - 2, at) === '\r\n', 'a chunk that is longer than it says')
          if (size === 0) break
        }
      } else {
        assert(length !== undefined || closes, 'a body without an end')
        const to = length === undefined ? said.length : at + Number(length)
        assert(to <= said.length, 'a body shorter than it says')
        body = said.slice(at, to)
        at = to
      }
    }
    heard.push({ status, body, closes })
    assert(!closes || at === said.length, 'it speaks on after its last word')
  }
  return heard
}

it('requests of any kind, in any pieces, are asked once each and in order, and answered whole', async () => {
  let [answered, ended] = [0, 0]
  // Two requests a connection.
  await fuzzAsync(CASES / 2, async (next) => {
    const sent = Array.from({ length: 1 + next(3) }, (_, index) =>
      next(6) === 0 ? broken(next) : sound(next, index),
    )
    const { said, asked } = await serve(bytes(sent.map(({ text }) => text).join('')), next)
    const last = sent.findIndex(({ goesOn }) => !goesOn)
    const expected = sent.slice(0, last < 0 ? undefined : last + 1)
    const names = expected.flatMap((request) => request.asked ?? [])
    assert(
      asked.map(({ method, path }) => `${method} ${path}`).join() === names.join(),
      `asked ${asked.map(({ path }) => path).join()} of ${JSON.stringify(expected)}`,
    )
    assert(
      asked.every(({ host }) => host === 'portal'),
      'another host',
    )
    const heard = readResponses(
      said,
      asked.map(({ method }) => method),
    )
    assert(
      heard.map(({ status }) => status).join() === expected.map(({ status }) => status).join(),
      `${heard.map(({ status }) => status).join()} to ${JSON.stringify(expected)}`,
    )
    for (const [index, { body, closes }] of heard.entries()) {
      const { asked: name, goesOn } = expected[index] ?? refused(0, '')
      assert(closes === !goesOn, 'it does not say whether it goes on')
      if (name === undefined) ended += 1
      else if (!name.startsWith('HEAD')) {
        assert(body === answerTo(name.slice(name.indexOf(' ') + 1)).text, 'the answer to another')
        answered += 1
      }
    }
  })
  expect(answered).toBeGreaterThan(CASES / 3)
  expect(ended).toBeGreaterThan(CASES / 20)
})

it('whatever is damaged, it answers in whole responses, and asks for nothing that is no path', async () => {
  let asks = 0
  await fuzzAsync(CASES / 2, async (next) => {
    const text = Array.from({ length: 1 + next(2) }, (_, index) => sound(next, index).text).join('')
    const { said, asked } = await serve(damaged(bytes(text), next), next)
    asks += asked.length
    assert(
      asked.every(({ path, bodyBytes }) => path.startsWith('/') && bodyBytes <= 2 ** 20),
      'no path, or too much of a body',
    )
    const heard = readResponses(
      said,
      asked.map(({ method }) => method),
    )
    const isRefused = heard.length === asked.length + 1 && (heard.at(-1)?.status ?? 0) >= 400
    assert(heard.length === asked.length || isRefused, 'more answers than requests')
  })
  expect(asks).toBeGreaterThan(CASES / 6)
})
