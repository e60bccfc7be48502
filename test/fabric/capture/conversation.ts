/** A morning on the fabric: two guests that get leases, ask names, ping, read a page, and are refused something. */

import { PORTAL_ADDRESS } from '../../../src/fabric/addresses.ts'
import { Capture } from '../../../src/fabric/capture/capture.ts'
import { writePcapng } from '../../../src/fabric/capture/pcapng.ts'
import { formatIpv4Address, putU32 } from '../../../src/fabric/packets/address.ts'
import { EtherType, etherType, Protocol } from '../../../src/fabric/packets/ipv4.ts'
import { Flag, tcpFrame } from '../../../src/fabric/packets/tcp.ts'
import { udpFrame } from '../../../src/fabric/packets/udp.ts'
import { arp, Bench, ping, type BenchGuest } from '../bench.ts'
import { TcpClient } from '../tcp-client.ts'

const text = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words)

/** A fabric whose every frame is recorded. */
export function recordedBench(capture: Capture): {
  readonly bench: Bench
  readonly plug: (id: string, number: number) => BenchGuest
} {
  const bench = new Bench({
    decide: ({ destination }) => (destination === 'web' ? 'deny' : 'allow'),
    site: (_host, path) =>
      Promise.resolve(
        path === '/' || path === '/index.html'
          ? { type: 'text/html', bytes: text('<h1>portal</h1>') }
          : undefined,
      ),
    observe: (id, direction, frame) => capture.observe(id, direction, frame),
    refused: (id, reason) => capture.refused(id, reason),
  })
  return {
    bench,
    plug: (id, number) => {
      const guest = bench.plug(id, number)
      capture.attach({ id, mac: macText(guest.mac), address: guest.port.address })
      return guest
    },
  }
}

function macText(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replaceAll(/..(?=.)/g, '$&:')
}

function discover(guest: BenchGuest): Uint8Array {
  const payload = new Uint8Array(300)
  payload.set([1, 1, 6, 0, 0xab, 0xcd, 0xef, 1])
  payload.set([2, 0x48, 0x53, 0, 0, guest.mac % 256], 28)
  putU32(payload, 236, 0x6382_5363)
  payload.set([53, 1, 1, 255], 240)
  const envelope = {
    sourceMac: guest.mac,
    destinationMac: 0xffff_ffff_ffff,
    source: 0,
    destination: 0xffff_ffff,
  }
  return udpFrame(envelope, 68, 67, payload)
}

function query(name: string): Uint8Array {
  const labels: number[] = []
  for (const label of name.split('.')) labels.push(label.length, ...text(label))
  return Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1)
}

/** @returns what was recorded of it */
export async function converse(
  capture = new Capture({ now: () => 0, wallClock: () => 0 }),
): Promise<Capture> {
  const { bench, plug } = recordedBench(capture)
  const primary = plug('primary', 1)
  const web = plug('web', 2)
  capture.start()
  await primary.send(discover(primary))
  await primary.send(arp({ mac: primary.mac, sender: primary.address, target: web.address }))
  await primary.send(ping(primary.envelope('gateway'), 77))
  await primary.send(udpFrame(primary.envelope('gateway'), 40_000, 53, query('portal')))
  await primary.send(udpFrame(primary.envelope('gateway'), 40_001, 53, query('nowhere')))
  await primary.send(udpFrame(primary.envelope('gateway'), 123, 123, ntp()))
  const client = new TcpClient(
    primary,
    PORTAL_ADDRESS,
    80,
    40_002,
    text('GET / HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n'),
  )
  for (let step = 0; step < 20 && !client.done; step++) {
    await primary.send(...client.segments())
    await primary.send(...client.listen(isTcp))
    await bench.clock.advance(100)
  }
  if (!new TextDecoder().decode(Uint8Array.from(client.received)).includes('<h1>portal</h1>'))
    throw new Error('the page did not come')
  // Refused, and told so.
  const knock = { sourcePort: 40_003, destinationPort: 22, sequence: 1, acknowledgement: 0, window: 1000 }
  await primary.send(tcpFrame(primary.envelope(web), { ...knock, flags: Flag.syn, maximumSegment: 1460 }))
  // And the other way, which is allowed.
  await web.send(web.udp(primary, 5000, 5001, text('hello')))
  return capture
}

function isTcp(frame: Uint8Array): boolean {
  return etherType(frame) === EtherType.ipv4 && frame[23] === Protocol.tcp
}

function ntp(): Uint8Array {
  const payload = new Uint8Array(48)
  payload[0] = 0x23
  return payload
}

export function fileOf(capture: Capture, id?: string): Uint8Array<ArrayBuffer> {
  return writePcapng({
    ports: capture.ports(id),
    frames: capture.frames(0, id),
    writer: 'a test',
    comment: 'a comment',
    now: 1_700_000_000_000,
  })
}

export const PORTAL = formatIpv4Address(PORTAL_ADDRESS)
