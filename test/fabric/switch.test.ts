import { describe, expect, it } from 'vitest'
import { GATEWAY_ADDRESS, GATEWAY_MAC } from '../../src/fabric/addresses.ts'
import { macAt, putMac, putU16, putU32, u32At } from '../../src/fabric/packets/address.ts'
import {
  EtherType,
  etherType,
  fold,
  ipv4Frame,
  PAYLOAD_AT,
  Protocol,
  sum16,
} from '../../src/fabric/packets/ipv4.ts'
import { Flag, parseTcp, tcpFrame } from '../../src/fabric/packets/tcp.ts'
import { udpFrame } from '../../src/fabric/packets/udp.ts'
import { arp, Bench, ipv4Of, ping, settle, type BenchGuest } from './bench.ts'

function twoGuests(options: ConstructorParameters<typeof Bench>[0] = {}): {
  bench: Bench
  a: BenchGuest
  b: BenchGuest
} {
  const bench = new Bench({ decide: () => 'allow', ...options })
  return { bench, a: bench.plug('a', 1), b: bench.plug('b', 2) }
}

/** The IPv4 header's checksum, after a change of it. */
function resealed(frame: Uint8Array): Uint8Array {
  putU16(frame, 24, 0)
  putU16(frame, 24, ~fold(sum16(frame, 14, 34)) & 0xffff)
  return frame
}

describe('a port', () => {
  it('carries what its guest may send, untouched', async () => {
    const { a, b } = twoGuests()
    const frame = a.udp(b, 5000, 9)
    await a.send(frame)
    expect(b.received).toEqual([frame])
    expect(b.port.counters().toGuest).toEqual({ frames: 1, bytes: frame.length })
    expect(a.port.counters().fromGuest).toEqual({ frames: 1, bytes: frame.length })
  })

  it('refuses a forged MAC', async () => {
    const { a, b } = twoGuests()
    const frame = a.udp(b, 5000, 9)
    putMac(frame, 6, b.mac)
    await a.send(frame)
    expect(b.received).toEqual([])
    expect(a.drops()).toEqual({ 'forged-mac': 1 })
  })

  it('remembers what a guest claimed, a few addresses and for a while, and believes none of it', async () => {
    const { bench, a, b } = twoGuests()
    const forged = a.udp(b, 5000, 9)
    putMac(forged, 6, b.mac)
    await a.send(a.udp(b, 5000, 9), forged, arp({ mac: a.mac, sender: b.address, target: GATEWAY_ADDRESS }))
    const own = { port: 'a', name: 'a', mac: '02:48:53:00:00:01', address: a.port.address, kind: 'static' }
    const claimed = { port: 'a', name: '', kind: 'refused', silentSeconds: 0 }
    const idle = { port: 'b', name: 'b', mac: '02:48:53:00:00:02', address: b.port.address, kind: 'static' }
    expect(bench.fabric.stations()).toEqual([
      { ...own, silentSeconds: 0 },
      { ...claimed, mac: '02:48:53:00:00:02', address: a.port.address },
      { ...claimed, mac: '02:48:53:00:00:01', address: b.port.address },
      { ...idle, silentSeconds: undefined },
    ])
    for (let mac = 1; mac <= 1000; mac++) {
      putMac(forged, 6, mac)
      await a.send(forged)
    }
    const refused = (): string[] =>
      bench.fabric.stations().flatMap(({ kind, mac }) => (kind === 'refused' ? [mac] : []))
    expect(refused()).toHaveLength(8)
    expect(refused().at(-1)).toBe('00:00:00:00:03:e8')
    await bench.clock.advance(299_000)
    expect(refused()).toHaveLength(8)
    await bench.clock.advance(2000)
    expect(refused()).toEqual([])
    expect(b.received).toHaveLength(1)
  })

  it('refuses a forged IP address, and a sender of zeros that asks for no lease', async () => {
    const { a, b } = twoGuests()
    for (const source of [b.address, GATEWAY_ADDRESS, 0, 0x0a09_0807]) {
      const frame = a.udp(b, 5000, 9)
      putU32(frame, 26, source)
      await a.send(resealed(frame))
    }
    expect(b.received).toEqual([])
    expect(a.drops()).toEqual({ 'forged-ip': 4 })
  })

  it('refuses ARP that speaks for another, and every reply', async () => {
    const { a, b } = twoGuests()
    await a.send(
      arp({ mac: a.mac, sender: b.address, target: GATEWAY_ADDRESS }),
      arp({ mac: a.mac, senderMac: b.mac, sender: a.address, target: GATEWAY_ADDRESS }),
      arp({ mac: a.mac, sender: GATEWAY_ADDRESS, target: b.address, operation: 2 }),
      arp({ mac: a.mac, sender: a.address, target: b.address, operation: 2 }),
    )
    expect(a.received).toEqual([])
    expect(b.received).toEqual([])
    expect(a.drops()).toEqual({ 'forged-arp': 3, broadcast: 1 })
  })

  it('refuses tags, other protocols, fragments, options, broadcasts and what is no frame', async () => {
    const { a, b } = twoGuests()
    const tagged = new Uint8Array(64)
    putMac(tagged, 0, b.mac)
    putMac(tagged, 6, a.mac)
    for (const type of [0x8100, 0x88a8, 0x9100]) {
      putU16(tagged, 12, type)
      await a.send(tagged.slice())
    }
    expect(a.drops()).toEqual({ vlan: 3 })
    const other = tagged.slice()
    putU16(other, 12, 0x86dd)
    const fragment = a.udp(b, 5000, 9)
    putU16(fragment, 20, 0x2000)
    const tail = a.udp(b, 5000, 9)
    putU16(tail, 20, 0x0010)
    const options = a.udp(b, 5000, 9, new Uint8Array(40))
    options[14] = 0x46
    const wrongSum = a.udp(b, 5000, 9)
    wrongSum[24] = (wrongSum[24] ?? 0) ^ 1
    const broadcast = a.udp(b, 5000, 9)
    broadcast.fill(255, 0, 6)
    await a.send(
      other,
      resealed(fragment),
      resealed(tail),
      resealed(options),
      wrongSum,
      broadcast,
      new Uint8Array(13),
      new Uint8Array(1515),
    )
    expect(b.received).toEqual([])
    expect(a.drops()).toEqual({ vlan: 3, protocol: 1, fragment: 2, malformed: 4, broadcast: 1 })
  })

  it('gives nothing to a MAC that has another address, or to nobody', async () => {
    const { bench, a, b } = twoGuests()
    const c = bench.plug('c', 3)
    await a.send(
      ipv4Frame(a.envelope(b, c.address), Protocol.udp, 8),
      ipv4Frame({ ...a.envelope(b), destinationMac: 0x0248_5300_0099 }, Protocol.udp, 8),
      ipv4Frame({ ...a.envelope(b), destinationMac: GATEWAY_MAC }, Protocol.udp, 8),
      ipv4Frame(a.envelope(a), Protocol.udp, 8),
    )
    expect([...b.received, ...c.received]).toEqual([])
    expect(a.drops()).toEqual({ 'unknown-destination': 4 })
  })

  it('carries no more than its rate, whatever a message holds', async () => {
    const { bench, a, b } = twoGuests()
    const frame = a.udp(b, 5000, 9)
    const flood = Array.from({ length: 500 }, () => frame)
    for (let message = 0; message < 40; message++) await a.send(...flood)
    expect(b.received.length).toBe(8192)
    expect(a.drops().rate).toBe(20_000 - 8192)
    await bench.clock.advance(250)
    await a.send(frame)
    expect(b.received.length).toBe(8193)
  })

  it('looks at a bounded part of one message', async () => {
    const { a, b } = twoGuests()
    await a.send(...Array.from({ length: 5000 }, () => a.udp(b, 5000, 9)))
    expect(a.drops()).toEqual({ rate: 5000 - 1024 })
  })

  it('keeps no more under way than its ring, and goes on when they are taken', async () => {
    const { a, b } = twoGuests()
    b.takes = false
    const frame = a.udp(b, 5000, 9)
    await a.send(...Array.from({ length: 600 }, () => frame))
    expect(b.received.length).toBe(512)
    expect(b.drops()).toEqual({ full: 88 })
    for (const nonsense of [-5, Number.NaN, 0.5, Number.POSITIVE_INFINITY]) b.port.taken(nonsense)
    await a.send(frame)
    expect(b.received.length).toBe(512)
    b.port.taken(2)
    await a.send(frame, frame, frame)
    expect(b.received.length).toBe(514)
  })

  it('is silent once detached, and its address is free again', async () => {
    const { bench, a, b } = twoGuests()
    b.port.detach()
    await a.send(a.udp(b, 5000, 9))
    b.port.receive([b.udp(a, 1, 2)])
    await settle()
    expect(a.received).toEqual([])
    expect(b.received).toEqual([])
    expect(bench.plug('c', 2).address).toBe(b.address)
  })
})

describe('the switch', () => {
  it('answers ARP itself, and only for those who may talk', async () => {
    const { a, b } = twoGuests({ mayTalk: (from, to) => from === 'b' && to === 'a' })
    const ask = (target: number): Uint8Array => arp({ mac: a.mac, sender: a.address, target })
    const [gateway] = await a.send(ask(GATEWAY_ADDRESS))
    expect(etherType(gateway ?? new Uint8Array())).toBe(EtherType.arp)
    expect(macAt(gateway ?? new Uint8Array(), 22)).toBe(GATEWAY_MAC)
    const [peer] = await a.send(ask(b.address))
    expect([macAt(peer ?? new Uint8Array(), 22), u32At(peer ?? new Uint8Array(), 28)]).toEqual([
      b.mac,
      b.address,
    ])
    expect(await a.send(ask(b.address + 1))).toEqual([])
    expect(b.received).toEqual([])

    const strangers = twoGuests({ mayTalk: () => false })
    expect(await strangers.a.send(ask(strangers.b.address))).toEqual([])
    // A probe for its own address is answered by nobody.
    expect(await a.send(arp({ mac: a.mac, sender: 0, target: a.address }))).toEqual([])
  })

  it('lets replies of an allowed conversation pass, and nothing else back', async () => {
    const { bench, a, b } = twoGuests()
    bench.decide = ({ source }) => (source === 'a' ? 'allow' : 'deny')
    await b.send(b.udp(a, 9, 5000))
    expect(a.received).toEqual([])
    await a.send(a.udp(b, 5000, 9))
    await b.send(b.udp(a, 9, 5000))
    expect(a.received.length).toBe(1)
    await b.send(b.udp(a, 9, 5001), b.udp(a, 10, 5000))
    expect(a.received.length).toBe(1)
    // After a minute of silence it is forgotten.
    await bench.clock.advance(61_000)
    await b.send(b.udp(a, 9, 5000))
    expect(a.received.length).toBe(1)
  })

  it('takes no flow to the world for one to a guest or a service of the same last two bytes: it opened both', async () => {
    const { bench, a, b } = twoGuests()
    bench.decide = ({ destination }) => (destination === 'internet' ? 'allow' : 'deny')
    const elsewhere = (address: number): number => 0x0102_0000 + (address & 0xffff)
    const datagram = (address: number, port: number): Uint8Array =>
      udpFrame(a.envelope('gateway', elsewhere(address)), 5000, port, new Uint8Array(48))
    await a.send(datagram(b.address, 9), ping(a.envelope('gateway', elsewhere(b.address)), 77))
    await a.send(a.udp(b, 5000, 9), ping(a.envelope(b), 77))
    expect(b.received).toEqual([])
    const time = new Uint8Array(48)
    time[0] = 0x23
    await a.send(datagram(GATEWAY_ADDRESS, 123))
    const answers = await a.send(a.udp('gateway', 5000, 123, time))
    expect(answers.filter((frame) => ipv4Of(frame).protocol === Protocol.udp)).toEqual([])
    expect(a.drops()).toEqual({ policy: 3 })
  })

  it('asks the policy once a conversation, with who, whom and what', async () => {
    const { bench, a, b } = twoGuests()
    await a.send(a.udp(b, 5000, 9), a.udp(b, 5000, 9), a.udp(b, 5000, 123))
    await a.send(ping(a.envelope(b), 77), ping(a.envelope(b), 77))
    await a.send(
      tcpFrame(a.envelope(b), {
        sourcePort: 1000,
        destinationPort: 80,
        sequence: 1,
        acknowledgement: 0,
        flags: Flag.syn,
        window: 1,
        maximumSegment: undefined,
      }),
    )
    expect(bench.asked).toEqual([
      { source: 'a', destination: 'b', service: 'udp/9' },
      { source: 'a', destination: 'b', service: 'ntp' },
      { source: 'a', destination: 'b', service: 'icmp' },
      { source: 'a', destination: 'b', service: 'http' },
    ])
  })

  it('tells a denied guest so, at a bounded rate, and stays silent where the person is asked', async () => {
    const { bench, a, b } = twoGuests()
    bench.decide = () => 'deny'
    const [told] = await a.send(a.udp(b, 5000, 9))
    const notice = ipv4Of(told)
    expect([notice.source, notice.protocol, notice.payload[0], notice.payload[1]]).toEqual([
      GATEWAY_ADDRESS,
      Protocol.icmp,
      3,
      13,
    ])
    await a.send(...Array.from({ length: 500 }, () => a.udp(b, 5000, 9)))
    expect(a.received.length).toBe(20)
    expect(b.received).toEqual([])
    bench.decide = () => 'ask'
    await bench.clock.advance(1000)
    await a.send(a.udp(b, 5000, 9))
    expect(a.received.length).toBe(20)
    expect(a.drops()).toEqual({ policy: 502 })
  })

  it('passes an echo’s reply and an error about a conversation, and no other of either', async () => {
    const { bench, a, b } = twoGuests()
    bench.decide = ({ source }) => (source === 'a' ? 'allow' : 'deny')
    const reply = ping(b.envelope(a), 77)
    reply[PAYLOAD_AT] = 0
    putU16(reply, PAYLOAD_AT + 2, ~77 & 0xffff)
    await b.send(reply)
    expect(a.received).toEqual([])
    await a.send(ping(a.envelope(b), 77))
    await b.send(reply)
    expect(a.received.length).toBe(1)

    const asked = a.udp(b, 5000, 9)
    const error = (about: Uint8Array): Uint8Array => {
      const frame = ipv4Frame(b.envelope(a), Protocol.icmp, 36)
      frame.set([3, 3], PAYLOAD_AT)
      frame.set(about.subarray(14, 42), PAYLOAD_AT + 8)
      return frame
    }
    await b.send(error(asked))
    expect(a.received.length).toBe(1)
    await a.send(asked)
    await b.send(error(asked), error(a.udp(b, 5001, 9)))
    expect(a.received.length).toBe(2)
  })

  it('ends at once what a changed policy no longer allows', async () => {
    const { bench, a, b } = twoGuests()
    await a.send(a.udp(b, 5000, 9), a.udp(b, 5000, 10))
    bench.decide = ({ service }) => (service === 'udp/10' ? 'allow' : 'deny')
    bench.fabric.policyChanged()
    await b.send(b.udp(a, 9, 5000), b.udp(a, 10, 5000))
    expect(a.received.map((frame) => ipv4Of(frame).protocol)).toEqual([Protocol.icmp, Protocol.udp].slice(1))
  })

  it('resets a connection to the gateway that a changed policy no longer allows', async () => {
    const { bench, a } = twoGuests()
    const syn = {
      sourcePort: 1000,
      destinationPort: 80,
      sequence: 1,
      acknowledgement: 0,
      flags: Flag.syn,
      window: 1000,
      maximumSegment: undefined,
    }
    const [answer] = await a.send(tcpFrame(a.envelope('gateway', GATEWAY_ADDRESS + 1), syn))
    expect(parseTcp(ipv4Of(answer))?.flags).toBe(Flag.syn | Flag.ack)
    bench.decide = () => 'deny'
    bench.fabric.policyChanged()
    await settle()
    expect((parseTcp(ipv4Of(a.received.at(-1)))?.flags ?? 0) & Flag.rst).toBe(Flag.rst)
  })
})
