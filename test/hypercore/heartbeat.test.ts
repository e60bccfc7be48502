import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heartbeat } from '../../src/hypercore/heartbeat.ts'

/** Ticks at the given gaps without a sign of life; the silence that was declared, if any. */
function silence(heartbeat: Heartbeat, gaps: readonly number[], from = 0): number | undefined {
  let now = from
  let lost: number | undefined
  for (const gap of gaps) {
    const { silentMs, isLost } = heartbeat.tick((now += gap))
    if (isLost) lost = silentMs
  }
  return lost
}

const seconds = (count: number): number[] => Array<number>(count).fill(1000)

describe('the heartbeat', () => {
  it('is lost after a minute of silence, and not by a disk that is slow to flush or a starved computer', () => {
    const heartbeat = new Heartbeat()
    expect(silence(heartbeat, seconds(60))).toBeUndefined()
    expect(heartbeat.tick(61_000)).toEqual({ silentMs: 60_000, isLong: true, isLost: true })
  })

  it('is missed aloud after ten seconds, and no longer than until the next sign of life', () => {
    const heartbeat = new Heartbeat()
    const isLong = (from: number, count: number): boolean[] =>
      seconds(count).map((gap, index) => heartbeat.tick(from + index * gap).isLong)
    expect(isLong(0, 12)).toEqual([...Array<boolean>(10).fill(false), true, true])
    heartbeat.heard()
    expect(isLong(12_000, 9)).not.toContain(true)
  })

  it('is kept by any sign of life', () => {
    const heartbeat = new Heartbeat()
    silence(heartbeat, seconds(60))
    heartbeat.heard()
    expect(silence(heartbeat, seconds(59), 60_000)).toBeUndefined()
  })

  it('is not lost by a sleep, however long, nor by a throttled supervisor', () => {
    const asleep = fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 4 }), (gaps) => {
      const heartbeat = new Heartbeat()
      heartbeat.tick(0)
      return silence(heartbeat, gaps.slice(0, 3)) === undefined
    })
    expect(fc.check(asleep)).toMatchObject({ failed: false })
  })

  it('is lost at last by a worker that stays silent under a slow supervisor', () => {
    expect(silence(new Heartbeat(), Array<number>(60).fill(60_000))).toBeDefined()
  })
})
