import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assert } from '../../../src/base/assert.ts'
import { answerDns, parseDns } from '../../../src/fabric/dns.ts'
import { describeFrame, summarise } from '../../../src/fabric/capture/summary.ts'
import { putMac, putU16 } from '../../../src/fabric/packets/address.ts'
import { arpReply } from '../../../src/fabric/packets/arp.ts'
import { fold, ipv4Frame, PAYLOAD_AT, Protocol, sum16 } from '../../../src/fabric/packets/ipv4.ts'
import { Flag, tcpFrame } from '../../../src/fabric/packets/tcp.ts'
import { udpFrame } from '../../../src/fabric/packets/udp.ts'
import { arp } from '../bench.ts'
import { converse } from './conversation.ts'
import { CASES } from '../../support/fuzz.ts'

const ENVELOPE = { sourceMac: 1, destinationMac: 2, source: 0x0a53_070a, destination: 0x0a53_0001 }
const text = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words)
const told = (frame: Uint8Array): string => {
  const { protocol, info } = describeFrame(frame)
  return `${protocol}: ${info}`
}

function tcp(
  from: number,
  to: number,
  words: string,
  flags: number = Flag.ack | Flag.psh,
): Uint8Array<ArrayBuffer> {
  const fields = { sequence: 7, acknowledgement: flags === Flag.syn ? 0 : 9, window: 1000 }
  return tcpFrame(
    ENVELOPE,
    { ...fields, sourcePort: from, destinationPort: to, flags, maximumSegment: undefined },
    [text(words)],
  )
}

describe('a frame in a line', () => {
  it('tells a morning on the fabric', async () => {
    const capture = await converse()
    const lines = capture
      .frames()
      .map(summarise)
      .map(({ port, direction, protocol, info, dropped }) =>
        [
          port,
          direction === 'from-guest' ? '>' : '<',
          protocol,
          info,
          ...(dropped === undefined ? [] : [dropped]),
        ].join(' '),
      )
    expect(lines.slice(0, 8)).toEqual([
      'primary > DHCP discover, transaction abcdef01',
      'primary < DHCP offer 10.83.7.10, transaction abcdef01',
      'primary > ARP who has 10.83.7.11? tell 10.83.7.10',
      'primary < ARP 10.83.7.11 is at 02:48:53:00:00:02',
      'primary > ICMP echo request, id 77, sequence 0',
      'primary < ICMP echo reply, id 77, sequence 0',
      'primary > DNS query A portal',
      'primary < DNS answer A portal: 10.83.0.2',
    ])
    expect(lines).toContain('primary < DNS answer A nowhere: no such name')
    expect(lines).toContain('primary < NTP server, version 4, stratum 10')
    expect(lines).toContain('primary > HTTP GET / HTTP/1.1')
    expect(lines).toContain('primary < HTTP HTTP/1.1 200 OK')
    expect(lines).toContain('primary > TCP 40003 -> 22 [SYN] seq 1 win 1000 len 0 policy')
    expect(lines).toContain('primary < ICMP unreachable 10.83.7.11: prohibited')
    expect(lines.slice(-2)).toEqual([
      'web > UDP 5000 -> 5001, 5 bytes',
      'primary < UDP 5000 -> 5001, 5 bytes',
    ])
    expect(lines.some((line) => line.includes('checksum'))).toBe(false)
  })

  it('gives addresses as they are in the frame, MACs where there are no others', () => {
    expect(describeFrame(tcp(1, 2, ''))).toMatchObject({ source: '10.83.7.10', destination: '10.83.0.1' })
    expect(describeFrame(arp({ mac: 0x0248_5300_0001, sender: 1, target: 2 }))).toMatchObject({
      source: '02:48:53:00:00:01',
      destination: 'broadcast',
    })
  })

  it('tells ARP’s probe, announcement and answer apart', () => {
    expect(told(arp({ mac: 1, sender: 0, target: 0x0a53_070a }))).toBe('ARP: who has 10.83.7.10? (a probe)')
    expect(told(arp({ mac: 1, sender: 0x0a53_070a, target: 0x0a53_070a }))).toBe('ARP: announces 10.83.7.10')
    expect(told(arpReply(0x0248_5347_0000, 0x0a53_0001, 3, 4))).toBe('ARP: 10.83.0.1 is at 02:48:53:47:00:00')
    expect(told(arp({ mac: 1, sender: 1, target: 2, operation: 9 }))).toBe('ARP: operation 9')
  })

  it('names what is wrong with a frame that the switch would refuse', () => {
    expect(told(new Uint8Array(13))).toBe('Ethernet: too short: 13 bytes')
    const vlan = tcp(1, 2, '')
    putU16(vlan, 12, 0x8100)
    expect(told(vlan)).toMatch(/^VLAN: type 0x8100, /)
    const badHeader = tcp(1, 2, '')
    badHeader[24] = (badHeader[24] ?? 0) ^ 1
    expect(told(badHeader)).toMatch(/\[bad header checksum\]$/)
    const badSegment = tcp(1, 2, 'data')
    badSegment[54] = 0
    expect(told(badSegment)).toMatch(/\[bad checksum\]$/)
    const fragment = udpFrame(ENVELOPE, 1, 53, new Uint8Array(20))
    putU16(fragment, 20, 0x2003)
    putU16(fragment, 24, 0)
    putU16(fragment, 24, ~fold(sum16(fragment, 14, 34)) & 0xffff)
    expect(told(fragment)).toBe('IPv4: protocol 17, 28 bytes [fragment at 24]')
    const tooLong = udpFrame(ENVELOPE, 1, 2, new Uint8Array(4))
    putU16(tooLong, 16, 2000)
    expect(told(tooLong)).toBe('IPv4: says 2000 bytes, has 32')
    expect(told(ipv4Frame(ENVELOPE, 47, 12))).toBe('IPv4: protocol 47, 12 bytes')
    const ipv6 = new Uint8Array(60)
    putU16(ipv6, 12, 0x86dd)
    ipv6[20] = 58
    putU16(ipv6, 18, 6)
    expect(told(ipv6)).toBe('IPv6: ICMPv6, 6 bytes')
  })

  it('reads the first line of a page’s request and of a chat, and calls the rest TCP', () => {
    expect(told(tcp(40_000, 80, 'GET /a?b HTTP/1.1\r\nHost: portal\r\n\r\n'))).toBe('HTTP: GET /a?b HTTP/1.1')
    expect(told(tcp(80, 40_000, 'HTTP/1.1 404 Not Found\r\n'))).toBe('HTTP: HTTP/1.1 404 Not Found')
    expect(told(tcp(80, 40_000, 'the middle of a page\n'))).toMatch(/^TCP: 80 -> 40000 \[PSH ACK\] /)
    expect(told(tcp(40_000, 6667, 'PRIVMSG #hyperspace :hello\r\nPING x\r\n'))).toBe(
      'IRC: PRIVMSG #hyperspace :hello',
    )
    expect(told(tcp(40_000, 443, '\u0016\u0003\u0001aa\u0001'))).toBe('TLS: client hello')
    expect(told(tcp(40_000, 22, '', Flag.syn))).toBe('TCP: 40000 -> 22 [SYN] seq 7 win 1000 len 0')
  })

  it('lets nothing of a guest’s text through but printable ASCII of bounded length', () => {
    expect(told(tcp(40_000, 6667, 'PRIVMSG \u202Egnp.exe \u00e9\r\n'))).toBe('IRC: PRIVMSG ...gnp.exe ..')
    expect(told(tcp(40_000, 6667, '\u001b[2J'))).toMatch(/^TCP/)
    expect(told(tcp(40_000, 6667, 'x'.repeat(1000)))).toBe(`IRC: ${'x'.repeat(160)}`)
    const name = Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 60, 10, 0xe2, 62, 0, 0, 1, 0, 1)
    expect(told(udpFrame(ENVELOPE, 40_000, 53, name))).toBe('DNS: query A <..>')
  })

  it('tells what DNS answered', () => {
    const question = parseDns(Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1))
    if (question === undefined) throw new Error('the question is sound')
    const answer = (outcome: number, address?: number): string =>
      told(udpFrame(ENVELOPE, 53, 40_000, answerDns(question, outcome, address)))
    expect(answer(0, 0x0102_0304)).toBe('DNS: answer A a: 1.2.3.4')
    expect(answer(0)).toBe('DNS: answer A a: nothing')
    expect(answer(5)).toBe('DNS: answer A a: refused')
  })
})

describe('a decoder given anything', () => {
  const sound: readonly Uint8Array[] = [
    arpReply(1, 2, 3, 4),
    tcp(40_000, 80, 'GET / HTTP/1.1\r\n\r\n'),
    tcp(40_000, 6667, 'NICK a\r\n'),
    udpFrame(
      ENVELOPE,
      53,
      40_000,
      Uint8Array.of(0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1),
    ),
    udpFrame(ENVELOPE, 68, 67, dhcp()),
    udpFrame(ENVELOPE, 123, 123, new Uint8Array(48)),
    icmp(),
  ]

  function dhcp(): Uint8Array {
    const bytes = new Uint8Array(260)
    bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 0, 50, 4, 1, 2, 3, 4, 12, 3, 97, 98, 99, 255], 236)
    return bytes
  }

  function icmp(): Uint8Array {
    const frame = ipv4Frame(ENVELOPE, Protocol.icmp, 40)
    frame[PAYLOAD_AT] = 3
    putMac(frame, 0, 0xffff_ffff_ffff)
    return frame
  }

  it(`answers a short printable line for each of ${CASES} frames, and never throws`, () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            base: fc.nat(sound.length),
            changes: fc.array(fc.tuple(fc.nat(340), fc.nat(255)), { maxLength: 6 }),
            length: fc.option(fc.nat(400), { nil: undefined, freq: 4 }),
          }),
          { minLength: 100, maxLength: 100 },
        ),
        (cases) => {
          for (const { base, changes, length } of cases) {
            const frame = (sound[base] ?? new Uint8Array(60)).slice(0, length)
            for (const [at, value] of changes) if (at < frame.length) frame[at] = value
            const { source, destination, protocol, info } = describeFrame(frame)
            seen.add(protocol)
            const line = `${source} ${destination} ${protocol} ${info}`
            assert(line.length < 400 && /^[ -~]*$/.test(line), `not a line: ${JSON.stringify(line)}`)
          }
        },
      ),
      { numRuns: Math.ceil(CASES / 100) },
    )
    for (const protocol of [
      'ARP',
      'TCP',
      'UDP',
      'HTTP',
      'IRC',
      'DNS',
      'DHCP',
      'NTP',
      'ICMP',
      'IPv4',
      'Ethernet',
    ])
      expect(seen).toContain(protocol)
  })
})
