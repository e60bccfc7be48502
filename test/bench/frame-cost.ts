/** What the fabric and its policy cost a frame, under Node: nanoseconds of the supervisor’s thread. */

import type { FabricEnvironment } from '../../src/fabric/environment.ts'
import { Fabric } from '../../src/fabric/fabric.ts'
import { parseIpv4Address, parseMac } from '../../src/fabric/packets/address.ts'
import { tcpFrame } from '../../src/fabric/packets/tcp.ts'
import { udpFrame } from '../../src/fabric/packets/udp.ts'
import { FlowTable } from '../../src/fabric/flows.ts'
import type { Flow, Verdict } from '../../src/protocol/policy.ts'
import { Guard } from '../../src/hypercore/policy/guard.ts'
import { median } from './statistics.ts'

const FRAMES = 20_000
const ROUNDS = 15
const BYTES = 1400

export type FrameCost = {
  /** A frame of a conversation that is open: parsed, checked, found, delivered. */
  readonly frameNs: number
  /** Of that, what the policy adds: whether the conversation is one that it has let pass. */
  readonly lookupNs: number
  /** A frame that opens a conversation, allowed by the policy’s table. */
  readonly openingNs: number
  /** The same with a yes without any table: what is left is the opening itself. */
  readonly openingWithoutTableNs: number
  /** A frame that the table denies, written to its log. */
  readonly deniedNs: number
}

function guard(): Guard {
  const made = new Guard({
    applianceOf: () => undefined,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    after: () => () => undefined,
    emit: () => undefined,
    changed: () => undefined,
  })
  const policy = `primary web udp/9 allow\nprimary web tcp/9 allow\n${made.text}`
  if (!made.setPolicy(policy).ok) throw new Error('the bench’s policy is none')
  return made
}

type Wired = {
  send(frames: readonly Uint8Array[]): void
  frame(kind: 'tcp' | 'udp' | 'denied', port: number): Uint8Array
}

/** Two guests, of whom the one sends to the other. */
function wired(decide: (flow: Flow) => Verdict): Wired {
  const environment: FabricEnvironment = {
    decide,
    mayTalk: () => true,
    // Of its own, in large steps: neither the port's rate nor its number of conversations is what is measured.
    now: (() => {
      let now = 0
      return () => (now += 40)
    })(),
    wallClock: () => 0,
    after: () => () => undefined,
    fetch: () => Promise.reject(new Error('no world here')),
    site: () => Promise.resolve(undefined),
    sites: [],
    relay: undefined,
  }
  const fabric = new Fabric(environment, 7)
  const macs = ['02:48:53:00:00:01', '02:48:53:00:00:02'] as const
  const [one, other] = (['primary', 'web'] as const).map((id, index) => {
    const port = fabric.attach({ id, mac: macs[index] ?? '', send: (frames) => port.taken(frames.length) })
    return port
  })
  if (one === undefined || other === undefined) throw new Error('two were attached')
  const envelope = {
    sourceMac: parseMac(macs[0]),
    destinationMac: parseMac(macs[1]),
    source: parseIpv4Address(one.address) ?? 0,
    destination: parseIpv4Address(other.address) ?? 0,
  }
  const payload = new Uint8Array(BYTES)
  const fields = { sequence: 1, acknowledgement: 1, flags: 16, window: 9, maximumSegment: undefined }
  return {
    send: (frames) => one.receive(frames),
    frame: (kind, port) =>
      kind === 'tcp'
        ? tcpFrame(envelope, { ...fields, sourcePort: port, destinationPort: 9 }, [payload])
        : udpFrame(envelope, port, kind === 'denied' ? 10 : 9, payload),
  }
}

/** Nanoseconds a call, the median of rounds after the code is warm. */
async function nanoseconds(calls: number, round: () => Promise<void> | void): Promise<number> {
  const taken: number[] = []
  for (let turn = 0; turn < 2 * ROUNDS; turn++) {
    const start = performance.now()
    await round()
    if (turn >= ROUNDS) taken.push(((performance.now() - start) * 1e6) / calls)
  }
  return median(taken)
}

/** Frames go in turns of 128, as a card's do; what was delivered is taken in between. */
async function perFrame(wire: Wired, frames: readonly Uint8Array[]): Promise<number> {
  return nanoseconds(FRAMES, async () => {
    for (let sent = 0; sent < FRAMES; sent += 128) {
      wire.send(frames.slice(sent % frames.length, (sent % frames.length) + 128))
      await Promise.resolve()
    }
  })
}

export async function measureFrameCost(): Promise<FrameCost> {
  const rules = guard()
  const ruled = wired((flow) => rules.decideFlow(flow))
  const free = wired(() => 'allow')
  const repeated = (frame: Uint8Array): Uint8Array[] => Array.from({ length: 128 }, () => frame)
  // So many that each has been forgotten when it comes round again.
  const openings = (wire: Wired, kind: 'udp' | 'denied'): Uint8Array[] =>
    Array.from({ length: 128 * 32 }, (_, index) => wire.frame(kind, 1024 + index))
  const frameNs = await perFrame(ruled, repeated(ruled.frame('tcp', 1024)))
  const flows = new FlowTable()
  flows.open({ source: 'a', destination: 'b', service: 'tcp/9' }, 0x0a53_070b, 6, 1024, 9, 0)
  const lookupNs = await nanoseconds(FRAMES, () => {
    for (let index = 0; index < FRAMES; index++) flows.has(0x0a53_070b, 6, 1024, 9, 1)
  })
  return {
    frameNs,
    lookupNs,
    openingNs: await perFrame(ruled, openings(ruled, 'udp')),
    openingWithoutTableNs: await perFrame(free, openings(free, 'udp')),
    deniedNs: await perFrame(ruled, openings(ruled, 'denied')),
  }
}
