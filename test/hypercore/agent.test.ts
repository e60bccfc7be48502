import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../src/base/bytes.ts'
import { decodeGuestFrame, encodeHostFrame } from '../../src/hypercore/agent.ts'
import { AGENT_ABI, GuestFrame, HostFrame } from '../../src/protocol/agent.ts'
import { CASES } from '../support/fuzz.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 })

function decode(type: number, payload: ByteWriter) {
  return decodeGuestFrame(type, payload.finish())
}

describe('a frame of the agent', () => {
  it('is decoded field by field', () => {
    expect(decode(GuestFrame.hello, new ByteWriter().u16(1).string('1.2').string('web'))).toEqual({
      ok: true,
      value: { kind: 'hello', abi: 1, agentVersion: '1.2', role: 'web' },
    })
    expect(decode(GuestFrame.ready, new ByteWriter())).toEqual({ ok: true, value: { kind: 'ready' } })
    expect(decode(GuestFrame.goodbye, new ByteWriter().u8(1))).toEqual({
      ok: true,
      value: { kind: 'goodbye', end: 'reboot' },
    })
    expect(decode(GuestFrame.pong, new ByteWriter().u32(9))).toEqual({
      ok: true,
      value: { kind: 'pong', nonce: 9 },
    })
  })

  it('carries an answer with its bytes', () => {
    const payload = new ByteWriter()
      .u32(7)
      .u16(3)
      .bytes(new Uint8Array([0, 255]))
    expect(decode(GuestFrame.answer, payload)).toEqual({
      ok: true,
      value: { kind: 'answer', askId: 7, status: 'failed', untrustedBytes: new Uint8Array([0, 255]) },
    })
  })

  it('carries a call with its arguments', () => {
    const calls = fc.property(
      fc.nat(2 ** 32 - 1),
      fc.nat(0xffff),
      fc.array(text, { maxLength: 16 }),
      (id, number, args) => {
        const payload = new ByteWriter().u32(id).u16(number).u16(args.length)
        for (const argument of args) payload.string(argument)
        expect(decode(GuestFrame.call, payload)).toEqual({
          ok: true,
          value: { kind: 'call', callId: id, number, untrustedArguments: args },
        })
      },
    )
    expect(fc.check(calls)).toMatchObject({ failed: false })
  })

  it.each([
    ['an unknown type', 9, new ByteWriter()],
    ['type 0x81, which is the host’s', HostFrame.welcome, new ByteWriter()],
    ['a hello cut short', GuestFrame.hello, new ByteWriter().u16(1).string('1')],
    ['a byte too many', GuestFrame.ready, new ByteWriter().u8(0)],
    ['an end that is none', GuestFrame.goodbye, new ByteWriter().u8(2)],
    ['a string longer than the frame', GuestFrame.hello, new ByteWriter().u16(1).u16(500).u8(65)],
    ['a status that is none', GuestFrame.answer, new ByteWriter().u32(1).u16(99)],
    ['bytes that are not UTF-8', GuestFrame.hello, new ByteWriter().u16(1).u16(1).u8(0xff).string('')],
    ['17 arguments', GuestFrame.call, seventeen()],
    ['arguments that are not there', GuestFrame.call, new ByteWriter().u32(1).u16(1).u16(0xffff)],
  ])('is malformed with %s', (_what, type, payload) => {
    expect(decode(type, payload)).toMatchObject({ ok: false, error: { kind: 'malformed' } })
  })

  it('never throws, whatever the bytes', () => {
    const hostile = fc.property(fc.nat(10), fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
      const result = decodeGuestFrame(type, bytes)
      return result.ok || result.error.kind === 'malformed'
    })
    expect(fc.check(hostile, { numRuns: CASES })).toMatchObject({ failed: false })
  })
})

function seventeen(): ByteWriter {
  const payload = new ByteWriter().u32(1).u16(1).u16(17)
  for (let index = 0; index < 17; index++) payload.string('x')
  return payload
}

describe('a frame to the agent', () => {
  it('has the header of the ABI', () => {
    const frame = encodeHostFrame({ kind: 'welcome', domainName: 'Web', supervisorVersion: '0.1.0' })
    const expected = new ByteWriter().bytes(new TextEncoder().encode('HVC1')).u16(0x81).u16(0).u32(14)
    expected.u16(AGENT_ABI).string('Web').string('0.1.0')
    expect(frame).toEqual(expected.finish())
  })

  it('says how the guest is to end', () => {
    expect(encodeHostFrame({ kind: 'shutdown', end: 'power-off' }).subarray(4)).toEqual(
      new Uint8Array([0x84, 0, 0, 0, 1, 0, 0, 0, 0]),
    )
    expect(encodeHostFrame({ kind: 'shutdown', end: 'reboot' }).at(-1)).toBe(1)
  })

  it('cuts a reply that is too long at a character’s border', () => {
    const reply = { status: 'failed', text: 'ö'.repeat(40_000) } as const
    const frame = encodeHostFrame({ kind: 'reply', callId: 5, reply })
    expect(frame.length).toBe(12 + 65_536)
    expect(frame.subarray(12, 18)).toEqual(new Uint8Array([5, 0, 0, 0, 3, 0]))
    expect(new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(18))).toBe('ö'.repeat(32_765))
  })
})
