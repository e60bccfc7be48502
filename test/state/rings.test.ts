import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteRing } from '../../src/state/byte-ring.ts'
import { TextRing } from '../../src/state/text-ring.ts'

describe('byte ring', () => {
  it('gives back any stretch of the last bytes as they were pushed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
        fc.nat(100),
        fc.nat(100),
        (chunks, from, count) => {
          const ring = new ByteRing(32)
          for (const chunk of chunks) ring.push(chunk)
          const all = chunks.flatMap((chunk) => [...chunk])
          expect(ring.end).toBe(all.length)
          expect(ring.start).toBe(Math.max(0, all.length - 32))
          const offset = Math.min(ring.start + from, ring.end)
          expect([...ring.read(offset, count)]).toEqual(all.slice(offset, offset + count))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('text ring', () => {
  it('is the end of everything pushed, at most its capacity long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 100, size: 'max' }), { maxLength: 30 }),
        fc.nat(29),
        (chunks, readAt) => {
          const ring = new TextRing(64)
          chunks.forEach((chunk, index) => {
            ring.push(chunk)
            if (index === readAt) ring.text()
          })
          expect(ring.text()).toBe(chunks.join('').slice(-64))
        },
      ),
    )
  })
})
