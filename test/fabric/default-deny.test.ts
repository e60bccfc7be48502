/** What each guest with a network card reaches under the default policy: by its own frames, and by forged ones. */

import { describe, expect, it } from 'vitest'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { GATEWAY_ADDRESS, GATEWAY_MAC, PORTAL_ADDRESS, SUBNET } from '../../src/fabric/addresses.ts'
import { putU16 } from '../../src/fabric/packets/address.ts'
import { arpReply, parseArp } from '../../src/fabric/packets/arp.ts'
import { etherType, EtherType, parseIpv4, Protocol, type Envelope } from '../../src/fabric/packets/ipv4.ts'
import { Flag, parseTcp, tcpFrame } from '../../src/fabric/packets/tcp.ts'
import { udpFrame } from '../../src/fabric/packets/udp.ts'
import { PolicyTable } from '../../src/hypercore/policy/table.ts'
import { DEFAULT_POLICY, parsePolicy } from '../../src/protocol/policy.ts'
import { arp, Bench, ping, type BenchGuest } from './bench.ts'

const NAMES = [...APPLIANCES.filter(({ network }) => network !== 'none').map(({ name }) => name), 'own']

/** Whom the sweep of each may find by ARP, and what of it may arrive at whom. */
const REACHED: Readonly<
  Record<string, { readonly seen: readonly string[]; readonly arrived: readonly string[] }>
> = {
  primary: { seen: ['messaging'], arrived: ['messaging tcp/6667'] },
  web: { seen: [], arrived: [] },
  // It learns where its client is, since its replies go there.
  messaging: { seen: ['primary'], arrived: [] },
  own: { seen: [], arrived: [] },
}

function plugAll(): { bench: Bench; guests: readonly BenchGuest[] } {
  const policy = parsePolicy(DEFAULT_POLICY)
  if (!policy.ok) throw new Error('the default policy is unsound')
  const table = new PolicyTable(policy.value, (id) => id)
  const bench = new Bench({
    decide: (flow) => table.decide(flow).verdict,
    mayTalk: (from, to) => table.mayTalk(from, to),
  })
  return { bench, guests: NAMES.map((name, index) => bench.plug(name, index + 1)) }
}

/** In pieces that no bound on a port's rate has to stop; small ones where a ring may fill up with answers. */
async function sendAll(
  { clock }: Bench,
  guest: BenchGuest,
  frames: readonly Uint8Array[],
  piece = 50,
): Promise<void> {
  for (let at = 0; at < frames.length; at += piece) {
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    await guest.send(...frames.slice(at, at + piece))
    // oxlint-disable-next-line no-await-in-loop
    await clock.advance(1000)
  }
}

function syn(envelope: Envelope, port: number): Uint8Array {
  const fields = { sourcePort: 4000 + port, destinationPort: port, sequence: 1, acknowledgement: 0 }
  return tcpFrame(envelope, { ...fields, flags: Flag.syn, window: 500, maximumSegment: undefined }, [])
}

/** “tcp/6667” of a frame that has arrived. */
function serviceIn(frame: Uint8Array): string {
  const packet = parseIpv4(frame)
  if (typeof packet === 'string') return packet
  const segment = packet.protocol === Protocol.tcp ? parseTcp(packet) : undefined
  return segment === undefined ? `protocol ${packet.protocol}` : `tcp/${segment.destinationPort}`
}

/** To the one service that the table opens, as another would send it: another's MAC, another's address, in a VLAN, by IPv6. */
function forged(guest: BenchGuest, peer: BenchGuest, third: BenchGuest): Uint8Array[] {
  const as = (change: Partial<Envelope>): Uint8Array => syn({ ...guest.envelope(peer), ...change }, 6667)
  const typed = (type: number): Uint8Array => {
    const frame = as({})
    putU16(frame, 12, type)
    return frame
  }
  return [
    as({ sourceMac: third.mac }),
    as({ sourceMac: GATEWAY_MAC }),
    as({ source: third.address }),
    as({ source: GATEWAY_ADDRESS }),
    as({ sourceMac: third.mac, source: third.address }),
    as({ destinationMac: 0xffff_ffff_ffff }),
    as({ destinationMac: third.mac }),
    arpReply(guest.mac, third.address, peer.mac, peer.address),
    arpReply(guest.mac, GATEWAY_ADDRESS, peer.mac, peer.address),
    arp({ mac: guest.mac, sender: third.address, target: peer.address }),
    arp({ mac: guest.mac, senderMac: third.mac, sender: guest.address, target: peer.address }),
    ...[0x8100, 0x88a8, 0x9100, 0x86dd, 0x88cc].map(typed),
  ]
}

describe('under the default policy', () => {
  it('the test knows every guest that has a network card', () => {
    expect(Object.keys(REACHED).toSorted()).toEqual(NAMES.toSorted())
  })

  it.each(NAMES)(
    'a sweep of the whole subnet by %s finds what the table allows, and no more',
    async (name) => {
      const { bench, guests } = plugAll()
      const guest = guests.find(({ id }) => id === name)
      if (guest === undefined) throw new Error('no such guest')
      const peers = guests.filter(({ id }) => id !== name)
      // Every address of the /16, asked for by ARP, and by way of the gateway, which routes nothing within it.
      const addresses = Array.from({ length: 65_534 }, (_, index) => SUBNET + index + 1)
      await sendAll(
        bench,
        guest,
        addresses.map((target) => arp({ mac: guest.mac, sender: guest.address, target })),
        1000,
      )
      const asked = guest.drops()
      expect(asked).toEqual({
        'unknown-destination': addresses.length - 3 - (REACHED[name]?.seen.length ?? 0),
      })
      const beyond = addresses.filter((address) => address !== GATEWAY_ADDRESS && address !== PORTAL_ADDRESS)
      await sendAll(
        bench,
        guest,
        beyond.map((address) => udpFrame(guest.envelope('gateway', address), 5000, 6667, new Uint8Array(4))),
        1000,
      )
      expect(guest.drops()).toEqual({
        'unknown-destination': (asked['unknown-destination'] ?? 0) + beyond.length,
      })
      expect(peers.flatMap(({ received }) => received)).toEqual([])
      const seen = guest.received.flatMap((frame) => {
        const answer = etherType(frame) === EtherType.arp ? parseArp(frame) : undefined
        return guests.filter(({ address }) => address === answer?.sender).map(({ id }) => id)
      })
      expect(seen).toEqual(REACHED[name]?.seen)

      for (const peer of peers)
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await sendAll(bench, guest, [
          ping(guest.envelope(peer), 1),
          ...[9, 53, 67, 6667].map((port) => guest.udp(peer, 5000, port)),
          ...[22, 80, 443, 6667, 6697, 8080].map((port) => syn(guest.envelope(peer), port)),
        ])
      const arrived = peers.flatMap(({ id, received }) =>
        received.map((frame) => `${id} ${serviceIn(frame)}`),
      )
      expect(arrived).toEqual(REACHED[name]?.arrived)
    },
  )

  it.each(NAMES)('nobody hears a forged frame of %s', async (name) => {
    const { bench, guests } = plugAll()
    const guest = guests.find(({ id }) => id === name)
    if (guest === undefined) throw new Error('no such guest')
    const peers = guests.filter(({ id }) => id !== name)
    const frames = peers.flatMap((peer) =>
      peers.filter((third) => third !== peer).flatMap((third) => forged(guest, peer, third)),
    )
    await sendAll(bench, guest, frames)
    expect(peers.flatMap(({ received }) => received)).toEqual([])
    const dropped = Object.values(guest.drops()).reduce((sum, count) => sum + count, 0)
    expect(dropped).toBe(frames.length)
  })
})
