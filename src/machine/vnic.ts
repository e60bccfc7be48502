/** The virtual network card: frames out as the guest sends them, frames in through a bounded ring, drop-tail. */

import type { Internals } from './v86-internals.ts'

/** Ethernet without FCS: header only, and header with the usual 1,500 bytes. */
const SHORTEST_FRAME = 14
const LONGEST_FRAME = 1514

/** Frames that wait for the guest; at 1,514 bytes each 390 KiB, a few ms of its best throughput. */
const RING_FRAMES = 256

/**
 * Frames a guest may send per `replenish()`, four a second: at 1,514 bytes each 24 MB a second, above its best measured
 * throughput. What it sends beyond is lost on the wire, as on any other, and floods nobody.
 */
const FRAMES_PER_TURN = 4096

export type VnicCounters = {
  readonly rxFrames: number
  readonly rxBytes: number
  readonly txFrames: number
  readonly txBytes: number
  readonly dropped: number
}

/** “02:48:53:00:00:01” as six bytes. @throws RangeError when it is none: addresses come from the supervisor */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`not a MAC address: ${text}`)
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16))
}

export class Vnic {
  readonly #internals: Internals
  #ring: Uint8Array[] = []
  #outgoing: Uint8Array<ArrayBuffer>[] = []
  #framesLeft = FRAMES_PER_TURN
  #rxFrames = 0
  #rxBytes = 0
  #txFrames = 0
  #txBytes = 0
  #dropped = 0

  constructor(internals: Internals, mac: string) {
    this.#internals = internals
    this.setAddress(mac)
    internals.on('net0-send', (untrustedFrame: Uint8Array) => {
      const { length } = untrustedFrame
      if (length < SHORTEST_FRAME || length > LONGEST_FRAME || this.#framesLeft === 0) this.#dropped++
      else {
        this.#framesLeft--
        this.#txFrames++
        this.#txBytes += length
        // A copy: the guest's driver has the buffer back as soon as this returns.
        this.#outgoing.push(new Uint8Array(untrustedFrame))
      }
    })
  }

  /** Before anything executes. @throws RangeError where it is no MAC address */
  setAddress(mac: string): void {
    const { virtio_net, net } = this.#internals.cpu.devices
    const card = virtio_net ?? net
    if (card === undefined) throw new Error('the machine was built without a network card')
    const address = parseMac(mac)
    card.mac.set(address)
    // A driver of the NE2000 reads its address there and nowhere else.
    for (const [index, byte] of address.entries()) card.memory?.fill(byte, index * 2, index * 2 + 2)
  }

  /** From the point of view of the guest: rx is what it received. Frames that it has not taken yet do not count. */
  counters(): VnicCounters {
    return {
      rxFrames: this.#rxFrames,
      rxBytes: this.#rxBytes,
      txFrames: this.#txFrames,
      txBytes: this.#txBytes,
      dropped: this.#dropped,
    }
  }

  /** To be called four times a second. */
  replenish(): void {
    this.#framesLeft = FRAMES_PER_TURN
  }

  /** What the guest has sent since the last call; each frame has a buffer of its own. */
  takeOutgoing(): Uint8Array<ArrayBuffer>[] {
    if (this.#outgoing.length === 0) return this.#outgoing
    const frames = this.#outgoing
    this.#outgoing = []
    return frames
  }

  /** A frame from the wire; dropped and counted where it is malformed or the ring is full. */
  receive(untrustedFrame: Uint8Array): void {
    const length = untrustedFrame.length
    if (length < SHORTEST_FRAME || length > LONGEST_FRAME || this.#ring.length >= RING_FRAMES) this.#dropped++
    else this.#ring.push(untrustedFrame)
  }

  /** After a slice, too: hands the guest as many frames as its driver has buffers for. */
  deliver(): void {
    if (this.#ring.length === 0) return
    const queue = this.#internals.cpu.devices.virtio_net?.virtio.queues[0]
    while (this.#ring.length > 0) {
      // The NE2000 model has no such question: it drops silently when its own ring is full.
      if (queue !== undefined && !(queue.is_configured() && queue.has_request())) return
      const frame = this.#ring.shift() ?? new Uint8Array()
      this.#rxFrames++
      this.#rxBytes += frame.length
      this.#internals.bus.send('net0-receive', frame)
    }
  }
}
