import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/base/bytes.ts'
import { AgentAsks } from '../../../src/hypercore/broker/asks.ts'
import { AGENT_MAGIC, HostFrame } from '../../../src/protocol/agent.ts'

type Timer = { action: () => void; cancelled: boolean }

function bench() {
  const sent: Uint8Array[] = []
  const timers: Timer[] = []
  const asks = new AgentAsks({
    name: 'Web',
    send: (frame) => sent.push(frame),
    after: (_ms, action) => {
      const timer = { action, cancelled: false }
      timers.push(timer)
      return () => {
        timer.cancelled = true
      }
    },
  })
  return { asks, sent, timers }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a question to an agent', () => {
  it('goes out as a frame and is settled by its answer alone', async () => {
    const { asks, sent, timers } = bench()
    const answer = asks.ask('putData', 3, 0, new Uint8Array([0xff, 0]))
    expect([...(sent[0] ?? [])]).toEqual([
      ...new ByteWriter().u32(AGENT_MAGIC).u16(HostFrame.ask).u16(0).u32(18).finish(),
      // Ask 1, operation 2 with 3 arguments: “3”, “0” and two bytes.
      ...new ByteWriter().u32(1).u16(2).u16(3).string('3').string('0').u16(2).u8(0xff).u8(0).finish(),
    ])
    asks.answered({ kind: 'answer', askId: 2, status: 'ok', untrustedBytes: bytes('another’s') })
    asks.answered({ kind: 'answer', askId: 1, status: 'ok', untrustedBytes: bytes('done') })
    expect(await answer).toEqual({ ok: true, value: bytes('done') })
    expect(timers[0]?.cancelled).toBe(true)
  })

  it('fails with one harmless line of what the guest says', async () => {
    const { asks } = bench()
    const answer = asks.ask('putBegin', 1, 'a', 5)
    const said = `the disk\u001b[31m is\nfull ${'x'.repeat(5000)}`
    asks.answered({ kind: 'answer', askId: 1, status: 'failed', untrustedBytes: bytes(said) })
    const result = await answer
    expect(result).toMatchObject({ ok: false, error: { kind: 'failed' } })
    expect(result.ok ? '' : result.error.message).toMatch(/^the disk \[31m is full x{100,}$/)
    expect(result.ok ? 0 : result.error.message.length).toBe(200)
  })

  it('is settled by time, and by the guest’s end', async () => {
    const { asks, timers } = bench()
    const late = asks.ask('getClose', 1)
    timers[0]?.action()
    expect(await late).toMatchObject({ ok: false, error: { kind: 'timeout' } })
    const orphan = asks.ask('getClose', 1)
    asks.end()
    expect(await orphan).toMatchObject({ ok: false, error: { kind: 'illegal-state' } })
    expect(await asks.ask('getClose', 1)).toMatchObject({ ok: false, error: { kind: 'illegal-state' } })
  })

  it('waits with no more than sixteen others', async () => {
    const { asks, sent } = bench()
    const answers = Array.from({ length: 17 }, () => asks.ask('getClose', 1))
    expect(await answers[16]).toMatchObject({ ok: false, error: { kind: 'over-budget' } })
    expect(sent).toHaveLength(16)
    asks.end()
    await Promise.all(answers)
  })
})
