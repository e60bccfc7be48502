import { beforeEach, describe, expect, it } from 'vitest'
import { BrokerBench } from './broker-bench.ts'

let on: BrokerBench

beforeEach(async () => {
  on = await BrokerBench.withGuests('primary')
})

describe('a guest that sets the clipboard', () => {
  it('makes an offer, free of control characters, and the person is not stopped', async () => {
    on.verdict = () => 'ask'
    expect(await on.result(on.clip('primary', 'set', 'a\tb\r\nc\u001b[31m\u0007\u009b'))).toMatchObject({
      ok: true,
    })
    expect(on.events).toEqual([{ type: 'clip-offer', id: 'primary', text: 'a\tb\nc[31m' }])
    expect(on.questions).toEqual([])
  })

  it('is refused by the policy, with too much, and with nothing', async () => {
    expect(await on.result(on.clip('primary', 'set', 'ä'.repeat(16_385)))).toMatchObject({
      error: { kind: 'over-budget' },
    })
    for (const args of [['set'], ['set', ''], ['set', '\u0007'], ['set', 'a', 'b'], ['get', 'a'], []])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await on.result(on.clip('primary', ...args))).toMatchObject({ error: { kind: 'malformed' } })
    on.verdict = () => 'deny'
    expect(await on.result(on.clip('primary', 'set', 'a'))).toMatchObject({ error: { kind: 'forbidden' } })
    expect(on.events).toEqual([])
  })
})

describe('a guest that gets the clipboard', () => {
  it('waits for the person and for the page, and gets the text once', async () => {
    on.verdict = () => 'ask'
    const got = on.clip('primary', 'get')
    await on.settle()
    expect(on.events).toEqual([])
    expect(await on.result(on.clip('primary', 'get'))).toMatchObject({ error: { kind: 'illegal-state' } })
    on.questions[0]?.answer(true)
    await on.settle()
    expect(on.events).toEqual([{ type: 'clip-wanted', id: 'primary', request: 1 }])
    expect(on.broker.clip.answer({ request: 1, text: 'from outside' }).ok).toBe(true)
    expect(await on.result(got)).toEqual({ ok: true, value: 'from outside' })
    expect(on.broker.clip.answer({ request: 1, text: 'again' }).ok).toBe(false)
    expect(on.journal.join()).not.toContain('from outside')
  })

  it('is told where the browser, the person or the policy refuses, and where it is too long', async () => {
    const refused = on.clip('primary', 'get')
    await on.settle()
    on.broker.clip.answer({ request: 1, text: undefined })
    expect(await on.result(refused)).toMatchObject({ error: { kind: 'failed' } })
    const long = on.clip('primary', 'get')
    await on.settle()
    on.broker.clip.answer({ request: 2, text: 'x'.repeat(32_769) })
    expect(await on.result(long)).toMatchObject({ error: { kind: 'over-budget' } })
    const late = on.clip('primary', 'get')
    await on.settle()
    on.bench.jump(60_000)
    expect(await on.result(late)).toMatchObject({ error: { kind: 'timeout' } })
    on.verdict = () => 'deny'
    expect(await on.result(on.clip('primary', 'get'))).toMatchObject({ error: { kind: 'forbidden' } })
  })
})
