import { describe, expect, it } from 'vitest'
import { interval, type Sample } from '../../src/hypercore/counters.ts'
import { COUNTERS } from './bench-board.ts'

function sample(at: number, instructions: number, busyMs: number, throttledMs = 0): Sample {
  return { at, counters: { ...COUNTERS, instructions, busyMs, throttledMs } }
}

describe('an interval', () => {
  it('is the difference of two samples over the time between them', () => {
    const figures = interval(sample(1000, 1e6, 10), 0, sample(1250, 51e6, 135, 25), 80)
    expect(figures?.stats).toMatchObject({ at: 1250, mips: 200, cpuPercent: 50, grantedPercent: 80 })
    expect(figures?.demandPercent).toBe(60)
  })

  it('begins at the machine’s start for the first sample', () => {
    expect(interval(undefined, 500, sample(1000, 5e6, 250), 100)?.stats).toMatchObject({
      mips: 10,
      cpuPercent: 50,
    })
  })

  it('is none where two samples arrive together', () => {
    expect(interval(sample(1000, 0, 0), 0, sample(1001, 1e6, 1), 100)).toBeUndefined()
  })

  it('never says more than a whole core', () => {
    expect(interval(sample(1000, 0, 0), 0, sample(1100, 0, 300, 50), 100)).toMatchObject({
      demandPercent: 100,
      stats: { cpuPercent: 100 },
    })
  })
})
