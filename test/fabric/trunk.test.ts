import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { assert } from '../../src/base/assert.ts'
import { TRUNK_MAC, type TrunkLink } from '../../src/fabric/trunk.ts'
import { macAt, putU32, u32At } from '../../src/fabric/packets/address.ts'
import { parseArp } from '../../src/fabric/packets/arp.ts'
import { fold, ipv4Frame, PAYLOAD_AT, Protocol, sum16 } from '../../src/fabric/packets/ipv4.ts'
import { udpFrame } from '../../src/fabric/packets/udp.ts'
import { PolicyTable } from '../../src/hypercore/policy/table.ts'
import type { Flow, PolicyRule, Verdict } from '../../src/protocol/policy.ts'
import { parseTrunkMessage, type TrunkMessage } from '../../src/protocol/trunk.ts'
import { arp, Bench, ipv4Of, ping, settle, type BenchGuest } from './bench.ts'
import { pick } from './hostile-frames.ts'
import { Lawful } from './lawful.ts'
import { CASES, damaged, numbers } from '../support/fuzz.ts'

/** Two machines, a guest in each, and a wire between them that can be listened to. */
class Pair {
  readonly here = new Bench({ decide: (flow) => this.hereDecides(flow) })
  readonly there = new Bench({ decide: (flow) => this.thereDecides(flow) }, 9)
  readonly a: BenchGuest = this.here.plug('messaging', 1)
  readonly b: BenchGuest = this.there.plug('messaging', 1)
  readonly wire: TrunkMessage[] = []
  hereDecides: (flow: Flow) => Verdict = () => 'deny'
  thereDecides: (flow: Flow) => Verdict = () => 'deny'
  readonly #toHere: TrunkLink
  readonly #toThere: TrunkLink

  constructor() {
    const carry = (message: TrunkMessage, link: () => TrunkLink): void => {
      this.wire.push(message)
      queueMicrotask(() => link().receive(structuredClone(message)))
    }
    this.#toHere = this.here.fabric.trunk.attach((message) => carry(message, () => this.#toThere))
    this.#toThere = this.there.fabric.trunk.attach((message) => carry(message, () => this.#toHere))
  }

  /** As if the other machine had said it. */
  say(message: unknown): void {
    this.#toHere.receive(message)
  }

  leave(): void {
    this.#toThere.detach()
  }

  udp(from: BenchGuest, to: BenchGuest, port: number): Uint8Array {
    const envelope = {
      sourceMac: from.mac,
      destinationMac: TRUNK_MAC,
      source: from.address,
      destination: to.address,
    }
    return udpFrame(envelope, 5000, port, new Uint8Array(8))
  }
}

let pair: Pair

beforeEach(async () => {
  pair = new Pair()
  await settle()
})

describe('two machines on a trunk', () => {
  it('know each other’s guests by name, and forget them when one leaves or falls silent', async () => {
    expect(pair.here.fabric.trunk.report().machines).toEqual([
      { machine: 9, stations: [{ name: 'messaging.m9', address: '10.83.9.10' }] },
    ])
    pair.there.plug('web', 2)
    await settle()
    expect(pair.here.fabric.trunk.report().machines[0]?.stations.map(({ name }) => name)).toEqual([
      'messaging.m9',
      'web.m9',
    ])
    pair.leave()
    await settle()
    expect(pair.here.fabric.trunk.report().machines).toEqual([])
    const silent = new Pair()
    await settle()
    await silent.here.clock.advance(15_001)
    silent.here.fabric.trunk.tick()
    expect(silent.here.fabric.trunk.report().machines).toEqual([])
  })

  it('carry what both policies let pass, and its replies', async () => {
    pair.hereDecides = ({ destination, service }) =>
      destination === 'trunk' && service === 'udp/7' ? 'allow' : 'deny'
    pair.thereDecides = ({ source, destination, service }) =>
      source === 'trunk' && destination === 'messaging' && service === 'udp/7' ? 'allow' : 'deny'
    const frame = pair.udp(pair.a, pair.b, 7)
    await pair.a.send(frame)
    await settle()
    expect(pair.b.received).toHaveLength(1)
    const got = pair.b.received[0] ?? new Uint8Array(14)
    expect(got.subarray(14)).toEqual(frame.subarray(14))
    expect([macAt(got, 0), macAt(got, 6)]).toEqual([pair.b.mac, TRUNK_MAC])
    // The answer needs no line of its own.
    const envelope = {
      sourceMac: pair.b.mac,
      destinationMac: TRUNK_MAC,
      source: pair.b.address,
      destination: pair.a.address,
    }
    await pair.b.send(udpFrame(envelope, 7, 5000, new Uint8Array(8)))
    await settle()
    expect(pair.a.received).toHaveLength(1)
  })

  it('stop what either denies', async () => {
    pair.hereDecides = () => 'allow'
    await pair.a.send(pair.udp(pair.a, pair.b, 7))
    await settle()
    expect(pair.there.asked).toEqual([{ source: 'trunk', destination: 'messaging', service: 'udp/7' }])
    expect(pair.b.received).toEqual([])
    const before = pair.wire.length
    pair.hereDecides = () => 'deny'
    await pair.a.send(pair.udp(pair.a, pair.b, 8))
    await settle()
    expect(pair.wire).toHaveLength(before)
    expect(pair.a.drops()).toEqual({ policy: 1 })
  })

  it('end what the policy no longer allows', async () => {
    pair.hereDecides = () => 'allow'
    pair.thereDecides = () => 'allow'
    await pair.a.send(pair.udp(pair.a, pair.b, 7))
    await settle()
    pair.thereDecides = () => 'deny'
    pair.there.fabric.policyChanged()
    await pair.a.send(pair.udp(pair.a, pair.b, 7))
    await settle()
    expect(pair.b.received).toHaveLength(1)
  })

  it('answer ARP for each other’s guests with the trunk’s address, to who may talk there', async () => {
    const [reply] = await pair.a.send(
      arp({ mac: pair.a.mac, sender: pair.a.address, target: pair.b.address }),
    )
    expect(reply === undefined ? undefined : parseArp(reply)?.senderMac).toBe(TRUNK_MAC)
    const apart = new Bench({ mayTalk: () => false })
    const lonely = apart.plug('web', 1)
    apart.fabric.trunk
      .attach(() => undefined)
      .receive({
        kind: 'hello',
        version: 1,
        machine: 9,
        stations: [{ name: 'messaging', address: pair.b.address }],
        wants: false,
      })
    expect(
      await lonely.send(arp({ mac: lonely.mac, sender: lonely.address, target: pair.b.address })),
    ).toEqual([])
  })

  it('with one number between them hear nothing of each other, and say so', () => {
    const hello = { kind: 'hello', version: 1, machine: 7, stations: [], wants: false }
    pair.say(hello)
    expect(pair.here.fabric.trunk.report().clash).toBe(true)
  })
})

describe('another machine', () => {
  it('speaks for its own guests alone', async () => {
    pair.hereDecides = () => 'allow'
    const forged = (source: number): Uint8Array => {
      const frame = ipv4Frame(
        { sourceMac: 1, destinationMac: 2, source, destination: pair.a.address },
        Protocol.udp,
        8,
      )
      putU32(frame, PAYLOAD_AT, 0x1388_0007)
      return frame.subarray(14)
    }
    // A guest of this machine, the gateway, one that was not told of, and the world.
    for (const source of [pair.a.address, 0x0a53_0001, pair.b.address + 1, 0x0808_0808, 0])
      pair.say({ kind: 'packet', bytes: forged(source) })
    await settle()
    expect(pair.a.received).toEqual([])
    pair.say({ kind: 'packet', bytes: forged(pair.b.address) })
    await settle()
    expect(pair.a.received).toHaveLength(1)
  })

  it('cannot take over the guests of a third', async () => {
    const said: TrunkMessage[] = []
    const third = pair.here.fabric.trunk.attach((message) => said.push(message))
    third.receive({
      kind: 'hello',
      version: 1,
      machine: 9,
      stations: [{ name: 'vault', address: pair.b.address }],
      wants: false,
    })
    expect(pair.here.fabric.trunk.report().machines[0]?.stations[0]?.name).toBe('messaging.m9')
    pair.hereDecides = () => 'allow'
    await pair.a.send(pair.udp(pair.a, pair.b, 7))
    expect(said.filter(({ kind }) => kind === 'packet')).toEqual([])
  })

  it('cannot flood', () => {
    const { trunk } = pair.here.fabric
    for (let machine = 10; machine <= 250; machine++)
      pair.say({ kind: 'hello', version: 1, machine, stations: [], wants: false })
    expect(trunk.report().machines.length).toBeLessThanOrEqual(16)
    pair.hereDecides = () => 'allow'
    const frame = ipv4Frame(
      { sourceMac: 1, destinationMac: 2, source: pair.b.address, destination: pair.a.address },
      Protocol.udp,
      8,
    )
    for (let sent = 0; sent < 20_000; sent++) pair.say({ kind: 'packet', bytes: frame.subarray(14) })
    expect(pair.a.port.counters().toGuest.frames).toBeLessThanOrEqual(4096)
  })

  it('whatever it says, throws nothing and reaches nobody that the policy does not allow', async () => {
    const { here, a, b } = pair
    const services = ['udp/7', 'udp/9', 'icmp', 'dns', '*']
    const next = numbers(fc.sample(fc.integer(), 1)[0] ?? 1)
    const rules = (): (PolicyRule & { readonly kind: 'rule'; readonly comment: string })[] =>
      Array.from({ length: 6 }, () => ({
        kind: 'rule',
        comment: '',
        source: pick(next, ['trunk', 'trunk', 'messaging', '*']),
        destination: pick(next, ['messaging', 'messaging', 'trunk', '*']),
        service: pick(next, services),
        verdict: pick(next, ['allow', 'allow', 'deny', 'ask'] as const),
      }))
    const addresses = [b.address, b.address + 1, a.address, 0x0a53_0001, 0x0a53_0a0a, 0, -1, 2 ** 40]
    const machine = (): unknown => pick(next, [9, 9, 9, 10, 7, next(256), -1, 1.5])
    const hello = (): unknown => ({
      kind: 'hello',
      version: pick(next, [1, 1, 1, 1, 2, '1']),
      machine: machine(),
      stations: pick(next, [
        [{ name: 'messaging', address: b.address }],
        Array.from({ length: next(4) }, () => ({
          name: pick(next, ['messaging', 'web', 'primary', 'a b']),
          address: pick(next, addresses),
        })),
        Array.from({ length: 40 }, (_, index) => ({ name: `g${index}`, address: b.address + index })),
        'x',
      ]),
      wants: next(2) === 0,
    })
    const packet = (): Uint8Array => {
      const [source, destination] = [next(3) > 0 ? b.address : pick(next, addresses), next(8)]
      const envelope = {
        sourceMac: 1,
        destinationMac: 2,
        source,
        destination: destination > 0 ? a.address : pick(next, addresses),
      }
      if (next(3) === 0) return ping(envelope, next(3)).subarray(14)
      const ports = [7, 9, 53, 5000]
      const frame = udpFrame(envelope, pick(next, ports), pick(next, ports), new Uint8Array(next(20)))
      if (next(20) === 0) frame[20] = 0x20
      return (next(4) === 0 ? damaged(frame, next) : frame).subarray(14)
    }
    const odd = fc.sample(fc.anything(), 1000)
    const sayings = [
      hello,
      () => ({ kind: 'bye', machine: machine() }),
      () => ({ kind: 'packet', bytes: pick<unknown>(next, [0, 'x', new Uint8Array(next(30))]) }),
      () => odd[next(odd.length)],
    ]
    // By the letter of what was said: who is told of by this link, and so may send.
    const told = new Map<number, readonly number[]>([[9, [b.address]]])
    let maySend = new Set<number>()
    const note = (message: TrunkMessage | undefined): void => {
      if (message?.kind === 'bye') told.delete(message.machine)
      if (message?.kind !== 'hello' || message.machine === 7) return
      if (!told.has(message.machine) && told.size >= 16) return
      const own = message.stations.filter(({ address }) => address >>> 8 === 0x0a5300 + message.machine)
      told.set(
        message.machine,
        own.map(({ address }) => address),
      )
      for (const { address } of own) maySend.add(address)
    }
    const greeting = { kind: 'hello', version: 1, machine: 9, stations: [{ name: 'b', address: b.address }] }
    let [arrived, judged, model] = [0, 0, new Lawful([a])]
    // What comes from the one that is wired is not of the fuzz.
    pair.leave()
    const look = async (): Promise<void> => {
      await settle()
      for (const frame of a.received.splice(0)) {
        const { source } = ipv4Of(frame)
        assert(maySend.has(source), 'a sender that nobody told of')
        model.check(frame, { id: 'trunk', mac: TRUNK_MAC, address: source }, a)
        arrived += 1
      }
      here.asked.length = 0
      maySend = new Set([...told.values()].flat())
    }
    for (let said = 0; said < CASES; said++) {
      if (said % 20 === 0) await look()
      if (said % 2000 === 0) {
        const rule = rules()
        model = new Lawful([a])
        model.rule(rule)
        const table = new PolicyTable({ entries: rule }, (id) => id)
        pair.hereDecides = (flow) => table.decide(flow).verdict
        here.fabric.policyChanged()
      }
      if (said % 100 === 0) {
        // Forged greetings and farewells would soon leave nobody who may send.
        pair.say(greeting)
        note(parseTrunkMessage(greeting))
      }
      const untrusted = next(8) > 0 ? { kind: 'packet', bytes: packet() } : pick(next, sayings)()
      const before = here.asked.length
      pair.say(untrusted)
      const known = parseTrunkMessage(untrusted)
      note(known)
      judged += here.asked.length - before
      // Within the bound of a link, so that each is looked at.
      here.clock.skip(1)
    }
    await look()
    expect(arrived).toBeGreaterThan(CASES / 50)
    // A link that discards most of what is said judges next to none.
    expect(judged).toBeGreaterThan(CASES / 10)
    expect(here.fabric.trunk.report().machines.length).toBeLessThanOrEqual(16)
    expect(here.fabric.stations().length).toBeLessThanOrEqual(1 + 8 + 16 * 32)
    expect(here.clock.timers).toBe(0)
  })

  it('is told nothing of what is behind the gateway', async () => {
    pair.hereDecides = () => 'allow'
    const frame = ipv4Frame(
      { sourceMac: 1, destinationMac: 2, source: pair.b.address, destination: 0x0a53_0001 },
      Protocol.icmp,
      8,
    )
    const before = pair.wire.length
    pair.say({ kind: 'packet', bytes: frame.subarray(14) })
    await settle()
    expect(pair.wire).toHaveLength(before)
    expect(fold(sum16(frame, 14, 34))).toBe(0xffff)
    expect(u32At(ipv4Of(frame).bytes, 16)).toBe(0x0a53_0001)
  })
})
