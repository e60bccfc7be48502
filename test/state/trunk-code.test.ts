import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTrunkCode, encodeTrunkCode } from '../../src/state/trunk-code.ts'
import { CASES } from '../support/fuzz.ts'

describe('a code', () => {
  it('comes back as it went in, through a mail that breaks lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('offer', 'answer'),
        fc.string({ unit: 'grapheme' }),
        async (type, sdp) => {
          const code = await encodeTrunkCode({ type, sdp })
          expect(code).toMatch(/^HST1-[A-Za-z0-9_-]+$/)
          const broken = code.replaceAll(/.{20}/g, '$&\r\n ')
          expect(await decodeTrunkCode(` ${broken}`)).toEqual({ ok: true, value: { type, sdp } })
        },
      ),
      { numRuns: 200 },
    )
  })

  it('that is damaged, foreign or a bomb is refused in words', async () => {
    const code = await encodeTrunkCode({ type: 'offer', sdp: 'v=0' })
    // A few kilobytes that unpack to a megabyte.
    const bomb = await encodeTrunkCode({ type: 'offer', sdp: 'a'.repeat(1_000_000) })
    expect(bomb.length).toBeLessThan(4000)
    for (const bad of [
      bomb,
      '',
      'HST1-',
      code.slice(0, -4),
      `HST2-${code.slice(5)}`,
      `HST1-${'A'.repeat(30_000)}`,
    ])
      expect(await decodeTrunkCode(bad)).toMatchObject({ ok: false })
  })

  it('whatever is pasted, throws nothing', async () => {
    const sound = await encodeTrunkCode({ type: 'offer', sdp: 'v=0\r\nice-ufrag:abcd' })
    const pasted = fc.oneof(
      { weight: 16, arbitrary: fc.string({ unit: 'binary' }) },
      { weight: 16, arbitrary: fc.string({ unit: 'binary' }).map((text) => `HST1-${text}`) },
      // These are unpacked, which costs as much as all the others together.
      {
        weight: 1,
        arbitrary: fc
          .uint8Array({ maxLength: 64 })
          .map((bytes) => `HST1-${Buffer.from(bytes).toString('base64url')}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.nat(sound.length - 6), fc.constantFrom('A', '_', 'z', ''))
          .map(([at, other]) => sound.slice(0, 5 + at) + other + sound.slice(6 + at)),
      },
    )
    await fc.assert(
      fc.asyncProperty(pasted, async (text) => {
        const result = await decodeTrunkCode(text)
        expect(result.ok || result.error.length > 0).toBe(true)
      }),
      { numRuns: CASES },
    )
  })
})
