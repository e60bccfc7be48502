import { expect, test } from 'vitest'
import { captureFileName, chosenPackets, timeWords } from '../../../src/ui/network/packet-words.ts'
import type { PacketSummary } from '../../../src/protocol/packets.ts'

const row = (number: number, more: Partial<PacketSummary> = {}): PacketSummary => ({
  number,
  at: 0,
  port: 'web',
  direction: 'from-guest',
  bytes: 60,
  source: '10.83.7.11',
  destination: '10.83.0.1',
  protocol: 'DNS',
  info: 'query A portal',
  dropped: undefined,
  ...more,
})

test('a list is held to a port, and to lines that have every word, in any order and case', () => {
  const rows = [
    row(1),
    row(2, { port: 'primary', dropped: 'policy' }),
    row(3, { protocol: 'ICMP', info: 'echo' }),
  ]
  const numbers = (port: string | undefined, words: string): number[] =>
    chosenPackets(rows, port, words).map(({ number }) => number)
  expect(chosenPackets(rows, undefined, ' ')).toBe(rows)
  expect(numbers('web', '')).toEqual([1, 3])
  expect(numbers(undefined, 'PORTAL dns')).toEqual([1, 2])
  expect(numbers(undefined, 'policy')).toEqual([2])
  expect(numbers('web', 'policy')).toEqual([])
  expect(numbers(undefined, '10.83.7.11 icmp')).toEqual([3])
})

test('a time is the person’s clock to the millisecond, and a file’s name is one everywhere', () => {
  const at = new Date(2026, 10, 22, 8, 5, 9, 7)
  expect(timeWords(at.getTime())).toBe('08:05:09.007')
  expect(captureFileName('web', new Date(Date.UTC(2026, 10, 22, 18, 45, 12)))).toBe(
    'web-2026-11-22-18-45-12.pcapng',
  )
  expect(captureFileName(undefined, new Date(0))).toBe('hyperspace-1970-01-01-00-00-00.pcapng')
})
