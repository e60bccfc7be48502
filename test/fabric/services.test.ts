import { describe, expect, it } from 'vitest'
import { GATEWAY_ADDRESS, PORTAL_ADDRESS } from '../../src/fabric/addresses.ts'
import { putU32, u16At, u32At } from '../../src/fabric/packets/address.ts'
import { Protocol } from '../../src/fabric/packets/ipv4.ts'
import { udpFrame } from '../../src/fabric/packets/udp.ts'
import { Bench, ipv4Of, ping, udpOf, type BenchGuest } from './bench.ts'

const BROADCAST = 0xffff_ffff

/** A DHCP message as a client sends it before it has an address. */
function dhcp(
  guest: BenchGuest,
  type: number,
  options: readonly (readonly [number, number])[] = [],
  change: (payload: Uint8Array) => void = () => undefined,
): Uint8Array {
  const payload = new Uint8Array(300)
  payload.set([1, 1, 6, 0, 0xab, 0xcd, 0xef, 0x01])
  payload.set([2, 0x48, 0x53, 0, 0, guest.mac % 256], 28)
  putU32(payload, 236, 0x6382_5363)
  payload.set([53, 1, type], 240)
  let at = 243
  for (const [code, value] of options) {
    payload.set([code, 4], at)
    putU32(payload, at + 2, value)
    at += 6
  }
  payload[at] = 255
  change(payload)
  const envelope = {
    sourceMac: guest.mac,
    destinationMac: 0xffff_ffff_ffff,
    source: 0,
    destination: BROADCAST,
  }
  return udpFrame(envelope, 68, 67, payload)
}

/** The message's type, its address, and the options that hold one address. */
function leaseOf(frame: Uint8Array | undefined): {
  type: number
  address: number
  options: Map<number, number>
} {
  const { payload } = udpOf(frame)
  const options = new Map<number, number>()
  let at = 240
  while (payload[at] !== 255) {
    const length = payload[at + 1] ?? 0
    options.set(payload[at] ?? 0, length === 4 ? u32At(payload, at + 2) : (payload[at + 2] ?? 0))
    at += 2 + length
  }
  return { type: options.get(53) ?? 0, address: u32At(payload, 16), options }
}

function query(name: string, type = 1): Uint8Array {
  const labels: number[] = []
  for (const label of name.split('.')) labels.push(label.length, ...new TextEncoder().encode(label))
  return Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1)
}

async function resolve(
  guest: BenchGuest,
  name: string,
  type = 1,
): Promise<{ code: number; address: number | undefined }> {
  const [frame] = await guest.send(guest.udp('gateway', 4000, 53, query(name, type)))
  const { payload } = udpOf(frame)
  expect(u16At(payload, 0)).toBe(0x1234)
  return {
    code: (payload[3] ?? 0) & 15,
    address: u16At(payload, 6) === 1 ? u32At(payload, payload.length - 4) : undefined,
  }
}

function guestOf(options: ConstructorParameters<typeof Bench>[0] = {}): { bench: Bench; a: BenchGuest } {
  const bench = new Bench({ decide: () => 'allow', ...options })
  return { bench, a: bench.plug('a', 1) }
}

describe('DHCP', () => {
  it('offers and leases each port its own address, with gateway, name server and time', async () => {
    const { bench, a } = guestOf()
    const b = bench.plug('b', 2)
    const offer = leaseOf((await a.send(dhcp(a, 1)))[0])
    expect([offer.type, offer.address]).toEqual([2, a.address])
    expect(b.address).not.toBe(a.address)
    const lease = leaseOf(
      (
        await a.send(
          dhcp(a, 3, [
            [50, a.address],
            [54, GATEWAY_ADDRESS],
          ]),
        )
      )[0],
    )
    expect([lease.type, lease.address]).toEqual([5, a.address])
    for (const option of [3, 6, 42, 54]) expect(lease.options.get(option)).toBe(GATEWAY_ADDRESS)
    expect(lease.options.get(1)).toBe(0xffff_0000)
    expect(b.received).toEqual([])
  })

  it('refuses another address, is silent where another server was meant, and where the hardware address lies', async () => {
    const { a } = guestOf()
    expect(leaseOf((await a.send(dhcp(a, 3, [[50, a.address + 1]])))[0]).type).toBe(6)
    expect(
      await a.send(
        dhcp(a, 3, [
          [50, a.address],
          [54, 0x0101_0101],
        ]),
      ),
    ).toEqual([])
    expect(await a.send(dhcp(a, 1, [], (payload) => (payload[33] = 99)))).toEqual([])
    expect(await a.send(dhcp(a, 2))).toEqual([])
    expect(await a.send(dhcp(a, 1, [], (payload) => (payload[236] = 0)))).toEqual([])
    expect(a.drops()).toEqual({ 'forged-mac': 1, malformed: 2 })
  })

  it('tells iPXE, and nobody else, that no second server is to be waited for', async () => {
    const { a } = guestOf()
    const asksFor = async (list: number) =>
      leaseOf((await a.send(dhcp(a, 1, [[55, list]])))[0]).options.get(175)
    expect(await asksFor(0x01_03_06_af)).toBe(176)
    expect(await asksFor(0x01_03_06_0f)).toBeUndefined()
  })

  it('is asked about in the policy', async () => {
    const { bench, a } = guestOf({ decide: () => 'deny' })
    const answers = await a.send(dhcp(a, 1))
    expect(answers.filter((frame) => ipv4Of(frame).protocol === Protocol.udp)).toEqual([])
    expect(bench.asked).toEqual([{ source: 'a', destination: 'gateway', service: 'dhcp' }])
  })
})

describe('DNS', () => {
  it('knows the gateway, the sites and the guests that may be talked to', async () => {
    const { bench, a } = guestOf({ sites: ['portal', 'library'], mayTalk: (_from, to) => to === 'b' })
    const b = bench.plug('b', 2)
    bench.plug('c', 3)
    expect(await resolve(a, 'gateway')).toEqual({ code: 0, address: GATEWAY_ADDRESS })
    expect(await resolve(a, 'Portal')).toEqual({ code: 0, address: PORTAL_ADDRESS })
    expect(await resolve(a, 'library.hyperspace.internal')).toEqual({ code: 0, address: PORTAL_ADDRESS })
    expect(await resolve(a, 'b')).toEqual({ code: 0, address: b.address })
    expect(await resolve(a, 'b', 28)).toEqual({ code: 0, address: undefined })
    expect(await resolve(a, 'c')).toEqual({ code: 3, address: undefined })
    expect(await resolve(a, 'nobody')).toEqual({ code: 3, address: undefined })
  })

  it('gives each name of the world a stand-in of its own, and each guest its own', async () => {
    const { bench, a } = guestOf()
    const first = await resolve(a, 'example.com')
    const second = await resolve(a, 'example.org')
    expect(first.code).toBe(0)
    expect((first.address ?? 0) >>> 17).toBe(0xc612_0000 >>> 17)
    expect(second.address).not.toBe(first.address)
    expect(await resolve(a, 'EXAMPLE.com')).toEqual(first)
    expect(await resolve(bench.plug('b', 2), 'example.org')).toEqual(first)
    for (const closed of ['printer.local', 'a.internal', '1.0.0.10.in-addr.arpa', 'x y.example', 'localhost'])
      expect((await resolve(a, closed)).code).toBe(3)
  })

  it('keeps a bounded number of stand-ins', async () => {
    const { bench, a } = guestOf()
    for (let turn = 0; turn < 1100; turn++) {
      await resolve(a, `n${turn}.example.com`)
      await bench.clock.advance(5)
    }
    // The oldest gave way: it gets a new one.
    const again = await resolve(a, 'n0.example.com')
    expect(again.address).toBe(0xc612_0000 + 1101)
    expect((await resolve(a, 'n1099.example.com')).address).toBe(0xc612_0000 + 1100)
  })

  it('stays silent to what is no question', async () => {
    const { a } = guestOf()
    const answer = query('portal')
    answer[2] = 0x81
    const loop = query('portal')
    loop[12] = 0xc0
    const two = query('portal')
    two[5] = 2
    for (const payload of [answer, loop, two, query('portal').subarray(0, 15), new Uint8Array()])
      expect(await a.send(a.udp('gateway', 4000, 53, payload))).toEqual([])
    expect(a.drops()).toEqual({ malformed: 5 })
  })
})

describe('ping and time', () => {
  it('answers at the gateway and the portal, with the data, and not for the world', async () => {
    const { a } = guestOf()
    for (const address of [GATEWAY_ADDRESS, PORTAL_ADDRESS]) {
      const packet = ipv4Of((await a.send(ping(a.envelope('gateway', address), 5)))[0])
      expect([packet.source, packet.payload[0], u16At(packet.payload, 4)]).toEqual([address, 0, 5])
    }
    const packet = ipv4Of((await a.send(ping(a.envelope('gateway', 0x0808_0808), 5)))[0])
    expect([packet.payload[0], packet.payload[1]]).toEqual([3, 0])
  })

  it('tells the wall clock’s time by NTP, as a clock that nobody steers', async () => {
    const { bench, a } = guestOf()
    const question = new Uint8Array(48)
    question[0] = 0x23
    putU32(question, 40, 0xdead_beef)
    const { payload } = udpOf((await a.send(a.udp('gateway', 123, 123, question)))[0])
    expect([payload[0], payload[1]]).toEqual([0x24, 10])
    expect(u32At(payload, 24)).toBe(0xdead_beef)
    expect(u32At(payload, 40) - 2_208_988_800).toBe(
      Math.floor((1_700_000_000_000 + bench.clock.now()) / 1000),
    )
    expect(await a.send(a.udp('gateway', 123, 123, question.subarray(0, 47)))).toEqual([])
  })

  it('says at once that nobody listens on another port', async () => {
    const { a } = guestOf()
    const packet = ipv4Of((await a.send(a.udp('gateway', 4000, 514)))[0])
    expect([packet.payload[0], packet.payload[1]]).toEqual([3, 3])
  })
})
