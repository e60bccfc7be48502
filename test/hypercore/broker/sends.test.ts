import { beforeEach, describe, expect, it } from 'vitest'
import { BrokerBench } from './broker-bench.ts'

const base64 = (text: string): string => btoa(text)

let on: BrokerBench

beforeEach(async () => {
  on = await BrokerBench.withGuests('primary', 'web')
})

const read = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe('a file from guest to guest', () => {
  it('arrives whole, piece by piece, and both ends are told', async () => {
    const first = on.send('primary', 'web', 'notes.txt', '0', '9', base64('hello '))
    expect(await on.result(first)).toEqual({ ok: true, value: '' })
    expect(on.agent('web').inbox.size).toBe(0)
    const last = on.send('primary', 'web', 'notes.txt', '6', '9', base64('you'))
    expect(await on.result(last)).toEqual({ ok: true, value: 'web has it as /root/inbox/notes.txt' })
    expect(read(on.agent('web').inbox.get('notes.txt'))).toBe('hello you')
    expect(on.journal).toEqual(['Primary sent notes.txt, 9 bytes, to Web: /root/inbox/notes.txt'])
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })

  it('may be empty, and its name never leads out of the inbox', async () => {
    await on.result(on.send('primary', 'web', '../../etc/passwd', '0', '0', ''))
    expect([...on.agent('web').inbox.keys()]).toEqual(['passwd'])
  })

  it('goes nowhere where the policy says no, then or later', async () => {
    on.verdict = () => 'deny'
    const refused = await on.result(on.send('primary', 'web', 'a', '0', '1', base64('a')))
    expect(refused).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
    on.verdict = () => 'allow'
    await on.result(on.send('primary', 'web', 'a', '0', '2', base64('a')))
    on.verdict = () => 'deny'
    const stopped = await on.result(on.send('primary', 'web', 'a', '1', '2', base64('b')))
    expect(stopped).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
    expect([on.agent('web').inbox.size, on.agent('web').parts.size]).toEqual([0, 0])
  })

  it('waits for the person, once, and not a byte goes before the answer', async () => {
    on.verdict = () => 'ask'
    const sending = on.send('primary', 'web', 'a', '0', '2', base64('a'))
    await on.settle()
    expect(on.questions.map(({ words }) => words)).toEqual(['a, 2 bytes'])
    expect(on.agent('web').parts.size).toBe(0)
    on.questions[0]?.answer(true)
    expect(await on.result(sending)).toMatchObject({ ok: true })
    expect(await on.result(on.send('primary', 'web', 'a', '1', '2', base64('b')))).toMatchObject({ ok: true })
    expect(on.questions).toHaveLength(1)

    const again = on.send('primary', 'web', 'a', '0', '1', base64('a'))
    await on.settle()
    on.questions[1]?.answer(false)
    expect(await on.result(again)).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
    expect(on.agent('web').parts.size).toBe(0)
  })

  it('is asked about by itself: the answer for one file is none for another', async () => {
    on.verdict = () => 'ask'
    const sent = ['a', 'b', 'c'].map((name) => on.send('primary', 'web', name, '0', '1', base64(name)))
    await on.settle()
    expect(on.questions.map(({ words }) => words)).toEqual(['a, 1 bytes'])
    on.questions[0]?.answer(true)
    await on.settle()
    on.questions[1]?.answer(false)
    await on.settle()
    on.questions[2]?.answer(true)
    await on.settle()
    expect((await Promise.all(sent)).map(({ ok }) => ok)).toEqual([true, false, true])
    expect([...on.agent('web').inbox.keys()]).toEqual(['a', 'c'])
  })

  it('is not asked about where the receiver could not take it', async () => {
    on.verdict = () => 'ask'
    expect(await on.result(on.send('primary', 'vault', 'a', '0', '1', base64('a')))).toEqual({
      ok: false,
      error: { kind: 'illegal-state', message: 'Vault is not running: start it first.' },
    })
    expect(await on.result(on.send('primary', 'nobody', 'a', '0', '1', base64('a')))).toMatchObject({
      ok: false,
      error: { kind: 'no-such-domain' },
    })
    expect(on.questions).toEqual([])
  })

  it('fails with the receiver’s words when its disk is full', async () => {
    on.agent('web').room = 10
    expect(await on.result(on.send('primary', 'web', 'a', '0', '11', base64('a')))).toEqual({
      ok: false,
      error: { kind: 'failed', message: 'the disk is full' },
    })
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })

  it('leaves nothing when it is cancelled by its sender, at the console, or by silence', async () => {
    const begin = () => on.result(on.send('primary', 'web', 'a', '0', '2', base64('a')))
    await begin()
    expect(await on.result(on.send('primary', 'web', 'a', 'cancel'))).toEqual({
      ok: true,
      value: 'cancelled',
    })
    await on.settle()
    expect(on.agent('web').parts.size).toBe(0)

    await begin()
    const list = on.events.at(-1)
    const id = list?.type === 'transfers' ? (list.transfers[0]?.id ?? 0) : 0
    expect(on.broker.cancelTransfer(id)).toMatchObject({ ok: true })
    expect(await on.result(on.send('primary', 'web', 'a', '1', '2', base64('b')))).toEqual({
      ok: false,
      error: { kind: 'failed', message: 'it was cancelled at the console' },
    })
    expect(on.agent('web').parts.size).toBe(0)
    expect(on.broker.cancelTransfer(id)).toMatchObject({ ok: false })

    await begin()
    // At once, as a laptop's sleep does: the receiver is not missed for it.
    on.bench.jump(61_000)
    await on.settle()
    expect(on.agent('web').parts.size).toBe(0)
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })

  it('is cancelled while the person is being asked, and while the receiver writes', async () => {
    on.verdict = () => 'ask'
    const asked = on.send('primary', 'web', 'a', '0', '2', base64('a'))
    await on.settle()
    await on.result(on.send('primary', 'web', 'a', 'cancel'))
    on.questions[0]?.answer(true)
    expect(await on.result(asked)).toMatchObject({ ok: false })
    expect(on.agent('web').parts.size).toBe(0)

    on.verdict = () => 'allow'
    on.agent('web').held = true
    const written = on.send('primary', 'web', 'a', '0', '1', base64('a'))
    await on.settle()
    await on.result(on.send('primary', 'web', 'a', 'cancel'))
    on.agent('web').held = false
    expect(await on.result(written)).toMatchObject({ ok: false })
    expect([on.agent('web').inbox.size, on.agent('web').parts.size]).toEqual([0, 0])
  })

  it('takes one piece at a time, in order, and four files a sender', async () => {
    on.agent('web').held = true
    const first = on.send('primary', 'web', 'a', '0', '2', base64('a'))
    await on.settle()
    expect(await on.result(on.send('primary', 'web', 'a', '1', '2', base64('b')))).toMatchObject({
      ok: false,
      error: { kind: 'illegal-state' },
    })
    on.agent('web').held = false
    expect(await on.result(first)).toMatchObject({ ok: true })
    for (const [offset, total] of [
      ['2', '3'],
      ['1', '3'],
    ] as const) {
      expect(await on.result(on.send('primary', 'web', 'a', offset, total, base64('b')))).toMatchObject({
        ok: false,
        error: { kind: 'malformed' },
      })
    }
    for (const name of ['b', 'c', 'd'])
      await on.result(on.send('primary', 'web', name, '0', '2', base64('a')))
    expect(await on.result(on.send('primary', 'web', 'e', '0', '2', base64('a')))).toMatchObject({
      ok: false,
      error: { kind: 'over-budget' },
    })
  })

  it('ends with the receiver’s life', async () => {
    await on.result(on.send('primary', 'web', 'a', '0', '2', base64('a')))
    await on.bench.on('web', 'kill')
    await on.bench.up('web')
    expect(await on.result(on.send('primary', 'web', 'a', '1', '2', base64('b')))).toMatchObject({
      ok: false,
      error: { kind: 'illegal-state' },
    })
    expect(on.events.at(-1)).toEqual({ type: 'transfers', transfers: [] })
  })

  it.each([
    [['web', 'a', '0', '1', 'a']],
    [['web', 'a', '0', '1', '===']],
    [['web', 'a', '0', '1', base64('ab')]],
    [['web', 'a', '0', '1', '']],
    [['web', 'a', '-1', '1', base64('a')]],
    [['web', 'a', '1e1', '99', base64('a')]],
    [['web', '', '0', '1', base64('a')]],
    [['../web', 'a', '0', '1', base64('a')]],
    [['web', 'a', '0', '1']],
    [['web', 'a', '0', '40000', base64('x'.repeat(24_577))]],
    [['primary', 'a', '0', '1', base64('a')]],
  ])('is malformed as %j', async (args) => {
    expect(await on.result(on.send('primary', ...args))).toMatchObject({
      ok: false,
      error: { kind: 'malformed' },
    })
  })

  it('is refused above 64 MiB', async () => {
    expect(await on.result(on.send('primary', 'web', 'a', '0', '67108865', base64('a')))).toMatchObject({
      ok: false,
      error: { kind: 'over-budget' },
    })
  })
})
