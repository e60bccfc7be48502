import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../src/machine/token-bucket.ts'

/** A busy vCPU for ten seconds of modelled time; timers fire `late()` ms late. Answers its share of the core. */
function busyShare(percent: number, sliceMs: () => number, late: () => number): number {
  const bucket = new TokenBucket(0)
  bucket.setRate(percent, 0)
  let [now, busy] = [0, 0]
  while (now < 10_000) {
    const wait = bucket.waitMs(now)
    if (wait > 0) now += wait + late()
    else {
      const used = sliceMs()
      now += used
      busy += used
      bucket.take(used, now)
    }
  }
  return (busy / now) * 100
}

describe('the token bucket', () => {
  it('caps a busy vCPU at its percentage, whatever its slices and however late the timers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 95 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (percent, random) => {
          const next = (): number => random.next().value ?? 0
          const share = busyShare(
            percent,
            () => 1 + next() * 3,
            () => next() * 20,
          )
          expect(Math.abs(share - percent)).toBeLessThan(2)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('never holds back at 100 %', () => {
    expect(
      busyShare(
        100,
        () => 2,
        () => 0,
      ),
    ).toBe(100)
  })

  it('lets a vCPU that idled save no more than a moment', () => {
    const bucket = new TokenBucket(0)
    bucket.setRate(10, 0)
    bucket.take(0, 60_000)
    bucket.take(20, 60_020)
    // Saved: 100 ms at a tenth of a core; a tenth of the 20 ms came in meanwhile.
    expect(bucket.waitMs(60_020)).toBeCloseTo((20 - 10) / 0.1, 5)
  })

  it('forgives the part of a stretched slice that would starve the guest for seconds', () => {
    const bucket = new TokenBucket(0)
    bucket.setRate(10, 0)
    bucket.take(5000, 5000)
    expect(bucket.waitMs(5000)).toBeLessThanOrEqual(2500)
  })
})
