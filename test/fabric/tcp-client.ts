/**
 * The guest's end of a connection for tests: a stop-and-go client that does nothing clever. It opens, sends its bytes from
 * the first unacknowledged one on, takes bytes in order, and closes when it has sent all and heard the other end.
 */

import { Flag, parseTcp, tcpFrame, type Segment } from '../../src/fabric/packets/tcp.ts'
import { after, plus } from '../../src/fabric/tcp/sequence.ts'
import { ipv4Of, type BenchGuest } from './bench.ts'

const PIECE = 1000

export class TcpClient {
  readonly received: number[] = []
  state: 'opening' | 'open' | 'reset' = 'opening'
  peerEnded = false
  endAcknowledged = false
  window = 60_000
  readonly #guest: BenchGuest
  readonly #address: number
  readonly #port: number
  readonly #own: number
  readonly #bytes: Uint8Array
  #seen = 0
  #unacknowledged: number
  #expected = 0
  #peerWindow = 1

  constructor(
    guest: BenchGuest,
    address: number,
    port: number,
    own: number,
    bytes: Uint8Array,
    first = 5000,
  ) {
    this.#guest = guest
    this.#address = address
    this.#port = port
    this.#own = own
    this.#bytes = bytes
    this.#unacknowledged = first
  }

  get sent(): number {
    return this.#sentBytes
  }
  #sentBytes = 0

  /** What it would put on the wire now. */
  segments(): Uint8Array[] {
    if (this.state === 'reset') return []
    if (this.state === 'opening') return [this.#frame(Flag.syn, this.#unacknowledged, [], 1460)]
    const left = this.#bytes.subarray(this.#sentBytes)
    const frames: Uint8Array[] = []
    const room = Math.max(1, Math.min(left.length, this.#peerWindow, 4 * PIECE))
    for (let at = 0; at < Math.min(room, left.length); at += PIECE)
      frames.push(
        this.#frame(Flag.ack | Flag.psh, plus(this.#unacknowledged, at), [
          left.subarray(at, Math.min(room, at + PIECE)),
        ]),
      )
    if (left.length === 0 && !this.endAcknowledged)
      frames.push(this.#frame(Flag.ack | Flag.fin, this.#unacknowledged, []))
    if (frames.length === 0) frames.push(this.#frame(Flag.ack, plus(this.#unacknowledged, 0), []))
    return frames
  }

  get done(): boolean {
    return this.endAcknowledged && this.peerEnded
  }

  /** Looks at what has come since; answers the acknowledgements that it would send. */
  listen(keep: (frame: Uint8Array) => boolean = () => true): Uint8Array[] {
    const answers: Uint8Array[] = []
    for (const frame of this.#guest.received.slice(this.#seen)) {
      this.#seen += 1
      const segment = keep(frame) ? parseTcp(ipv4Of(frame)) : undefined
      if (segment === undefined || segment.destinationPort !== this.#own) continue
      if (this.#take(segment)) answers.push(this.#frame(Flag.ack, this.#unacknowledged, []))
    }
    return answers
  }

  /** Whether it deserves an acknowledgement. */
  #take(segment: Segment): boolean {
    if ((segment.flags & Flag.rst) !== 0) {
      // A late acknowledgement may find the other end gone: in TIME-WAIT a reset says nothing (RFC 1337, section 3).
      if (!this.done) this.state = 'reset'
      return false
    }
    if (this.state === 'opening') {
      if (segment.acknowledgement !== plus(this.#unacknowledged, 1)) return false
      this.state = 'open'
      this.#unacknowledged = segment.acknowledgement
      this.#expected = plus(segment.sequence, 1)
      this.#peerWindow = segment.window
      return true
    }
    const advance = after(segment.acknowledgement, this.#unacknowledged)
    if (advance > 0) {
      const left = this.#bytes.length - this.#sentBytes
      this.#sentBytes += Math.min(advance, left)
      if (advance > left) this.endAcknowledged = true
      this.#unacknowledged = segment.acknowledgement
    }
    this.#peerWindow = segment.window
    const isNext = segment.sequence === this.#expected
    if (isNext && segment.payload.length <= this.window) {
      this.received.push(...segment.payload)
      this.#expected = plus(this.#expected, segment.payload.length)
      if ((segment.flags & Flag.fin) !== 0 && !this.peerEnded) {
        this.peerEnded = true
        this.#expected = plus(this.#expected, 1)
      }
    }
    return segment.payload.length > 0 || (segment.flags & (Flag.fin | Flag.syn)) !== 0
  }

  #frame(
    flags: number,
    sequence: number,
    payload: readonly Uint8Array[],
    maximumSegment?: number,
  ): Uint8Array {
    const fields = {
      sourcePort: this.#own,
      destinationPort: this.#port,
      sequence,
      acknowledgement: flags === Flag.syn ? 0 : this.#expected,
      flags,
      window: this.window,
      maximumSegment,
    }
    return tcpFrame(this.#guest.envelope('gateway', this.#address), fields, payload)
  }

  reset(): Uint8Array {
    return this.#frame(Flag.rst, this.#unacknowledged, [])
  }
}
