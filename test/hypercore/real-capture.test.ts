/** What real guests put on the wire, recorded, decoded, and read by an outside tool. */

import { describe, expect, it } from 'vitest'
import type { PacketSummary } from '../../src/protocol/packets.ts'
import { readPcapng } from '../fabric/capture/pcapng-reader.ts'
import { tshark, TSHARK_VERSION } from '../fabric/capture/tshark.ts'
import { allVolumes, RealMachine, realHandOff } from './real-machine.ts'

const LEASE = 'until ip route | grep -q default; do sleep 0.2; done'

describe('a capture of a real guest', () => {
  it('has its ping, its question for a name, its page, and what was refused it', async () => {
    const given = await realHandOff({ memoryBudgetMiB: 1024, volumes: allVolumes() })
    await using machine = await RealMachine.powerOn({
      ...given,
      settings: { ...given.settings, appliances: {} },
    })
    await machine.call({ name: 'capture', args: { act: 'start' } })
    await machine.on('primary', 'start')
    await machine.ready('primary')
    await machine.run('primary', LEASE)
    await machine.run('primary', 'ping -c 1 10.83.0.1')
    await machine.run('primary', 'wget -qO /dev/null http://portal/')
    await machine.run('primary', 'nc -w 1 10.83.0.1 22 </dev/null; true')
    await machine.call({ name: 'capture', args: { act: 'stop' } })

    const lines = machine.events
      .flatMap((event): readonly PacketSummary[] => (event.type === 'packets' ? event.rows : []))
      .map(({ direction, protocol, info, dropped }) =>
        [direction === 'from-guest' ? '>' : '<', protocol, info, dropped ?? ''].join(' '),
      )
    const some = (pattern: RegExp): unknown => expect.arrayContaining([expect.stringMatching(pattern)])
    expect(lines).toEqual(some(/^> DHCP discover/))
    expect(lines).toEqual(some(/^< DHCP ack 10\.83\.\d+\.10,/))
    expect(lines).toEqual(some(/^> ICMP echo request/))
    expect(lines).toEqual(some(/^< ICMP echo reply/))
    expect(lines).toEqual(some(/^> DNS query A portal/))
    expect(lines).toEqual(some(/^> HTTP GET \/ HTTP\/1\.1/))
    expect(lines).toEqual(some(/^< HTTP HTTP\/1\.1 200 OK/))
    expect(lines).toEqual(some(/^> TCP \d+ -> 22 \[SYN\] .* policy$/))

    const file = await machine.call({ name: 'exportCapture', args: { of: undefined } })
    if (!(file instanceof Blob)) throw new Error('no file')
    const content = new Uint8Array(await file.arrayBuffer())
    expect(readPcapng(content).length).toBeGreaterThan(lines.length)
    if (TSHARK_VERSION === undefined) return
    const checksums = ['ip', 'udp', 'tcp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
    const read = tshark(content, '-V', ...checksums)
    expect([read.status, read.complaints]).toEqual([0, ''])
    expect(read.output).not.toMatch(/malformed|\[incorrect|bad checksum/i)
    expect(read.output).toContain('GET / HTTP/1.1')
  })
})
