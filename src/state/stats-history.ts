/** The last minutes of every domain's samples in ring buffers: charts read them per animation frame. */

import type { DomainId, DomainStats } from '../protocol/domain.ts'

/** Samples come four times a second: five minutes. */
export const HISTORY_SAMPLES = 1200

/** Per second where the source is a total. */
export type SeriesName =
  'cpuPercent' | 'mips' | 'exitsPerSecond' | 'networkBytesPerSecond' | 'diskBytesPerSecond'

const SERIES: readonly SeriesName[] = [
  'cpuPercent',
  'mips',
  'exitsPerSecond',
  'networkBytesPerSecond',
  'diskBytesPerSecond',
]

class DomainHistory {
  latest: DomainStats
  /** Samples ever taken. */
  #count = 0
  readonly #at = new Float64Array(HISTORY_SAMPLES)
  readonly #series = new Map(SERIES.map((name) => [name, new Float64Array(HISTORY_SAMPLES)]))

  constructor(first: DomainStats) {
    this.latest = first
    this.#store(first, undefined)
  }

  add(stats: DomainStats): void {
    // A restart begins the totals anew: a rate across it would be negative.
    const restarted = stats.instructions < this.latest.instructions
    this.#store(stats, restarted ? undefined : this.latest)
    this.latest = stats
  }

  #store(stats: DomainStats, previous: DomainStats | undefined): void {
    const slot = this.#count % HISTORY_SAMPLES
    const seconds = previous === undefined ? 0 : (stats.at - previous.at) / 1000
    const rate = (total: (of: DomainStats) => number): number =>
      previous === undefined || seconds <= 0 ? 0 : (total(stats) - total(previous)) / seconds
    this.#at[slot] = stats.at
    this.#set('cpuPercent', slot, stats.cpuPercent)
    this.#set('mips', slot, stats.mips)
    this.#set('exitsPerSecond', slot, rate(exitTotal))
    this.#set(
      'networkBytesPerSecond',
      slot,
      rate(({ network }) => network.rxBytes + network.txBytes),
    )
    this.#set(
      'diskBytesPerSecond',
      slot,
      rate(({ disk }) => disk.readBytes + disk.writeBytes),
    )
    this.#count += 1
  }

  #set(name: SeriesName, slot: number, value: number): void {
    this.#series.get(name)?.fill(value, slot, slot + 1)
  }

  read(name: SeriesName): Series {
    const length = Math.min(this.#count, HISTORY_SAMPLES)
    const start = this.#count - length
    const values = this.#series.get(name)
    return {
      length,
      at: (index) => this.#at[(start + index) % HISTORY_SAMPLES] ?? 0,
      value: (index) => values?.[(start + index) % HISTORY_SAMPLES] ?? 0,
    }
  }
}

/** A view into the ring, oldest first: valid until the next sample. */
export type Series = {
  readonly length: number
  /** Milliseconds on the supervisor's clock. */
  at(index: number): number
  value(index: number): number
}

const EMPTY: Series = { length: 0, at: () => 0, value: () => 0 }

export class StatsHistory {
  readonly #domains = new Map<DomainId, DomainHistory>()

  add(id: DomainId, stats: DomainStats): void {
    const history = this.#domains.get(id)
    if (history === undefined) this.#domains.set(id, new DomainHistory(stats))
    else history.add(stats)
  }

  latest(id: DomainId): DomainStats | undefined {
    return this.#domains.get(id)?.latest
  }

  series(id: DomainId, name: SeriesName): Series {
    return this.#domains.get(id)?.read(name) ?? EMPTY
  }

  forget(id: DomainId): void {
    this.#domains.delete(id)
  }
}

function exitTotal(stats: DomainStats): number {
  let total = 0
  for (const exit of stats.exits) total += exit.count
  return total
}
