import { afterEach, describe, expect, it, vi } from 'vitest'
import { readFile, type ReadReply, type ReadRequest } from '../../src/firmware/file-reading.ts'
import { Reader, type ReaderPort } from '../../src/firmware/reader.ts'

class FakePort implements ReaderPort {
  readonly requests: ReadRequest[] = []
  onmessage: ReaderPort['onmessage'] = null
  onerror: ReaderPort['onerror'] = null
  terminated = false

  postMessage(request: ReadRequest): void {
    this.requests.push(request)
  }

  terminate(): void {
    this.terminated = true
  }

  answers(data: ReadReply): void {
    this.onmessage?.(new MessageEvent('message', { data }))
  }
}

const FILE = { size: 4, sha256: '00', content: new Blob(['four']) }

describe('a reader of files', () => {
  it('shares the files among its workers and gives each answer to whoever asked', async () => {
    const [first, second] = [new FakePort(), new FakePort()]
    const reader = new Reader([first, second], true)
    const readings = ['a', 'b', 'c'].map((url) => reader.read(url))
    expect([first, second].map(({ requests }) => requests.map(({ url }) => url))).toEqual([['a', 'c'], ['b']])
    const [a, c] = first.requests
    const [b] = second.requests
    first.answers({ kind: 'read', id: c?.id ?? -1, file: { ...FILE, size: 3 } })
    second.answers({ kind: 'failed', id: b?.id ?? -1, message: 'HTTP 404' })
    first.answers({ kind: 'read', id: a?.id ?? -1, file: { ...FILE, size: 1 } })
    await expect(readings[0]).resolves.toMatchObject({ size: 1 })
    await expect(readings[1]).rejects.toThrow('HTTP 404')
    await expect(readings[2]).resolves.toMatchObject({ size: 3 })
    reader.close()
    expect([first.terminated, second.terminated]).toEqual([true, true])
  })

  it('tells whoever waits when a worker fails', async () => {
    const port = new FakePort()
    const reader = new Reader([port], true)
    const reading = reader.read('a')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node has no ErrorEvent
    port.onerror?.(Object.assign(new Event('error'), { message: 'no such script' }) as ErrorEvent)
    await expect(reading).rejects.toThrow('the reader failed: no such script')
    await expect(reader.read('b')).rejects.toThrow('the reader failed: no such script')
  })
})

describe('a file of the flash', () => {
  const KEPT = new Blob(['kept'])
  const url = 'https://example.test/assets/web-a1b2c3.sqfs.bin'
  const match = vi.fn<() => Promise<{ blob(): Promise<Blob> } | undefined>>()
  const fetched = vi.fn<() => Promise<Response>>(() => Promise.resolve(new Response('fetched')))
  const prepare = (): void => {
    vi.stubGlobal('caches', { match })
    vi.stubGlobal('fetch', fetched)
  }
  afterEach(() => {
    vi.unstubAllGlobals()
    match.mockReset()
    fetched.mockClear()
  })

  it('is read where the service worker keeps it, and stays there', async () => {
    prepare()
    match.mockResolvedValue({ blob: () => Promise.resolve(KEPT) })
    const file = await readFile({ url, kept: true })
    expect(file.content).toBe(KEPT)
    expect(file).toMatchObject({
      size: 4,
      sha256: '79f076abdd19a752db7267bfff2f9022161d120dea919fdaca2ffdfc24ca8c96',
    })
    expect(fetched).not.toHaveBeenCalled()
  })

  it.each([
    ['is not kept', () => match.mockResolvedValue(undefined)],
    ['cannot be read where it is kept', () => match.mockRejectedValue(new Error('evicted'))],
  ])('is fetched where it %s', async (_, happens) => {
    prepare()
    happens()
    expect(await (await readFile({ url, kept: true })).content.text()).toBe('fetched')
  })

  it('is fetched, past what is kept, after a reload past all caches', async () => {
    prepare()
    match.mockResolvedValue({ blob: () => Promise.resolve(KEPT) })
    expect(await (await readFile({ url, kept: false })).content.text()).toBe('fetched')
    expect(match).not.toHaveBeenCalled()
  })
})
