import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AgentFrameDecoder, encodeAgentFrame, type AgentFrame } from '../../src/machine/agent-frames.ts'
import { AGENT_MAX_PAYLOAD } from '../../src/protocol/agent.ts'

const anyFrame = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 300 }))

function pushAll(decoder: AgentFrameDecoder, chunks: readonly Uint8Array[]): AgentFrame[] {
  return chunks.flatMap((chunk) => decoder.push(chunk))
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let offset = 0
  for (const size of sizes) {
    chunks.push(bytes.slice(offset, offset + size))
    offset += size
  }
  return [...chunks, bytes.slice(offset)]
}

const plain = (frames: readonly AgentFrame[]): [number, number[]][] =>
  frames.map(({ type, untrustedPayload }) => [type, [...untrustedPayload]])

describe('the agent’s frames', () => {
  it('come out as they went in, however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(40)), (frames, sizes) => {
        const bytes = join(frames.map(([type, payload]) => encodeAgentFrame(type, payload)))
        const decoded = pushAll(new AgentFrameDecoder(), split(bytes, sizes))
        expect(plain(decoded)).toEqual(frames.map(([type, payload]) => [type, [...payload]]))
      }),
    )
  })

  it('are found again after garbage that does not contain their magic', () => {
    const noMagic = fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => bytes.map((byte) => (byte === 0x48 ? 0 : byte)))
    fc.assert(
      fc.property(noMagic, anyFrame, noMagic, anyFrame, (before, first, between, second) => {
        const bytes = join([before, encodeAgentFrame(...first), between, encodeAgentFrame(...second)])
        expect(plain(new AgentFrameDecoder().push(bytes)).map(([type]) => type)).toEqual([
          first[0],
          second[0],
        ])
      }),
    )
  })

  it('are found when a false start runs into a true one', () => {
    const frame = encodeAgentFrame(2, new Uint8Array())
    const bytes = join([Uint8Array.from([0x48, 0x56, 0x48, 0x56, 0x43]), frame])
    expect(plain(new AgentFrameDecoder().push(bytes))).toEqual([[2, []]])
  })

  it('take the longest payload and refuse a longer one as garbage', () => {
    const longest = encodeAgentFrame(3, new Uint8Array(AGENT_MAX_PAYLOAD).fill(7))
    expect(new AgentFrameDecoder().push(longest)).toHaveLength(1)
    const tooLong = longest.slice()
    new DataView(tooLong.buffer).setUint32(8, AGENT_MAX_PAYLOAD + 1, true)
    const decoder = new AgentFrameDecoder()
    expect(decoder.push(tooLong.subarray(0, 12))).toEqual([])
    expect(plain(decoder.push(encodeAgentFrame(5, Uint8Array.of(1))))).toEqual([[5, [1]]])
  })

  it('give up on a guest that writes mostly something else, and stay given up', () => {
    const decoder = new AgentFrameDecoder()
    decoder.push(new Uint8Array(64 * 1024))
    expect(decoder.broken).toBe(false)
    decoder.push(new Uint8Array(1))
    expect(decoder.broken).toBe(true)
    expect(decoder.push(encodeAgentFrame(2, new Uint8Array()))).toEqual([])
  })

  it('never throw and never hold more than one, whatever arrives', () => {
    const magic = Uint8Array.of(0x48, 0x56, 0x43, 0x31)
    const hostile = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(magic)), {
      maxLength: 50,
    })
    fc.assert(
      fc.property(hostile, (chunks) => {
        for (const { untrustedPayload } of pushAll(new AgentFrameDecoder(), chunks))
          expect(untrustedPayload.length).toBeLessThanOrEqual(AGENT_MAX_PAYLOAD)
      }),
    )
  })
})
