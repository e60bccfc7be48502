/**
 * Hostile bytes at every boundary: nothing throws, nothing grows without bound, and no rule is bypassed. How many cases each
 * boundary gets is said in test/support/fuzz.ts.
 */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GATEWAY_MAC } from '../../src/fabric/addresses.ts'
import { answerDhcp, parseDhcp } from '../../src/fabric/dhcp.ts'
import { answerDns, parseDns } from '../../src/fabric/dns.ts'
import type { Flow, Verdict } from '../../src/protocol/policy.ts'
import { answerNtp } from '../../src/fabric/ntp.ts'
import { putMac, putU16, putU32, u16At } from '../../src/fabric/packets/address.ts'
import { arpReply, parseArp } from '../../src/fabric/packets/arp.ts'
import {
  destinationMac,
  EtherType,
  etherType,
  fold,
  ipv4Frame,
  parseIpv4,
  PAYLOAD_AT,
  Protocol,
  pseudoSum,
  sourceMac,
  sum16,
} from '../../src/fabric/packets/ipv4.ts'
import { parseTcp, tcpFrame } from '../../src/fabric/packets/tcp.ts'
import { parseUdp, udpFrame } from '../../src/fabric/packets/udp.ts'
import { serviceOf } from '../../src/fabric/flows.ts'
import { parseHead } from '../../src/fabric/web/http-request.ts'
import { parseNetworkMessage } from '../../src/protocol/channels.ts'
import { assert } from '../../src/base/assert.ts'
import { Bench, ipv4Of, settle, type BenchGuest } from './bench.ts'
import { CASES, damaged, FUZZ_MS, fuzz, numbers } from '../support/fuzz.ts'

const ENVELOPE = { sourceMac: 1, destinationMac: 2, source: 0x0a53_070a, destination: 0x0a53_0001 }

describe('a parser given anything', () => {
  it('of frames and ARP answers without throwing', () => {
    const sound = arpReply(1, 2, 3, 4)
    fuzz((next) => {
      const bytes = damaged(sound, next)
      parseArp(bytes)
      parseIpv4(bytes)
    })
    expect(parseArp(sound)?.sender).toBe(2)
  })

  it('of UDP and TCP takes what is sound only, and stays in its bytes', () => {
    const udp = udpFrame(ENVELOPE, 1, 2, Uint8Array.of(1, 2, 3))
    const tcp = tcpFrame(
      ENVELOPE,
      {
        sourcePort: 1,
        destinationPort: 2,
        sequence: 3,
        acknowledgement: 4,
        flags: 2,
        window: 5,
        maximumSegment: 6,
      },
      [Uint8Array.of(1)],
    )
    let taken = 0
    fuzz((next) => {
      const frame = damaged(next(2) === 0 ? udp : tcp, next)
      if (frame.length < PAYLOAD_AT) return
      putU16(frame, 24, 0)
      putU16(frame, 24, ~fold(sum16(frame, 14, 34)) & 0xffff)
      const packet = parseIpv4(frame)
      if (typeof packet === 'string') return
      const datagram = parseUdp(packet)
      const segment = parseTcp(packet)
      for (const found of [datagram, segment]) {
        if (found === undefined) continue
        taken += 1
        expect(found.payload.length).toBeLessThanOrEqual(packet.payload.length)
      }
    })
    expect(taken).toBeGreaterThan(CASES / 100)
  })

  it('of DHCP answers at most one message of bounded size', () => {
    const sound = new Uint8Array(300)
    sound.set([1, 1, 6, 0])
    putU32(sound, 236, 0x6382_5363)
    sound.set([53, 1, 1, 50, 4, 1, 2, 3, 4, 54, 4, 1, 2, 3, 4, 255], 240)
    const fields = { address: 1, gateway: 2, subnetMask: 3, domain: 'd'.repeat(99), hostname: 'h'.repeat(99) }
    let answered = 0
    fuzz((next) => {
      const question = parseDhcp(damaged(sound, next))
      if (question === undefined) return
      const answer = answerDhcp(question, fields)
      if (answer !== undefined) answered += 1
      expect(answer?.length ?? 0).toBeLessThanOrEqual(400)
    })
    expect(answered).toBeGreaterThan(CASES / 100)
  })

  it('of DNS and NTP answers no more than it was asked', () => {
    const sound = Uint8Array.of(
      1,
      2,
      1,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      6,
      112,
      111,
      114,
      116,
      97,
      108,
      0,
      0,
      1,
      0,
      1,
    )
    let answered = 0
    fuzz((next) => {
      const payload = damaged(sound, next)
      const question = parseDns(payload)
      if (question !== undefined) {
        answered += 1
        assert(question.name.length <= 255, 'the name is longer than a name can be')
        assert(answerDns(question, 0, 1).length <= payload.length + 16, 'the answer is larger than it may be')
      }
      expect(answerNtp(damaged(new Uint8Array(48), next), 1e12)?.length ?? 48).toBe(48)
    })
    expect(answered).toBeGreaterThan(CASES / 100)
  })

  it('of HTTP ends in a request, a refusal or patience', () => {
    const sound = new TextEncoder().encode(
      'GET /a?b HTTP/1.1\r\nHost: portal\r\nContent-Length: 3\r\nA: b\r\n\r\nabc',
    )
    fuzz((next) => {
      const bytes = damaged(sound, next)
      const parsed = parseHead(bytes)
      if (parsed.kind === 'head') {
        assert(parsed.bytes <= bytes.length, 'the head ends beyond what came')
        assert(parsed.request.path.startsWith('/'), 'the path does not begin at the root')
      }
    })
  })

  it('of network messages lets nothing but bytes through', () => {
    fc.assert(
      fc.property(fc.anything({ withTypedArray: true, withMap: true, withDate: true }), (data) => {
        for (const message of [
          parseNetworkMessage(data),
          parseNetworkMessage({ kind: 'frames', frames: data }),
          parseNetworkMessage({ kind: 'taken', frames: data }),
        ])
          if (message?.kind === 'frames')
            assert(
              message.frames.every((frame) => frame instanceof Uint8Array),
              'something else than bytes came through',
            )
      }),
      { numRuns: Math.ceil(CASES / 3) },
    )
    expect(parseNetworkMessage({ kind: 'frames', frames: [new Uint8Array(2), 'x'] })).toEqual({
      kind: 'frames',
      frames: [new Uint8Array(2)],
    })
  })
})

/** A frame that is nearly right: every field from a small set of interesting values, and some of the bytes damaged. */
function nearlyRight(
  next: (below: number) => number,
  own: BenchGuest,
  all: readonly BenchGuest[],
): Uint8Array {
  const pick = <T>(values: readonly T[]): T => {
    const value = values[next(values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
  const usually = <T>(value: T, values: readonly T[]): T => (next(8) === 0 ? pick(values) : value)
  const macs = [...all.map(({ mac }) => mac), GATEWAY_MAC, 0xffff_ffff_ffff, 0]
  const addresses = [
    ...all.map(({ address }) => address),
    0x0a53_0001,
    0x0a53_0002,
    0,
    0xffff_ffff,
    0x0808_0808,
  ]
  const ports = [53, 67, 68, 80, 123, 443, 6667, 9]
  const peer = pick(all)
  const toGateway = next(4) === 0
  const envelope = {
    sourceMac: usually(own.mac, macs),
    destinationMac: usually(toGateway ? GATEWAY_MAC : peer.mac, macs),
    source: usually(own.address, addresses),
    destination: usually(toGateway ? pick([0x0a53_0001, 0x0a53_0002, 0x5db8_d822]) : peer.address, addresses),
  }
  let frame: Uint8Array
  switch (next(5)) {
    case 0:
      frame = udpFrame(
        envelope,
        pick(ports),
        pick(ports),
        Uint8Array.from({ length: next(40) }, () => next(256)),
      )
      break
    case 1:
    case 2:
      frame = tcpFrame(
        envelope,
        {
          sourcePort: pick(ports),
          destinationPort: pick(ports),
          sequence: next(3) * 1000,
          acknowledgement: next(3) * 1000,
          flags: next(64),
          window: next(3) * 500,
          maximumSegment: next(2) === 0 ? next(2000) : undefined,
        },
        [new Uint8Array(next(30))],
      )
      break
    case 3: {
      frame = ipv4Frame(envelope, Protocol.icmp, 36)
      frame[PAYLOAD_AT] = pick([0, 3, 8])
      putU16(frame, PAYLOAD_AT + 4, pick(ports))
      const quoted = udpFrame(
        { ...envelope, source: envelope.destination, destination: envelope.source },
        pick(ports),
        pick(ports),
        new Uint8Array(),
      )
      if (frame[PAYLOAD_AT] === 3) frame.set(quoted.subarray(14, 42), PAYLOAD_AT + 8)
      putU16(frame, PAYLOAD_AT + 2, ~fold(sum16(frame, PAYLOAD_AT, frame.length)) & 0xffff)
      break
    }
    default:
      frame = arpReply(envelope.sourceMac, envelope.source, envelope.destinationMac, envelope.destination)
      putU16(frame, 20, 1 + next(2))
  }
  if (next(20) === 0) putMac(frame, 0, next(1000))
  return next(6) === 0 ? damaged(frame, next) : frame
}

describe('the switch given anything', () => {
  it(
    'delivers nothing that the rules do not allow, as a plain model of them has it',
    async () => {
      const verdictOf = (rules: number, flow: Flow): Verdict => {
        const text = `${flow.source}>${flow.destination}:${flow.service}`
        let hash = rules
        for (let index = 0; index < text.length; index++)
          hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193)
        return (['allow', 'deny', 'ask'] as const)[(hash >>> 5) % 3] ?? 'deny'
      }
      let delivered = 0
      const runs = Math.ceil(CASES / 2000)
      await fc.assert(
        fc.asyncProperty(fc.integer(), fc.nat(), async (seed, rules) => {
          const next = numbers(seed)
          const bench = new Bench({
            decide: (flow) => verdictOf(rules, flow),
            site: () => Promise.resolve(undefined),
          })
          const all = [bench.plug('a', 1), bench.plug('b', 2), bench.plug('c', 3)]
          /** Every conversation that has been opened lawfully: “udp a:1 b:2”. */
          const opened = new Set<string>()
          for (let batch = 0; batch < 100; batch++) {
            const own = all[next(3)] ?? all[0]
            if (own === undefined) return
            const frames = Array.from({ length: 20 }, () => nearlyRight(next, own, all))
            const before = all.map(({ received }) => received.length)
            await own.send(...frames)
            for (const [index, peer] of all.entries()) {
              for (const frame of peer.received.slice(before[index])) {
                expect(destinationMac(frame)).toBe(peer.mac)
                if (sourceMac(frame) === GATEWAY_MAC) continue
                if (etherType(frame) === EtherType.arp) continue
                delivered += 1
                checkLawful(frame, own, peer, opened, (flow) => verdictOf(rules, flow))
              }
            }
            await bench.clock.advance(50)
          }
          expect(bench.clock.timers).toBeLessThanOrEqual(3 * 96)
        }),
        { numRuns: runs },
      )
      expect(delivered).toBeGreaterThan(CASES / 100)
    },
    FUZZ_MS,
  )

  it(
    'throws at nothing, whatever order TCP segments come in',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const next = numbers(seed)
          const bench = new Bench({
            decide: () => 'allow',
            site: () => Promise.resolve({ type: 'text/plain', bytes: new Uint8Array(3000) }),
          })
          const guest = bench.plug('a', 1)
          const text = new TextEncoder().encode('GET / HTTP/1.1\r\nHost: portal\r\n\r\n')
          let highest = 1000
          for (let turn = 0; turn < 200; turn++) {
            const last = guest.received.findLast((frame) => etherType(frame) === EtherType.ipv4)
            const theirs = last === undefined ? undefined : parseTcp(ipv4Of(last))
            const near = (value: number): number => (value + (next(4) === 0 ? next(5) - 2 : 0)) >>> 0
            const fields = {
              sourcePort: 40_000,
              destinationPort: 80,
              sequence: near(next(3) === 0 ? 1000 : (theirs?.acknowledgement ?? highest)),
              acknowledgement: near((theirs?.sequence ?? 0) + (theirs?.payload.length ?? 0) + next(2)),
              flags: next(5) === 0 ? next(64) : ([2, 16, 24, 17][next(4)] ?? 16),
              window: [0, 1, 500, 65_535][next(4)] ?? 0,
              maximumSegment: undefined,
            }
            highest = fields.sequence
            await guest.send(
              tcpFrame(guest.envelope('gateway', 0x0a53_0002), fields, [
                text.subarray(0, next(text.length + 1)),
              ]),
            )
            if (next(10) === 0) await bench.clock.advance(next(3000))
          }
          await bench.clock.advance(20 * 60_000)
          expect(bench.clock.timers).toBe(0)
        }),
        { numRuns: Math.ceil(CASES / 200) },
      )
    },
    FUZZ_MS,
  )
})

/** @throws (assertion) when the frame should not have passed */
function checkLawful(
  frame: Uint8Array,
  own: BenchGuest,
  peer: BenchGuest,
  opened: Set<string>,
  verdict: (flow: Flow) => Verdict,
): void {
  const packet = ipv4Of(frame)
  expect([sourceMac(frame), packet.source, packet.destination]).toEqual([own.mac, own.address, peer.address])
  const { payload, protocol } = packet
  const name = (p: number, from: string, fromPort: number, to: string, toPort: number): string =>
    `${p} ${from}:${fromPort} ${to}:${toPort}`
  if (protocol === Protocol.icmp && payload[0] === 3) {
    const quoted = payload.subarray(8)
    const conversation = [u16At(quoted, 20), u16At(quoted, 22)] as const
    const about = name(quoted[9] ?? 0, peer.id, conversation[0], own.id, conversation[1])
    const reverse = name(quoted[9] ?? 0, own.id, conversation[1], peer.id, conversation[0])
    assert(opened.has(about) || opened.has(reverse), 'an error about nothing passed')
    return
  }
  const isEcho = protocol === Protocol.icmp
  const id = u16At(payload, 4)
  const isReply = isEcho && payload[0] === 0
  const [from, to] = isEcho ? (isReply ? [0, id] : [id, 0]) : [u16At(payload, 0), u16At(payload, 2)]
  if (!isReply && opened.has(name(protocol, own.id, from, peer.id, to))) return
  if (opened.has(name(protocol, peer.id, to, own.id, from))) return
  expect(isReply).toBe(false)
  expect(verdict({ source: own.id, destination: peer.id, service: serviceOf(protocol, to) })).toBe('allow')
  opened.add(name(protocol, own.id, from, peer.id, to))
}

it('sums as RFC 1071 does', async () => {
  await settle()
  const sample = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  expect(fold(sum16(sample, 0, 8))).toBe(0xddf2)
  expect(fold(sum16(sample, 0, 7))).toBe(fold(0x0001 + 0xf203 + 0xf4f5 + 0xf600))
  expect(pseudoSum(0x0102_0304, 0x0506_0708, 6, 20)).toBe(0x0102 + 0x0304 + 0x0506 + 0x0708 + 6 + 20)
})
