import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inUtf8 } from '../../src/fabric/web/charset.ts'
import type { HttpResponse } from '../../src/fabric/web/http-response.ts'

/** Bytes as they are in the text: one for each character. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function answer(type: string, content: Uint8Array<ArrayBuffer>, piece = 7): HttpResponse {
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= content.length) return controller.close()
      controller.enqueue(content.slice(at, at + piece))
      at += piece
    },
  })
  return {
    status: 200,
    headers: [
      ['content-type', type],
      ['etag', '"1"'],
      ['accept-ranges', 'bytes'],
    ],
    body,
  }
}

async function bytesOf({ body }: HttpResponse): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(body instanceof Uint8Array ? new Uint8Array(body) : body).arrayBuffer(),
  )
}

async function read(type: string, content: Uint8Array<ArrayBuffer>): Promise<[string | undefined, string]> {
  const response = await inUtf8(answer(type, content))
  const header = response.headers.find(([name]) => name === 'content-type')?.[1]
  return [header, new TextDecoder('utf-8', { ignoreBOM: true }).decode(await bytesOf(response))]
}

const HTML = 'text/html; charset=utf-8'
const UTF8_TYPE = /^(?:text\/(?:html|plain)|application\/xhtml\+xml); charset=utf-8$/

describe('a page of the world', () => {
  it('comes in UTF-8, whatever its header, its own word or its mark says it is', async () => {
    expect(await read('text/html; charset=ISO-8859-1', latin1('caf\xe9 \x80'))).toEqual([HTML, 'café €'])
    expect(await read('text/html;charset="windows-1251"', latin1('\xcf\xf0'))).toEqual([HTML, 'Пр'])
    expect(await read('TEXT/HTML', latin1('<meta charset=iso-8859-15>\xa4'))).toEqual([
      HTML,
      '<meta charset=iso-8859-15>€',
    ])
    const old = '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">'
    expect(await read('text/html', latin1(`${old}\x93\xfa`))).toEqual([HTML, `${old}日`])
    expect(await read('text/html', latin1('\xff\xfeh\0i\0'))).toEqual([HTML, 'hi'])
    // What was read as bytes is not UTF-16, whatever it says.
    expect(await read('text/html', latin1('<meta charset=utf-16>x'))).toEqual([
      HTML,
      '<meta charset=utf-16>x',
    ])
    // The header goes before the page.
    expect((await read('text/html; charset=utf-8', latin1('<meta charset=koi8-r>\xc3\xa9')))[1]).toContain(
      'é',
    )
  })

  it('that names no charset, or one that there is not, is what its bytes can be', async () => {
    const text = new TextEncoder().encode('“naïve”')
    expect(await read('text/html', text)).toEqual([HTML, '“naïve”'])
    expect(await read('text/html; charset=klingon', text)).toEqual([HTML, '“naïve”'])
    expect(await read('text/plain', latin1('na\xefve'))).toEqual(['text/plain; charset=utf-8', 'naïve'])
    // A character that the border of what is looked at cuts in two.
    const long = new TextEncoder().encode(`${'x'.repeat(1023)}é and more`)
    expect((await read('text/html', long))[1]).toBe(`${'x'.repeat(1023)}é and more`)
    expect(await read('text/html', new Uint8Array())).toEqual([HTML, ''])
  })

  it('has no parts that can be asked for one by one, and keeps its other headers', async () => {
    const { headers } = await inUtf8(answer('text/html', latin1('x')))
    expect(headers).toEqual([
      ['content-type', HTML],
      ['etag', '"1"'],
    ])
  })

  it('is left as it is where it is no text, a part of one, or empty', async () => {
    const picture = answer('image/png', latin1('\x89PNG'))
    expect(await inUtf8(picture)).toBe(picture)
    const part: HttpResponse = { ...answer('text/html', latin1('\xe9')), status: 206 }
    expect(await inUtf8(part)).toBe(part)
    const empty: HttpResponse = {
      status: 304,
      headers: [['content-type', 'text/html']],
      body: new Uint8Array(),
    }
    expect(await inUtf8(empty)).toBe(empty)
  })

  it('ends where its reader has had enough, or its source breaks', async () => {
    let cancelled = (): void => undefined
    const ended = new Promise<void>((resolve) => {
      cancelled = resolve
    })
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(latin1('\xe9'.repeat(4096))),
      cancel: () => cancelled(),
    })
    const headers = [['content-type', 'text/html']] as const
    const { body } = await inUtf8({ status: 200, headers, body: endless })
    if (body instanceof Uint8Array) throw new Error('no stream')
    await body.cancel('enough')
    await ended
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('broken')),
    })
    await expect(inUtf8({ status: 200, headers, body: broken })).rejects.toThrow('broken')
  })

  it('of any bytes and any type is left alone, or said to be UTF-8', async () => {
    const types = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .constantFrom('utf-16', 'gbk', 'x-user-defined', 'iso-2022-jp', 'replacement', '"', '')
        .map((label) => `text/html; charset=${label}`),
      fc.constant('text/html'),
    )
    const starts = fc.constantFrom(
      '',
      '<meta charset=',
      '\xff\xfe',
      '<meta charset=euc-kr>',
      '<meta '.repeat(200),
    )
    await fc.assert(
      fc.asyncProperty(types, starts, fc.uint8Array({ maxLength: 80 }), async (type, start, rest) => {
        const content = new Uint8Array([...latin1(start), ...rest])
        const response = await inUtf8(answer(type, content, 64))
        const header = response.headers.find(([name]) => name === 'content-type')?.[1]
        const isLeft = header === type && Buffer.compare(await bytesOf(response), content) === 0
        expect(isLeft || UTF8_TYPE.test(header ?? '')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
