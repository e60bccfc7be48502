/**
 * One TCP connection that a guest has opened, seen from the far end (RFC 9293): handshake, windows both ways,
 * retransmission by a measured timeout (RFC 6298), slow start and congestion avoidance (RFC 5681), close and reset.
 *
 * ```
 * syn-received ─► established ─► close-wait ─► last-ack ─► closed
 *                     │ end()                                ▲
 *                     ▼                                      │
 *                 fin-wait-1 ─► fin-wait-2 ─► time-wait ─────┤
 *                     └──────► closing ──────────┘           │
 * any state ── reset, or nothing heard in time ──────────────┘
 * ```
 * The links under it keep the order and lose nothing but what overflows a ring, so segments out of order are not kept:
 * they are acknowledged with what was expected, and come again.
 */

import type { Dispose } from '../../base/disposables.ts'
import { Flag, type Segment, type SegmentFields } from '../packets/tcp.ts'
import { ByteQueue } from './byte-queue.ts'
import { Congestion } from './congestion.ts'
import { RoundTrip } from './round-trip.ts'
import { after, plus } from './sequence.ts'

/** Ethernet's 1,500 bytes less two headers of 20. */
export const OUR_MAXIMUM_SEGMENT = 1460

/** Received and not yet read; also the largest window that needs no scaling option. */
const RECEIVE_BUFFER = 65_535

/** Written and not yet acknowledged. */
const SEND_BUFFER = 128 * 1024

/** Retransmissions of the same bytes before the peer counts as gone: half a minute. */
const MAX_RETRIES = 7

/** Fresh connections that never complete are a scan or a flood. */
const HANDSHAKE_MS = 10_000

/** Nothing heard for so long: the guest was ended, or sleeps. */
const IDLE_MS = 15 * 60_000

/** We have ended and the guest has not. */
const HALF_CLOSED_MS = 30_000

/** Twice the segment lifetime of a link in one memory, generously. */
const TIME_WAIT_MS = 1000

export type TcpState =
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'closing'
  | 'time-wait'
  | 'close-wait'
  | 'last-ack'
  | 'closed'

export type ConnectionHost = {
  send(fields: Omit<SegmentFields, 'sourcePort' | 'destinationPort'>, payload: readonly Uint8Array[]): void
  now(): number
  after(ms: number, action: () => void): Dispose
  /** The handshake is complete. */
  established(): void
  /** For good: no state is left, and none of its promises is open. */
  closed(): void
}

/** The connection has ended before what was asked could be done. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded'
}

export class TcpConnection {
  readonly #host: ConnectionHost
  readonly #maximumSegment: number
  #state: TcpState = 'syn-received'
  #lastHeard: number

  #unacknowledged: number
  #next: number
  #highestSent: number
  #peerWindow: number
  /** Of the segment that set the window last. */
  #windowSequence = 0
  #windowAcknowledgement = 0
  readonly #outgoing = new ByteQueue()
  #ending = false
  #finSent = false
  readonly #congestion: Congestion
  #duplicates = 0

  #expected: number
  readonly #incoming = new ByteQueue()
  #peerEnded = false
  #advertisedEnd: number
  #acknowledge = false

  readonly #roundTrip = new RoundTrip()
  #retries = 0
  #deadline: number
  #timer: { readonly at: number; readonly cancel: Dispose } | undefined

  #readers: (() => void)[] = []
  #writers: (() => void)[] = []

  /** `syn` is the guest's first segment. */
  constructor(host: ConnectionHost, syn: Segment, initialSequence: number) {
    this.#host = host
    this.#maximumSegment = Math.max(64, Math.min(OUR_MAXIMUM_SEGMENT, syn.maximumSegment ?? 536))
    this.#congestion = new Congestion(this.#maximumSegment, SEND_BUFFER)
    this.#lastHeard = host.now()
    this.#unacknowledged = initialSequence
    this.#next = plus(initialSequence, 1)
    this.#highestSent = this.#next
    this.#peerWindow = syn.window
    this.#windowSequence = syn.sequence
    this.#windowAcknowledgement = initialSequence
    this.#expected = plus(syn.sequence, 1)
    this.#advertisedEnd = plus(this.#expected, RECEIVE_BUFFER)
    this.#deadline = host.now() + this.#roundTrip.timeoutMs
    this.#sendSynAck()
    this.#arm()
  }

  get state(): TcpState {
    return this.#state
  }

  /** What has been received and not yet read; undefined when the guest has ended its side, or the connection is over. */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#incoming.length === 0) {
      if (this.#peerEnded || this.#state === 'closed') return undefined
      await new Promise<void>((resolve) => this.#readers.push(resolve))
    }
    const bytes = this.#incoming.take()
    this.#tellWindow()
    return bytes
  }

  /** Settles when the bytes are in the send buffer. `bytes` are the connection's from now on. @throws (rejects) ConnectionEnded */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      while (this.#outgoing.length >= SEND_BUFFER && this.#maySend())
        await new Promise<void>((resolve) => this.#writers.push(resolve))
      if (!this.#maySend()) throw new ConnectionEnded('the connection has ended')
      const part = bytes.subarray(at, at + SEND_BUFFER - this.#outgoing.length)
      this.#outgoing.push(part)
      at += part.length
      this.#pump()
    }
  }

  /** Nothing more will be written; what is in the buffer is still sent. */
  end(): void {
    if (!this.#maySend()) return
    this.#ending = true
    this.#pump()
  }

  /** Ends it at once with a reset. */
  abort(): void {
    if (this.#state === 'closed') return
    if (this.#state !== 'time-wait') this.#send(Flag.rst | Flag.ack, this.#next)
    this.#close()
  }

  receive(segment: Segment): void {
    if (this.#state === 'closed') return
    const { flags } = segment
    if (!this.#acceptable(segment)) {
      if ((flags & Flag.rst) === 0) this.#sendAck()
      return
    }
    if ((flags & Flag.rst) !== 0) {
      // Only the exact number resets (RFC 5961, section 3.2).
      if (segment.sequence === this.#expected) this.#close()
      else this.#sendAck()
      return
    }
    if ((flags & Flag.syn) !== 0) {
      // The first segment once more: our answer was lost. Anything else is asked about (RFC 5961, section 4.2).
      if (this.#state === 'syn-received' && plus(segment.sequence, 1) === this.#expected) this.#sendSynAck()
      else this.#sendAck()
      return
    }
    if ((flags & Flag.ack) === 0) return
    this.#lastHeard = this.#host.now()
    if (!this.#takeAcknowledgement(segment)) return
    this.#takeData(segment)
    this.#pump()
    if (this.#acknowledge) this.#sendAck()
  }

  #maySend(): boolean {
    return !this.#ending && ['syn-received', 'established', 'close-wait'].includes(this.#state)
  }

  #receiveWindow(): number {
    return RECEIVE_BUFFER - this.#incoming.length
  }

  /** RFC 9293, section 3.10.7.4: some part of the segment lies in the window. */
  #acceptable(segment: Segment): boolean {
    const length =
      segment.payload.length +
      ((segment.flags & Flag.syn) === 0 ? 0 : 1) +
      ((segment.flags & Flag.fin) === 0 ? 0 : 1)
    // What the guest was told, even where the buffer has filled meanwhile.
    const window = after(this.#advertisedEnd, this.#expected)
    const first = after(segment.sequence, this.#expected)
    if ((segment.flags & Flag.syn) !== 0 && first === -1) return this.#state === 'syn-received'
    if (length === 0) return first === 0 || (first > 0 && first < window)
    return first < window && first + length > 0
  }

  /** False where nothing else of the segment is to be looked at. */
  #takeAcknowledgement(segment: Segment): boolean {
    const advance = after(segment.acknowledgement, this.#unacknowledged)
    const flight = this.#flight()
    if (this.#state === 'syn-received') {
      if (advance < 1 || advance > flight) {
        this.#host.send(
          {
            sequence: segment.acknowledgement,
            acknowledgement: 0,
            flags: Flag.rst,
            window: 0,
            maximumSegment: undefined,
          },
          [],
        )
        return false
      }
      this.#state = 'established'
      this.#unacknowledged = plus(this.#unacknowledged, 1)
      this.#retries = 0
      this.#roundTrip.acknowledged(segment.acknowledgement, this.#host.now())
      this.#setWindow(segment)
      this.#restartTimer()
      this.#host.established()
      return this.#takeAcknowledgement(segment)
    }
    if (advance > flight) {
      this.#sendAck()
      return false
    }
    if (advance > 0) this.#advance(advance, segment)
    else if (
      advance === 0 &&
      segment.payload.length === 0 &&
      segment.window === this.#peerWindow &&
      flight > 0 &&
      (segment.flags & Flag.fin) === 0
    )
      this.#duplicate()
    // It is there and has no room: asking goes on for as long as it answers (RFC 1122, section 4.2.2.17).
    if (advance === 0 && segment.window === 0) this.#retries = 0
    if (advance >= 0) this.#setWindow(segment)
    return true
  }

  /** One past the highest number that was ever sent; a retransmission may have set `#next` back. */
  #highest(): number {
    return after(this.#next, this.#highestSent) > 0 ? this.#next : this.#highestSent
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

  #advance(count: number, segment: Segment): void {
    this.#roundTrip.acknowledged(segment.acknowledgement, this.#host.now())
    const finAcknowledged = this.#finSent && count > this.#outgoing.length
    this.#outgoing.drop(count)
    this.#unacknowledged = segment.acknowledgement
    if (after(this.#next, this.#unacknowledged) < 0) this.#next = this.#unacknowledged
    this.#duplicates = 0
    this.#retries = 0
    this.#congestion.acknowledged(count)
    this.#restartTimer()
    this.#wake(this.#writers)
    if (!finAcknowledged) return
    if (this.#state === 'fin-wait-1') this.#state = 'fin-wait-2'
    else if (this.#state === 'closing') this.#enterTimeWait()
    else if (this.#state === 'last-ack') this.#close()
  }

  /** The third in a row says that a segment was lost (RFC 5681, section 3.2). */
  #duplicate(): void {
    this.#duplicates += 1
    if (this.#duplicates !== 3) return
    this.#congestion.lostOne(this.#flight())
    this.#roundTrip.discard()
    const length = Math.min(this.#maximumSegment, this.#outgoing.length)
    if (length > 0) this.#sendData(0, length)
    else if (this.#finSent) this.#send(Flag.fin | Flag.ack, this.#unacknowledged)
  }

  #flight(): number {
    return after(this.#highest(), this.#unacknowledged)
  }

  #takeData(segment: Segment): void {
    const skip = after(this.#expected, segment.sequence)
    const hasFin = (segment.flags & Flag.fin) !== 0
    if (segment.payload.length === 0 && !hasFin) return
    this.#acknowledge = true
    // A gap before it: told what is missing. After its own end a guest sends nothing new.
    if (skip < 0 || this.#peerEnded) return
    const room = after(this.#advertisedEnd, this.#expected)
    const fresh = segment.payload.subarray(skip, skip + room)
    if (fresh.length > 0) {
      // A copy: the frame's buffer belongs to whoever handed it over.
      this.#incoming.push(fresh.slice())
      this.#expected = plus(this.#expected, fresh.length)
    }
    const whole = skip + fresh.length >= segment.payload.length
    if (hasFin && whole) {
      this.#expected = plus(this.#expected, 1)
      this.#peerEnded = true
      if (this.#state === 'established') this.#state = 'close-wait'
      else if (this.#state === 'fin-wait-1') this.#state = 'closing'
      else if (this.#state === 'fin-wait-2') this.#enterTimeWait()
    }
    this.#wake(this.#readers)
  }

  /** After a read: says that there is room again, where that is news worth a frame. */
  #tellWindow(): void {
    if (this.#state === 'closed' || this.#peerEnded) return
    const told = after(this.#advertisedEnd, this.#expected)
    const room = this.#receiveWindow()
    if (room - told >= RECEIVE_BUFFER / 2 || (told < OUR_MAXIMUM_SEGMENT && room > told)) this.#sendAck()
  }

  /** Sends as much as both windows let it. */
  #pump(): void {
    if (this.#state === 'syn-received' || this.#state === 'closed') return
    for (;;) {
      const offset = after(this.#next, this.#unacknowledged)
      const unsent = this.#outgoing.length - offset
      if (unsent <= 0) break
      const room = Math.min(this.#peerWindow, this.#congestion.window) - offset
      const length = Math.min(unsent, this.#maximumSegment, room)
      // Small pieces only where nothing else is left, or nothing is under way (RFC 1122, section 4.2.3.4).
      if (length <= 0 || (length < this.#maximumSegment && length < unsent && offset > 0)) break
      if (offset === 0) this.#deadline = this.#host.now() + this.#roundTrip.timeoutMs
      if (this.#retries === 0) this.#roundTrip.begin(plus(this.#next, length), this.#host.now())
      this.#sendData(offset, length)
      this.#next = plus(this.#next, length)
      this.#noteSent()
    }
    this.#sendFin()
    if (this.#waitsForAnswer()) this.#arm()
  }

  #sendFin(): void {
    const isAcknowledged = this.#state === 'fin-wait-2' || this.#state === 'time-wait'
    if (!this.#ending || isAcknowledged) return
    if (after(this.#next, this.#unacknowledged) !== this.#outgoing.length) return
    if (this.#outgoing.length === 0) this.#deadline = this.#host.now() + this.#roundTrip.timeoutMs
    this.#send(Flag.fin | Flag.ack, this.#next)
    this.#next = plus(this.#next, 1)
    this.#noteSent()
    this.#finSent = true
    if (this.#state === 'established') this.#state = 'fin-wait-1'
    else if (this.#state === 'close-wait') this.#state = 'last-ack'
  }

  #noteSent(): void {
    this.#highestSent = this.#highest()
  }

  #sendSynAck(): void {
    this.#host.send(
      {
        sequence: this.#unacknowledged,
        acknowledgement: this.#expected,
        flags: Flag.syn | Flag.ack,
        window: RECEIVE_BUFFER,
        maximumSegment: OUR_MAXIMUM_SEGMENT,
      },
      [],
    )
  }

  #sendAck(): void {
    this.#send(Flag.ack, this.#next)
  }

  #sendData(offset: number, length: number): void {
    const last = offset + length >= this.#outgoing.length
    this.#send(
      last ? Flag.ack | Flag.psh : Flag.ack,
      plus(this.#unacknowledged, offset),
      this.#outgoing.views(offset, length),
    )
  }

  #send(flags: number, sequence: number, payload: readonly Uint8Array[] = []): void {
    this.#acknowledge = false
    const window = Math.max(this.#receiveWindow(), after(this.#advertisedEnd, this.#expected))
    this.#advertisedEnd = plus(this.#expected, window)
    this.#host.send(
      { sequence, acknowledgement: this.#expected, flags, window, maximumSegment: undefined },
      payload,
    )
  }

  #waitsForAnswer(): boolean {
    return this.#unacknowledged !== this.#highest() || this.#outgoing.length > 0
  }

  #restartTimer(): void {
    this.#deadline = this.#host.now() + this.#roundTrip.timeoutMs
    this.#arm()
  }

  /** The timer is not set anew for each acknowledgement: it may fire early, and `#deadline` has the truth. */
  #arm(): void {
    if (this.#state === 'closed') return
    const now = this.#host.now()
    const at = this.#waitsForAnswer() ? this.#deadline : this.#lastHeard + this.#patienceMs()
    if (this.#timer !== undefined && this.#timer.at <= at) return
    this.#timer?.cancel()
    const cancel = this.#host.after(Math.max(1, at - now), () => {
      this.#timer = undefined
      this.#timeout()
    })
    this.#timer = { at, cancel }
  }

  #patienceMs(): number {
    if (this.#state === 'syn-received') return HANDSHAKE_MS
    if (this.#state === 'time-wait') return TIME_WAIT_MS
    return this.#state === 'fin-wait-2' ? HALF_CLOSED_MS : IDLE_MS
  }

  #timeout(): void {
    const now = this.#host.now()
    if (this.#waitsForAnswer() && this.#state !== 'time-wait') {
      if (now >= this.#deadline) this.#retransmit(now)
    } else if (now - this.#lastHeard >= this.#patienceMs()) return this.#close()
    this.#arm()
  }

  #retransmit(now: number): void {
    this.#retries += 1
    if (this.#retries > MAX_RETRIES) return this.abort()
    this.#roundTrip.backOff()
    this.#deadline = now + this.#roundTrip.timeoutMs
    if (this.#state === 'syn-received') return this.#sendSynAck()
    this.#congestion.lostAll(this.#flight())
    // From the first unacknowledged byte on, once more; a closed window is asked about with one byte.
    this.#next = this.#unacknowledged
    if (this.#outgoing.length > 0) {
      const length = Math.min(this.#outgoing.length, this.#maximumSegment, Math.max(1, this.#peerWindow))
      this.#sendData(0, length)
      this.#next = plus(this.#next, length)
      this.#noteSent()
    } else this.#sendFin()
    return undefined
  }

  #enterTimeWait(): void {
    this.#state = 'time-wait'
    this.#lastHeard = this.#host.now()
    this.#arm()
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#timer = undefined
    this.#outgoing.drop(this.#outgoing.length)
    this.#wake(this.#readers)
    this.#wake(this.#writers)
    this.#host.closed()
  }

  #wake(waiting: (() => void)[]): void {
    for (const wake of waiting.splice(0)) wake()
  }
}
