import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { assert } from '../../src/base/assert.ts'
import { decodeTrunkCode, encodeTrunkCode } from '../../src/state/trunk-code.ts'
import { CASES, damaged, fuzzAsync } from '../support/fuzz.ts'

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

  it('whatever is pasted, is a code or is refused in words', async () => {
    const fuzzer = await codes()
    const before = taken
    await fuzzAsync(CASES / 100, (next) => look(fuzzer(next)))
    expect(taken).toBeGreaterThan(before)
  })

  it('of a hundred thousand that are unpacked, half of them nearly right, none does more than be refused', async () => {
    // The platform’s stream costs eight times what everything else does; it has its share above.
    vi.stubGlobal('DecompressionStream', Inflating)
    // Nobody reads where each of so many errors was made, which costs more than making it.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    onTestFinished(() => {
      vi.unstubAllGlobals()
      Error.stackTraceLimit = stackTraceLimit
    })
    const fuzzer = await codes()
    const [before, sound] = [unpacked, taken]
    await fuzzAsync(CASES * 1.02, (next) => look(fuzzer(next)))
    expect(unpacked - before).toBeGreaterThanOrEqual(CASES)
    // Those in which nothing was changed that matters: the others that are nearly right were refused for it.
    expect(taken - sound).toBeGreaterThan(CASES / 10)
    expect(taken - sound).toBeLessThan(CASES / 2)
  })
})

type Next = (below: number) => number

function pick<T>(next: Next, values: readonly T[]): T {
  const value = values[next(values.length)]
  assert(value !== undefined, 'nothing to pick from')
  return value
}

/** How many codes were inflated by `Inflating`, and how many of all were taken. */
let [unpacked, taken] = [0, 0]

/** As much of a stream as is used, by zlib without a thread: what is too large or no deflate is an error where it is read. */
class Inflating {
  readonly #pieces: Uint8Array[] = []
  #isRead = false

  readonly writable = {
    getWriter: () => ({
      write: (piece: Uint8Array): Promise<void> => Promise.resolve(void this.#pieces.push(piece)),
      close: (): Promise<void> => Promise.resolve(),
    }),
  }

  readonly readable = {
    getReader: () => ({
      // oxlint-disable-next-line require-await -- what is thrown is a rejection
      read: async (): Promise<{ done: boolean; value: Uint8Array | undefined }> => {
        if (this.#isRead) return { done: true, value: undefined }
        this.#isRead = true
        unpacked += 1
        const packed = Buffer.concat(this.#pieces)
        const value = new Uint8Array(inflateRawSync(packed, { chunkSize: 1024, maxOutputLength: 100_000 }))
        return { done: false, value }
      },
      cancel: (): Promise<void> => Promise.resolve(),
    }),
  }
}

async function look(text: string): Promise<void> {
  const result = await decodeTrunkCode(text)
  if (!result.ok) return assert(result.error.length > 0, 'a refusal without a word')
  taken += 1
  const { type, sdp } = result.value
  assert((type === 'offer' || type === 'answer') && typeof sdp === 'string', 'no code was taken for one')
}

function coded(bytes: Uint8Array): string {
  return `HST1-${Buffer.from(bytes).toString('base64url')}`
}

/** Half of what it answers is nearly right: packed JSON that is, or a sound code with a character or a byte changed. */
async function codes(): Promise<(next: Next) => string> {
  const sdp = 'v=0\r\no=- 4 2 IN IP4 127.0.0.1\r\na=ice-ufrag:abcd\r\n'
  const sound = await encodeTrunkCode({ type: 'offer', sdp })
  const packed = Buffer.from(sound.slice(5), 'base64url')
  const values: readonly unknown[] = [
    { type: 'offer', sdp },
    { type: 'answer', sdp: '' },
    { type: 'offer', sdp, more: [sdp] },
    { type: 'offer' },
    { sdp },
    { type: 'pranswer', sdp },
    { type: ['offer'], sdp },
    { type: 'offer', sdp: 5 },
    { type: 'offer', sdp: null },
    [{ type: 'offer', sdp }],
    [],
    null,
    '',
    7,
  ]
  const near = values.map((value) => coded(deflateRawSync(JSON.stringify(value))))
  // Of many bytes, of none, of what is no text, of one that is cut within a character.
  const odd = [
    Buffer.alloc(9999, '[['),
    Buffer.alloc(0),
    Buffer.of(0xff, 0xfe),
    Buffer.from('"\u00e9').subarray(0, 2),
  ]
  for (const bytes of odd) near.push(coded(deflateRawSync(bytes)))
  return (next) => {
    switch (next(8)) {
      case 0:
      case 1:
        return pick(next, near)
      case 2: {
        const at = 5 + next(sound.length - 5)
        return sound.slice(0, at) + pick(next, ['A', '_', 'z', '', 'AA']) + sound.slice(at + 1)
      }
      case 3:
        // Broken into lines by a mail program.
        return next(2) === 0 ? `${sound.slice(0, 30)}\r\n ${sound.slice(30)}` : sound
      case 4:
        return next(8) === 0 ? String.fromCharCode(next(65_536)) : coded(damaged(packed, next))
      case 5:
      case 6:
        return coded(damaged(packed, next))
      default:
        return coded(Uint8Array.from({ length: next(64) }, () => next(256)))
    }
  }
}
