import { expect, test } from 'vitest'
import type { PacketSummary } from '../../src/protocol/packets.ts'
import { PACKET_ROWS, PacketLog } from '../../src/state/packet-log.ts'

function rows(from: number, to: number): PacketSummary[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    number: from + index,
    at: 0,
    port: 'web',
    direction: 'to-guest',
    bytes: 60,
    source: '',
    destination: '',
    protocol: 'ARP',
    info: '',
    dropped: undefined,
  }))
}

const report = (seen: number) => ({ recording: true, packets: seen, bytes: 0, seen, ports: [] })

test('keeps the newest lines, and answers lists that nobody changes afterwards', () => {
  const log = new PacketLog()
  log.receive({ type: 'packets', report: report(2), rows: rows(1, 2) })
  const before = log.rows()
  log.receive({ type: 'packets', report: report(PACKET_ROWS + 1), rows: rows(3, PACKET_ROWS + 1) })
  expect(before.map(({ number }) => number)).toEqual([1, 2])
  expect(log.rows().length).toBe(PACKET_ROWS)
  expect(log.rows()[0]?.number).toBe(2)
  expect(log.rows().at(-1)?.number).toBe(PACKET_ROWS + 1)
  expect(log.store.getState().seen).toBe(PACKET_ROWS + 1)
})

test('forgets everything when the supervisor says that it was emptied', () => {
  const log = new PacketLog()
  log.receive({ type: 'packets', report: report(2), rows: rows(1, 2) })
  log.receive({ type: 'packets', report: { ...report(0), recording: false }, rows: [] })
  expect(log.rows()).toEqual([])
  log.receive({ type: 'packets', report: report(1), rows: rows(1, 1) })
  expect(log.rows().map(({ number }) => number)).toEqual([1])
})
