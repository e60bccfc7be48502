/**
 * Hostile bytes at every boundary: nothing throws, nothing grows without bound, and no rule is bypassed. How many cases each
 * boundary gets is said in test/support/fuzz.ts.
 */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerDhcp, parseDhcp } from '../../src/fabric/dhcp.ts'
import { answerDns, parseDns } from '../../src/fabric/dns.ts'
import { answerNtp } from '../../src/fabric/ntp.ts'
import { putU16, putU32 } from '../../src/fabric/packets/address.ts'
import { arpReply, parseArp } from '../../src/fabric/packets/arp.ts'
import {
  EtherType,
  etherType,
  fold,
  parseIpv4,
  PAYLOAD_AT,
  pseudoSum,
  sum16,
} from '../../src/fabric/packets/ipv4.ts'
import { parseTcp, tcpFrame } from '../../src/fabric/packets/tcp.ts'
import { parseUdp, udpFrame } from '../../src/fabric/packets/udp.ts'
import { parseHead } from '../../src/fabric/web/http-request.ts'
import { PolicyTable } from '../../src/hypercore/policy/table.ts'
import { parseNetworkMessage } from '../../src/protocol/channels.ts'
import type { PolicyRule } from '../../src/protocol/policy.ts'
import { assert } from '../../src/base/assert.ts'
import { Bench, ipv4Of, settle, type BenchGuest } from './bench.ts'
import { nearlyRight, pick, type Next } from './hostile-frames.ts'
import { Lawful } from './lawful.ts'
import { CASES, damaged, FUZZ_MS, fuzz, numbers } from '../support/fuzz.ts'

const ENVELOPE = { sourceMac: 1, destinationMac: 2, source: 0x0a53_070a, destination: 0x0a53_0001 }

const NTP = new Uint8Array(48)

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
        assert(found.payload.length <= packet.payload.length, 'a payload beyond its packet')
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
      assert((answer?.length ?? 0) <= 400, 'the answer is larger than it may be')
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
      const time = answerNtp(damaged(NTP, next), 1e12)
      assert((time?.length ?? 48) === 48, 'the time is longer than it may be')
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

const SERVICES = [
  'icmp',
  'dns',
  'dhcp',
  'ntp',
  'http',
  'https',
  'tcp/6667',
  'tcp/9',
  'udp/9',
  'udp/80',
  'file',
]

/** A table as a person might write it, and as one might by mistake: the first line that fits decides. */
function randomRules(
  next: Next,
): readonly (PolicyRule & { readonly kind: 'rule'; readonly comment: string })[] {
  const guests = ['a', 'b', 'c', '*', '*']
  return Array.from({ length: next(15) }, () => ({
    kind: 'rule',
    source: pick(next, guests),
    destination: pick(next, next(2) === 0 ? ['gateway', 'portal', 'internet', '*'] : guests),
    service: next(5) === 0 ? '*' : pick(next, SERVICES),
    verdict: pick(next, ['allow', 'allow', 'allow', 'ask', 'deny'] as const),
    comment: '',
  }))
}

describe('the switch given anything', () => {
  it(
    'delivers nothing that a table at random does not allow, of a guest, a service, a site or the world',
    async () => {
      const passed: Record<string, number> = {}
      let [sites, fetched] = [0, 0]
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const next = numbers(seed)
          let table = new PolicyTable({ entries: [] }, (id) => id)
          const someoneMay = (destination: string): boolean =>
            all.some(({ id }) => lawful.verdict({ source: id, destination, service: 'http' }) === 'allow')
          const bench = new Bench({
            decide: (flow) => table.decide(flow).verdict,
            mayTalk: (from, to) => table.mayTalk(from, to),
            site: () => {
              assert(someoneMay('portal'), 'a page is read that nobody may read')
              sites += 1
              return Promise.resolve({ type: 'text/plain', bytes: new Uint8Array(2000) })
            },
            fetch: () => {
              assert(someoneMay('internet'), 'a page is fetched that nobody may have')
              fetched += 1
              return Promise.reject(new TypeError('no world here'))
            },
          })
          const all = [bench.plug('a', 1), bench.plug('b', 2), bench.plug('c', 3)]
          const lawful = new Lawful(all)
          const seen = new Map(all.map((guest) => [guest, 0]))
          const look = (check: (frame: Uint8Array, guest: BenchGuest) => void): void => {
            for (const guest of all) {
              for (let at = seen.get(guest) ?? 0; at < guest.received.length; at++)
                check(guest.received[at] ?? new Uint8Array(), guest)
              seen.set(guest, guest.received.length)
            }
          }
          for (let batch = 0; batch < 100; batch++) {
            if (batch % 25 === 0) {
              const rules = randomRules(next)
              table = new PolicyTable({ entries: rules }, (id) => id)
              lawful.rule(rules)
              bench.fabric.policyChanged()
              await settle()
              look((frame, guest) => lawful.checkLater(frame, guest))
            }
            const own = pick(next, all)
            await own.send(...Array.from({ length: 20 }, () => nearlyRight(next, own, all)))
            look((frame, guest) => lawful.check(frame, own, guest))
            await bench.clock.advance(50)
            look((frame, guest) => lawful.checkLater(frame, guest))
          }
          for (const [kind, count] of Object.entries(lawful.passed))
            passed[kind] = (passed[kind] ?? 0) + count
          assert(bench.clock.timers <= 3 * 96, 'more timers than connections')
          const strangers = bench.fabric.stations().filter(({ kind }) => kind === 'refused')
          assert(strangers.length <= 3 * 8, 'more strangers than are kept')
          for (const { port } of all) port.detach()
          assert(bench.clock.timers === 0, 'timers of nobody are left')
        }),
        { numRuns: Math.ceil(CASES / 2000) },
      )
      // Of each kind there was enough to be wrong.
      for (const [kind, count] of Object.entries({ ...passed, sites, fetched }))
        expect([kind, count > CASES / 5000]).toEqual([kind, true])
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

it('sums as RFC 1071 does', async () => {
  await settle()
  const sample = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  expect(fold(sum16(sample, 0, 8))).toBe(0xddf2)
  expect(fold(sum16(sample, 0, 7))).toBe(fold(0x0001 + 0xf203 + 0xf4f5 + 0xf600))
  expect(pseudoSum(0x0102_0304, 0x0506_0708, 6, 20)).toBe(0x0102 + 0x0304 + 0x0506 + 0x0708 + 6 + 20)
})
