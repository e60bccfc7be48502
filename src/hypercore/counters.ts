/** Turns a domain's running totals into what the last interval was like. */

import type { DomainStats } from '../protocol/domain.ts'
import type { DomainCounters } from '../protocol/guest.ts'

export type Sample = { readonly at: number; readonly counters: DomainCounters }

export type Interval = {
  readonly stats: DomainStats
  /** Percent of one core that the guest would have used without the token bucket. */
  readonly demandPercent: number
}

/** Two samples closer than this (a message queue catching up) say nothing about speed. */
const MIN_INTERVAL_MS = 50

function percent(milliseconds: number, ofMs: number): number {
  return Math.min(100, Math.max(0, (milliseconds / ofMs) * 100))
}

/** What happened from `earlier` (undefined: the machine's start at `startedAt`) to `now`; undefined where that is too short. */
export function interval(
  earlier: Sample | undefined,
  startedAt: number,
  now: Sample,
  grantedPercent: number,
): Interval | undefined {
  const lastedMs = now.at - (earlier?.at ?? startedAt)
  if (lastedMs < MIN_INTERVAL_MS) return undefined
  const { instructions, busyMs, throttledMs } = now.counters
  const ranMs = busyMs - (earlier?.counters.busyMs ?? 0)
  const heldMs = throttledMs - (earlier?.counters.throttledMs ?? 0)
  return {
    stats: {
      ...now.counters,
      at: now.at,
      // Instructions per millisecond / 1000 = millions a second.
      mips: (instructions - (earlier?.counters.instructions ?? 0)) / lastedMs / 1000,
      cpuPercent: percent(ranMs, lastedMs),
      grantedPercent,
    },
    demandPercent: percent(ranMs + heldMs, lastedMs),
  }
}
