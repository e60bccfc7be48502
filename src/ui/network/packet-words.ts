/** Frames in words: for the list's cells, its text filter, and the file that is saved. */

import type { PacketSummary } from '../../protocol/packets.ts'

/** Hours to milliseconds, of the person's own clock. */
export function timeWords(at: number): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`
}

/** Frames of this port, and with these words somewhere in their line; every frame where nothing is asked for. */
export function chosenPackets(
  rows: readonly PacketSummary[],
  port: string | undefined,
  words: string,
): readonly PacketSummary[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (port === undefined && wanted.length === 0) return rows
  return rows.filter((row) => {
    if (port !== undefined && row.port !== port) return false
    if (wanted.length === 0) return true
    const { source, destination, protocol, info, dropped } = row
    const line = `${row.port} ${source} ${destination} ${protocol} ${info} ${dropped ?? ''}`.toLowerCase()
    return wanted.every((word) => line.includes(word))
  })
}

/** “web-2026-11-22-18-45-12.pcapng”; colons are not for file names. */
export function captureFileName(port: string | undefined, at: Date): string {
  return `${port ?? 'hyperspace'}-${at.toISOString().slice(0, 19).replaceAll(/[T:]/g, '-')}.pcapng`
}
