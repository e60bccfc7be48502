import { describe, expect, it } from 'vitest'
import { HISTORY_SAMPLES, StatsHistory } from '../../src/state/stats-history.ts'
import { id, stats } from './domain-fixtures.ts'

const WEB = id('web')

describe('stats history', () => {
  it('keeps the last five minutes, oldest first', () => {
    const history = new StatsHistory()
    for (let sample = 0; sample < HISTORY_SAMPLES + 5; sample++)
      history.add(WEB, stats(sample * 250, { cpuPercent: sample }))
    const series = history.series(WEB, 'cpuPercent')
    expect(series.length).toBe(HISTORY_SAMPLES)
    expect([series.value(0), series.value(HISTORY_SAMPLES - 1)]).toEqual([5, HISTORY_SAMPLES + 4])
    expect(series.at(0)).toBe(5 * 250)
    expect(history.latest(WEB)?.cpuPercent).toBe(HISTORY_SAMPLES + 4)
  })

  it('makes rates of totals', () => {
    const history = new StatsHistory()
    const exits = (count: number) => [{ reason: 'pio-in' as const, device: 'uart0', count }]
    history.add(WEB, stats(1000, { exits: exits(100) }))
    history.add(WEB, stats(1500, { exits: exits(350) }))
    const series = history.series(WEB, 'exitsPerSecond')
    expect([series.value(0), series.value(1)]).toEqual([0, 500])
  })

  it('has no negative rate where a restart begins the totals anew', () => {
    const history = new StatsHistory()
    const disk = { reads: 0, readBytes: 9000, writes: 0, writeBytes: 0 }
    history.add(WEB, stats(1000, { instructions: 5000, disk }))
    history.add(WEB, stats(1250, { instructions: 10, disk: { ...disk, readBytes: 1 } }))
    expect(history.series(WEB, 'diskBytesPerSecond').value(1)).toBe(0)
  })

  it('has nothing for a domain it does not know or was told to forget', () => {
    const history = new StatsHistory()
    history.add(WEB, stats(1000))
    history.forget(WEB)
    expect(history.series(WEB, 'mips').length).toBe(0)
    expect(history.latest(WEB)).toBeUndefined()
  })
})
