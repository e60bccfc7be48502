/** One vNIC's port: its identity, what it may still send, what is under way to it, and its counters. */

import {
  DROP_REASONS,
  type DropReason,
  type FabricEnvironment,
  type PortCounters,
  type PortSpec,
} from './environment.ts'
import { FlowTable } from './flows.ts'
import { GATEWAY_ADDRESS, GATEWAY_MAC, StandIns } from './addresses.ts'
import { Strangers } from './strangers.ts'
import { parseMac } from './packets/address.ts'
import { unreachable } from './packets/icmp.ts'
import type { Envelope, Ipv4Packet } from './packets/ipv4.ts'

/** Frames given to the owner and not yet taken: two of the card's own rings. What comes beyond is dropped. */
const MOST_UNDER_WAY = 512

/**
 * Frames a port may send in a window of time. The card holds a guest to 4,096 in 250 ms (machine/vnic.ts), and a slow
 * timer may let two of its windows fall into one of ours; what is faster comes from a worker that no longer does.
 */
const FRAMES_PER_WINDOW = 8192
const WINDOW_MS = 250

/** Unasked frames (errors) that a port is sent in a window of a second. */
const NOTICES_PER_SECOND = 20

export class Port {
  readonly id: string
  readonly mac: number
  readonly address: number
  readonly flows = new FlowTable()
  readonly standIns = new StandIns()
  readonly strangers = new Strangers()
  readonly #spec: PortSpec
  readonly #environment: FabricEnvironment
  readonly #dropped: Record<DropReason, number>
  #output: Uint8Array[] = []
  #flushing = false
  #underWay = 0
  #windowStart = 0
  #framesLeft = FRAMES_PER_WINDOW
  #noticeStart = 0
  #noticesLeft = NOTICES_PER_SECOND
  #attached = true
  #heardAt: number | undefined
  #fromFrames = 0
  #fromBytes = 0
  #toFrames = 0
  #toBytes = 0

  constructor(spec: PortSpec, address: number, environment: FabricEnvironment) {
    this.id = spec.id
    this.mac = parseMac(spec.mac)
    this.address = address
    this.#spec = spec
    this.#environment = environment
    const zeros = DROP_REASONS.map((reason) => [reason, 0] as const)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the keys it was given
    this.#dropped = Object.fromEntries(zeros) as Record<DropReason, number>
  }

  get attached(): boolean {
    return this.#attached
  }

  detach(): void {
    this.#attached = false
    this.#output = []
  }

  /** Whether one more frame from it is within its rate. */
  admits(now: number): boolean {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now
      this.#framesLeft = FRAMES_PER_WINDOW
    }
    this.#framesLeft -= 1
    return this.#framesLeft >= 0
  }

  /** Tells the guest that `packet` went nowhere, unless it has been told so often enough. */
  tellUnreachable(packet: Ipv4Packet, code: number): void {
    const now = this.#environment.now()
    if (now - this.#noticeStart >= 1000) {
      this.#noticeStart = now
      this.#noticesLeft = NOTICES_PER_SECOND
    }
    if (this.#noticesLeft === 0) return
    this.#noticesLeft -= 1
    this.deliver(unreachable(this.envelope(GATEWAY_ADDRESS), code, packet.bytes))
  }

  /** Of what the gateway sends to it, in the name of `source`. */
  envelope(source: number): Envelope {
    return { sourceMac: GATEWAY_MAC, destinationMac: this.mac, source, destination: this.address }
  }

  /** When it sent its last frame. */
  get heardAt(): number | undefined {
    return this.#heardAt
  }

  countReceived(frame: Uint8Array, now: number): void {
    this.#heardAt = now
    this.#fromFrames += 1
    this.#fromBytes += frame.length
    this.#environment.observe?.(this.id, 'from-guest', frame)
  }

  /** The frame that was counted last is not carried. */
  refuse(reason: DropReason): void {
    this.drop(reason)
    this.#environment.refused?.(this.id, reason)
  }

  drop(reason: DropReason): void {
    this.#dropped[reason] += 1
  }

  /** Towards the guest; frames of one turn go together. `frame` is the port's from now on. */
  deliver(frame: Uint8Array): void {
    if (!this.#attached) return
    if (this.#underWay + this.#output.length >= MOST_UNDER_WAY) return this.drop('full')
    this.#toFrames += 1
    this.#toBytes += frame.length
    this.#environment.observe?.(this.id, 'to-guest', frame)
    this.#output.push(frame)
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  taken(frames: number): void {
    if (Number.isInteger(frames) && frames > 0) this.#underWay = Math.max(0, this.#underWay - frames)
  }

  counters(): PortCounters {
    return {
      fromGuest: { frames: this.#fromFrames, bytes: this.#fromBytes },
      toGuest: { frames: this.#toFrames, bytes: this.#toBytes },
      dropped: { ...this.#dropped },
    }
  }

  #flush(): void {
    this.#flushing = false
    const frames = this.#output
    this.#output = []
    if (frames.length === 0 || !this.#attached) return
    this.#underWay += frames.length
    this.#spec.send(frames)
  }
}
