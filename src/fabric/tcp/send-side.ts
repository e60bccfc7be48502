/**
 * The sending half of a connection: what was written and is not yet acknowledged, both windows, and what is sent again
 * when (RFC 6298 for the timeout, RFC 5681 for the rest).
 */

import { Flag, type Segment } from '../packets/tcp.ts'
import { ByteQueue } from './byte-queue.ts'
import { Congestion } from './congestion.ts'
import { RoundTrip } from './round-trip.ts'
import { after, plus } from './sequence.ts'
import { Waiters } from '../waiters.ts'

/** Ethernet's 1,500 bytes less two headers of 20. */
export const OUR_MAXIMUM_SEGMENT = 1460

/** What a guest takes that says nothing about it (RFC 9293, section 3.7.1), and the least that is worth a header. */
const DEFAULT_MAXIMUM_SEGMENT = 536
const LEAST_MAXIMUM_SEGMENT = 64

/** Written and not yet acknowledged. */
const SEND_BUFFER = 128 * 1024

/** Retransmissions of the same bytes before the peer counts as gone: half a minute. */
const MAX_RETRIES = 7

export type SendHost = {
  now(): number
  send(flags: number, sequence: number, payload?: readonly Uint8Array[]): void
}

export class SendSide {
  readonly #host: SendHost
  readonly #maximumSegment: number
  readonly #congestion: Congestion
  readonly #roundTrip = new RoundTrip()
  readonly #outgoing = new ByteQueue()
  readonly #writers = new Waiters()
  #unacknowledged: number
  #next: number
  #highestSent: number
  #peerWindow: number
  /** Of the segment that set the window last. */
  #windowSequence: number
  #windowAcknowledgement: number
  #ending = false
  #fin: 'unsent' | 'sent' | 'acknowledged' = 'unsent'
  #duplicates = 0
  #retries = 0
  #deadline: number

  /** The SYN that answers `syn` counts as under way. */
  constructor(host: SendHost, syn: Segment, initialSequence: number) {
    this.#host = host
    const most = Math.min(OUR_MAXIMUM_SEGMENT, syn.maximumSegment ?? DEFAULT_MAXIMUM_SEGMENT)
    this.#maximumSegment = Math.max(LEAST_MAXIMUM_SEGMENT, most)
    this.#congestion = new Congestion(this.#maximumSegment, SEND_BUFFER)
    this.#unacknowledged = initialSequence
    this.#next = plus(initialSequence, 1)
    this.#highestSent = this.#next
    this.#peerWindow = syn.window
    this.#windowSequence = syn.sequence
    this.#windowAcknowledgement = initialSequence
    this.#deadline = host.now() + this.#roundTrip.timeoutMs
  }

  get unacknowledged(): number {
    return this.#unacknowledged
  }

  get next(): number {
    return this.#next
  }

  /** When what is under way is sent again. */
  get deadline(): number {
    return this.#deadline
  }

  get ending(): boolean {
    return this.#ending
  }

  get finSent(): boolean {
    return this.#fin !== 'unsent'
  }

  get room(): number {
    return SEND_BUFFER - this.#outgoing.length
  }

  get waitsForAnswer(): boolean {
    return this.#unacknowledged !== this.#highest() || this.#outgoing.length > 0
  }

  /** Settles when there may be room again, or the connection is over. */
  news(): Promise<void> {
    return this.#writers.wait()
  }

  push(bytes: Uint8Array): void {
    this.#outgoing.push(bytes)
  }

  /** After what is in the buffer comes the end. */
  end(): void {
    this.#ending = true
  }

  close(): void {
    this.#outgoing.drop(this.#outgoing.length)
    this.#writers.wake()
  }

  /** The guest's answer to our SYN. False: it answers something else. */
  open(segment: Segment): boolean {
    const advance = after(segment.acknowledgement, this.#unacknowledged)
    if (advance < 1 || advance > this.#flight()) return false
    this.#unacknowledged = plus(this.#unacknowledged, 1)
    this.#retries = 0
    this.#roundTrip.acknowledged(segment.acknowledgement, this.#host.now())
    this.#setWindow(segment)
    this.#restart()
    return true
  }

  /** “beyond”: it acknowledges what was never sent. “end”: all, our end included. */
  acknowledged(segment: Segment): 'beyond' | 'nothing' | 'some' | 'end' {
    const advance = after(segment.acknowledgement, this.#unacknowledged)
    if (advance > this.#flight()) return 'beyond'
    const before = this.#fin
    if (advance > 0) this.#advance(advance, segment)
    else if (advance === 0 && this.#isDuplicate(segment)) this.#duplicate()
    // It is there and has no room: asking goes on for as long as it answers (RFC 1122, section 4.2.2.17).
    if (advance === 0 && segment.window === 0) this.#retries = 0
    if (advance >= 0) this.#setWindow(segment)
    if (advance <= 0) return 'nothing'
    return this.#fin === before ? 'some' : 'end'
  }

  /** Sends as much as both windows let it. */
  pump(): void {
    for (;;) {
      const offset = after(this.#next, this.#unacknowledged)
      const unsent = this.#outgoing.length - offset
      if (unsent <= 0) break
      const room = Math.min(this.#peerWindow, this.#congestion.window) - offset
      const length = Math.min(unsent, this.#maximumSegment, room)
      // Small pieces only where nothing else is left, or nothing is under way (RFC 1122, section 4.2.3.4).
      if (length <= 0 || (length < this.#maximumSegment && length < unsent && offset > 0)) break
      if (offset === 0) this.#restart()
      if (this.#retries === 0) this.#roundTrip.begin(plus(this.#next, length), this.#host.now())
      this.#sendData(offset, length)
      this.#moveTo(plus(this.#next, length))
    }
    this.#sendFin()
  }

  /** The deadline has passed. False: the peer counts as gone. */
  backOff(): boolean {
    this.#retries += 1
    if (this.#retries > MAX_RETRIES) return false
    this.#roundTrip.backOff()
    this.#restart()
    return true
  }

  /** From the first unacknowledged byte on, once more; a closed window is asked about with one byte. */
  resend(): void {
    this.#congestion.lostAll(this.#flight())
    this.#next = this.#unacknowledged
    if (this.#outgoing.length === 0) return this.#sendFin()
    const length = Math.min(this.#outgoing.length, this.#maximumSegment, Math.max(1, this.#peerWindow))
    this.#sendData(0, length)
    return this.#moveTo(plus(this.#next, length))
  }

  #isDuplicate(segment: Segment): boolean {
    return (
      segment.payload.length === 0 &&
      segment.window === this.#peerWindow &&
      this.#flight() > 0 &&
      (segment.flags & Flag.fin) === 0
    )
  }

  #advance(count: number, segment: Segment): void {
    this.#roundTrip.acknowledged(segment.acknowledgement, this.#host.now())
    if (this.#fin === 'sent' && count > this.#outgoing.length) this.#fin = 'acknowledged'
    this.#outgoing.drop(count)
    this.#unacknowledged = segment.acknowledgement
    if (after(this.#next, this.#unacknowledged) < 0) this.#next = this.#unacknowledged
    this.#duplicates = 0
    this.#retries = 0
    this.#congestion.acknowledged(count)
    this.#restart()
    this.#writers.wake()
  }

  /** The third in a row says that a segment was lost (RFC 5681, section 3.2). */
  #duplicate(): void {
    this.#duplicates += 1
    if (this.#duplicates !== 3) return
    this.#congestion.lostOne(this.#flight())
    this.#roundTrip.discard()
    const length = Math.min(this.#maximumSegment, this.#outgoing.length)
    if (length > 0) this.#sendData(0, length)
    else if (this.finSent) this.#host.send(Flag.fin | Flag.ack, this.#unacknowledged)
  }

  #setWindow(segment: Segment): void {
    const newer = after(segment.sequence, this.#windowSequence)
    if (newer < 0 || (newer === 0 && after(segment.acknowledgement, this.#windowAcknowledgement) < 0)) return
    // The byte that asked about a closed window was thrown away.
    if (this.#peerWindow === 0 && segment.window > 0) this.#next = this.#unacknowledged
    this.#peerWindow = segment.window
    this.#windowSequence = segment.sequence
    this.#windowAcknowledgement = segment.acknowledgement
  }

  #sendFin(): void {
    if (!this.#ending || this.#fin === 'acknowledged') return
    if (after(this.#next, this.#unacknowledged) !== this.#outgoing.length) return
    if (this.#outgoing.length === 0) this.#restart()
    this.#host.send(Flag.fin | Flag.ack, this.#next)
    this.#moveTo(plus(this.#next, 1))
    this.#fin = 'sent'
  }

  #sendData(offset: number, length: number): void {
    const isLast = offset + length >= this.#outgoing.length
    this.#host.send(
      isLast ? Flag.ack | Flag.psh : Flag.ack,
      plus(this.#unacknowledged, offset),
      this.#outgoing.views(offset, length),
    )
  }

  #moveTo(next: number): void {
    this.#next = next
    this.#highestSent = this.#highest()
  }

  /** One past the highest number that was ever sent; a retransmission may have set `#next` back. */
  #highest(): number {
    return after(this.#next, this.#highestSent) > 0 ? this.#next : this.#highestSent
  }

  #flight(): number {
    return after(this.#highest(), this.#unacknowledged)
  }

  #restart(): void {
    this.#deadline = this.#host.now() + this.#roundTrip.timeoutMs
  }
}
