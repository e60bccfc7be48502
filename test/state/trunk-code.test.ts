import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTrunkCode, encodeTrunkCode } from '../../src/state/trunk-code.ts'

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
    const pasted = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String().map((text) => `HST1-${text}`),
      fc.uint8Array().map((bytes) => `HST1-${Buffer.from(bytes).toString('base64url')}`),
    )
    await fc.assert(
      fc.asyncProperty(pasted, async (text) => {
        const result = await decodeTrunkCode(text)
        expect(result.ok || result.error.length > 0).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})
