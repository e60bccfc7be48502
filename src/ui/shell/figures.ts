/** Figures for people, and the hook that keeps one of them up to date without drawing anything around it again. */

import { useCallback, useSyncExternalStore } from 'react'
import type { DomainId, DomainStats } from '../../protocol/domain.ts'
import { useSeat } from '../stage/seat-context.tsx'

/** Bytes in binary units, as RAM is sold: “64 MB”, “1.5 GB”. */
export function formatMemory(bytes: number): string {
  const mebibytes = bytes / 2 ** 20
  if (mebibytes < 1024) return `${Math.round(mebibytes)} MB`
  return `${(mebibytes / 1024).toFixed(mebibytes % 1024 === 0 ? 0 : 1)} GB`
}

/** Bytes in decimal units, as files and traffic are: “0 B”, “4.2 kB”, “1.7 MB”. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** “0 %”, “3 %”, “100 %”. */
export function formatPercent(percent: number): string {
  return `${Math.round(percent)} %`
}

/** “6.2 ms”, “412 ms”, “1.4 s”. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 100) return `${milliseconds.toFixed(1)} ms`
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** A count with thin groups of three digits: “13 402 118”. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

/**
 * A figure of one domain as text; the component around it draws again only when the text differs.
 * `format` is given outside of the component, or memoised.
 */
export function useFigure(id: DomainId, format: (stats: DomainStats | undefined) => string): string {
  const seat = useSeat()
  const subscribe = useCallback(
    (changed: () => void) =>
      seat.events.on('stats', (event) => {
        if (event.id === id) changed()
      }),
    [seat, id],
  )
  return useSyncExternalStore(subscribe, () => format(seat.history.latest(id)))
}

export const cpuFigure = (stats: DomainStats | undefined): string =>
  stats === undefined ? '–' : formatPercent(stats.cpuPercent)
