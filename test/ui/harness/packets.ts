/** A morning's frames for the packet list, over and over. */

import type { PacketSummary } from '../../../src/protocol/packets.ts'
import type { FakeMachine } from './fake-machine.ts'

type Line = readonly [
  port: string,
  direction: '>' | '<',
  source: string,
  destination: string,
  protocol: string,
  info: string,
  dropped?: string,
]

const PRIMARY = '10.83.7.10'
const WEB = '10.83.7.11'
const GATEWAY = '10.83.0.1'
const PORTAL = '10.83.0.2'

const LINES: readonly Line[] = [
  ['primary', '>', '0.0.0.0', '255.255.255.255', 'DHCP', 'discover, transaction d274c125'],
  ['primary', '<', GATEWAY, '255.255.255.255', 'DHCP', `offer ${PRIMARY}, transaction d274c125`],
  ['primary', '>', '02:48:53:00:00:01', 'broadcast', 'ARP', `who has ${GATEWAY}? tell ${PRIMARY}`],
  ['primary', '<', '02:48:53:47:00:00', '02:48:53:00:00:01', 'ARP', `${GATEWAY} is at 02:48:53:47:00:00`],
  ['primary', '>', PRIMARY, GATEWAY, 'ICMP', 'echo request, id 61, sequence 0'],
  ['primary', '<', GATEWAY, PRIMARY, 'ICMP', 'echo reply, id 61, sequence 0'],
  ['web', '>', WEB, GATEWAY, 'DNS', 'query A portal.hyperspace.internal'],
  ['web', '<', GATEWAY, WEB, 'DNS', `answer A portal.hyperspace.internal: ${PORTAL}`],
  ['web', '>', WEB, PORTAL, 'TCP', '54870 -> 80 [SYN] seq 3868975911 win 64240 len 0'],
  ['web', '>', WEB, PORTAL, 'HTTP', 'GET /story.html HTTP/1.1'],
  ['web', '<', PORTAL, WEB, 'HTTP', 'HTTP/1.1 200 OK'],
  ['web', '>', WEB, PRIMARY, 'TCP', '60202 -> 22 [SYN] seq 2767263846 win 64240 len 0', 'policy'],
]

export function passPackets(machine: FakeMachine, count: number): void {
  const start = Date.UTC(2026, 10, 22, 18, 45, 12)
  const rows = Array.from({ length: count }, (_, index): Omit<PacketSummary, 'number'> => {
    const [port, way, source, destination, protocol, info, dropped] = LINES[index % LINES.length] ?? [
      'web',
      '>',
      WEB,
      GATEWAY,
      'ARP',
      '',
    ]
    const direction = way === '>' ? 'from-guest' : 'to-guest'
    return {
      port,
      direction,
      at: start + index * 3.7,
      bytes: 98,
      source,
      destination,
      protocol,
      info,
      dropped,
    }
  })
  machine.packets(rows)
}
