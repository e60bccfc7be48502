/**
 * The receiving half of a connection: which bytes are expected, which have come, and the window that the guest was told.
 *
 * The links under it keep the order and lose nothing but what overflows a ring, so segments out of order are not kept:
 * they are acknowledged with what was expected, and come again.
 */

import { Flag, type Segment } from '../packets/tcp.ts'
import { ByteQueue } from './byte-queue.ts'
import { after, plus } from './sequence.ts'
import { Waiters } from '../waiters.ts'

/** Received and not yet read; also the largest window that needs no scaling option. */
export const RECEIVE_BUFFER = 65_535

/** Room of less than this is told only together with something else. */
const WORTH_TELLING = 1460

export class ReceiveSide {
  readonly #incoming = new ByteQueue()
  readonly #readers = new Waiters()
  #expected: number
  #advertisedEnd: number
  #ended = false

  /** `syn`: the sequence number of the guest's first segment. */
  constructor(syn: number) {
    this.#expected = plus(syn, 1)
    this.#advertisedEnd = plus(this.#expected, RECEIVE_BUFFER)
  }

  get expected(): number {
    return this.#expected
  }

  /** The guest has sent its last byte. */
  get ended(): boolean {
    return this.#ended
  }

  /** The window for the segment that is about to leave; what was once told is never taken back. */
  advertise(): number {
    const window = Math.max(RECEIVE_BUFFER - this.#incoming.length, this.#told())
    this.#advertisedEnd = plus(this.#expected, window)
    return window
  }

  /** Whether, after a read, there is so much more room that it is worth a segment. */
  hasRoomToTell(): boolean {
    const told = this.#told()
    const room = RECEIVE_BUFFER - this.#incoming.length
    return room - told >= RECEIVE_BUFFER / 2 || (told < WORTH_TELLING && room > told)
  }

  /** RFC 9293, section 3.10.7.4: some part of the segment lies in the window that the guest was told. */
  accepts({ sequence, flags, payload }: Segment): boolean {
    const length = payload.length + ((flags & Flag.syn) === 0 ? 0 : 1) + ((flags & Flag.fin) === 0 ? 0 : 1)
    const window = this.#told()
    const first = after(sequence, this.#expected)
    if (length === 0) return first === 0 || (first > 0 && first < window)
    return first < window && first + length > 0
  }

  /** Keeps what is new of an acceptable segment. “end”: its last byte was the guest's last. */
  take(segment: Segment): 'nothing' | 'data' | 'end' {
    const hasFin = (segment.flags & Flag.fin) !== 0
    if (segment.payload.length === 0 && !hasFin) return 'nothing'
    const skip = after(this.#expected, segment.sequence)
    // A gap before it: the guest is told what is missing. After its own end it sends nothing new.
    if (skip < 0 || this.#ended) return 'data'
    const fresh = segment.payload.subarray(skip, skip + this.#told())
    if (fresh.length > 0) {
      // A copy: the frame's buffer belongs to whoever handed it over.
      this.#incoming.push(fresh.slice())
      this.#expected = plus(this.#expected, fresh.length)
    }
    const isWhole = skip + fresh.length >= segment.payload.length
    if (hasFin && isWhole) {
      this.#expected = plus(this.#expected, 1)
      this.#ended = true
    }
    this.#readers.wake()
    return hasFin && isWhole ? 'end' : 'data'
  }

  /** What has come and was not read; undefined where nothing more will. */
  async read(isOver: () => boolean): Promise<Uint8Array | undefined> {
    while (this.#incoming.length === 0) {
      if (this.#ended || isOver()) return undefined
      await this.#readers.wait()
    }
    return this.#incoming.take()
  }

  /** The connection is over: nobody waits any longer. */
  close(): void {
    this.#readers.wake()
  }

  #told(): number {
    return after(this.#advertisedEnd, this.#expected)
  }
}
