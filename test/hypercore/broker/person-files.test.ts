import { beforeEach, describe, expect, it } from 'vitest'
import { BrokerBench } from './broker-bench.ts'

let on: BrokerBench

beforeEach(async () => {
  on = await BrokerBench.withGuests('web')
})

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff)
}

function same(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0
}

describe('a file of the person', () => {
  it('comes whole into the inbox of a guest, whatever its size', async () => {
    for (const length of [0, 1, 32_768, 32_769, 2_200_000]) {
      const content = pattern(length)
      const sent = on.broker.sendFile(on.domain('web'), `f${length}`, new Blob([content]))
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await on.result(sent)).toEqual({ ok: true, value: `/root/inbox/f${length}` })
      expect(same(on.agent('web').inbox.get(`f${length}`), content)).toBe(true)
    }
    expect(on.journal.at(-1)).toBe('Web was given f2200000, 2.1 MiB: /root/inbox/f2200000')
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })

  it('is refused in words: too large, no name, no guest to take it, no permission', async () => {
    const send = (name: string, content: Blob, id = 'web') =>
      on.result(on.broker.sendFile(on.domain(id), name, content))
    const large = new Blob(Array.from({ length: 65 }, () => new Uint8Array(2 ** 20)))
    expect(await send('a', large)).toEqual({
      ok: false,
      error: {
        kind: 'over-budget',
        message: 'a is too large: 65.0 MiB, and 64.0 MiB is the most that crosses.',
      },
    })
    expect(await send('/', new Blob(['a']))).toMatchObject({ ok: false, error: { kind: 'malformed' } })
    expect(await send('a', new Blob(['a']), 'vault')).toMatchObject({ error: { kind: 'illegal-state' } })
    on.verdict = ({ source, service }) => (source === 'host' && service === 'file' ? 'deny' : 'allow')
    expect(await send('a', new Blob(['a']))).toMatchObject({ error: { kind: 'forbidden' } })
    expect(on.agent('web').inbox.size).toBe(0)
  })

  it('stops at a full disk and where the person cancels it, and leaves nothing', async () => {
    on.agent('web').room = 5
    expect(await on.result(on.broker.sendFile(on.domain('web'), 'a', new Blob(['123456'])))).toEqual({
      ok: false,
      error: { kind: 'failed', message: 'the disk is full' },
    })
    on.agent('web').room = Infinity
    on.agent('web').held = true
    const sending = on.broker.sendFile(on.domain('web'), 'a', new Blob([pattern(100_000)]))
    await on.settle()
    const list = on.events.at(-1)
    expect(list).toMatchObject({
      transfers: [{ source: 'host', destination: 'web', file: 'a', doneBytes: 0, totalBytes: 100_000 }],
    })
    on.broker.cancelTransfer(list?.type === 'transfers' ? (list.transfers[0]?.id ?? 0) : 0)
    on.agent('web').held = false
    expect(await on.result(sending)).toMatchObject({ ok: false, error: { kind: 'failed' } })
    expect([on.agent('web').inbox.size, on.agent('web').parts.size]).toEqual([0, 0])
  })

  it('is not begun with a guest that is paused', async () => {
    const paused = on.bench.on('web', 'pause')
    on.bench.latest('web').says({ kind: 'paused' })
    await paused
    expect(await on.result(on.broker.sendFile(on.domain('web'), 'a', new Blob(['a'])))).toEqual({
      ok: false,
      error: { kind: 'illegal-state', message: 'Web is paused: resume it first.' },
    })
  })

  it('fails with the guest’s end', async () => {
    on.agent('web').held = true
    const sending = on.broker.sendFile(on.domain('web'), 'a', new Blob(['a']))
    await on.settle()
    await on.bench.on('web', 'kill')
    expect(await on.result(sending)).toMatchObject({ ok: false, error: { kind: 'illegal-state' } })
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })
})

describe('a file of a guest', () => {
  const fetch = async (path: string) => on.result(on.broker.fetchFile(on.domain('web'), path))

  it('is fetched whole', async () => {
    const content = pattern(1_500_000)
    on.agent('web').files.set('/root/big', content)
    const got = await fetch('/root/big')
    expect(got.ok && same(new Uint8Array(await got.value.arrayBuffer()), content)).toBe(true)
    expect(on.agent('web').openFiles).toBe(0)
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })

  it('is not there, is too large, or may not leave: each in words', async () => {
    expect(await fetch('/root/none')).toEqual({
      ok: false,
      error: { kind: 'failed', message: '/root/none: No such file or directory' },
    })
    expect(await fetch(' ')).toMatchObject({ ok: false, error: { kind: 'malformed' } })
    expect(await fetch('a\nb')).toMatchObject({ ok: false, error: { kind: 'malformed' } })
    on.agent('web').files.set('/huge', new Uint8Array(64 * 2 ** 20 + 1))
    expect(await fetch('/huge')).toMatchObject({ ok: false, error: { kind: 'over-budget' } })
    on.verdict = () => 'deny'
    expect(await fetch('/huge')).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
    expect(on.agent('web').openFiles).toBe(0)
  })
})
