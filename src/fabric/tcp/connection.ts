/**
 * One TCP connection that a guest has opened, seen from the far end (RFC 9293): its states, its one timer, and the rules
 * by which a segment is looked at. What is sent and what is received are halves of their own (send-side.ts,
 * receive-side.ts).
 *
 * ```
 * syn-received ─► established ─► close-wait ─► last-ack ─► closed
 *                     │ end()                                ▲
 *                     ▼                                      │
 *                 fin-wait-1 ─► fin-wait-2 ─► time-wait ─────┤
 *                     └──────► closing ──────────┘           │
 * any state ── reset, or nothing heard in time ──────────────┘
 * ```
 */

import type { Dispose } from '../../base/disposables.ts'
import { Flag, type Segment, type SegmentFields } from '../packets/tcp.ts'
import { RECEIVE_BUFFER, ReceiveSide } from './receive-side.ts'
import { OUR_MAXIMUM_SEGMENT, SendSide } from './send-side.ts'
import { plus } from './sequence.ts'

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
  readonly #sending: SendSide
  readonly #receiving: ReceiveSide
  #state: TcpState = 'syn-received'
  #lastHeard: number
  /** The segment that is looked at wants an answer, and nothing that was sent has been one. */
  #owesAck = false
  #timer: { readonly at: number; readonly cancel: Dispose } | undefined

  /** `syn` is the guest's first segment. */
  constructor(host: ConnectionHost, syn: Segment, initialSequence: number) {
    this.#host = host
    this.#lastHeard = host.now()
    this.#receiving = new ReceiveSide(syn.sequence)
    this.#sending = new SendSide(
      { now: () => host.now(), send: (flags, sequence, payload) => this.#send(flags, sequence, payload) },
      syn,
      initialSequence,
    )
    this.#sendSynAck()
    this.#arm()
  }

  get state(): TcpState {
    return this.#state
  }

  /** What has been received and not yet read; undefined when the guest has ended its side, or the connection is over. */
  async read(): Promise<Uint8Array | undefined> {
    const bytes = await this.#receiving.read(() => this.#state === 'closed')
    const isOpen = this.#state !== 'closed' && !this.#receiving.ended
    if (bytes !== undefined && isOpen && this.#receiving.hasRoomToTell()) this.#sendAck()
    return bytes
  }

  /** Settles when the bytes are in the send buffer. `bytes` are the connection's from now on. @throws (rejects) ConnectionEnded */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      while (this.#sending.room <= 0 && this.#maySend()) await this.#sending.news()
      if (!this.#maySend()) throw new ConnectionEnded('the connection has ended')
      const part = bytes.subarray(at, at + this.#sending.room)
      this.#sending.push(part)
      at += part.length
      this.#pump()
    }
  }

  /** Nothing more will be written; what is in the buffer is still sent. */
  end(): void {
    if (!this.#maySend()) return
    this.#sending.end()
    this.#pump()
  }

  /** Ends it at once with a reset. */
  abort(): void {
    if (this.#state === 'closed') return
    if (this.#state !== 'time-wait') this.#send(Flag.rst | Flag.ack, this.#sending.next)
    this.#close()
  }

  receive(segment: Segment): void {
    if (this.#state === 'closed') return
    const { flags } = segment
    const isFirstAgain = (flags & Flag.syn) !== 0 && plus(segment.sequence, 1) === this.#receiving.expected
    const mayBeTaken = isFirstAgain ? this.#state === 'syn-received' : this.#receiving.accepts(segment)
    if (!mayBeTaken) {
      if ((flags & Flag.rst) === 0) this.#sendAck()
      return
    }
    if ((flags & Flag.rst) !== 0) {
      // Only the exact number resets (RFC 5961, section 3.2).
      if (segment.sequence === this.#receiving.expected) this.#close()
      else this.#sendAck()
      return
    }
    if ((flags & Flag.syn) !== 0) {
      // The first segment once more: our answer was lost. Anything else is asked about (RFC 5961, section 4.2).
      if (isFirstAgain) this.#sendSynAck()
      else this.#sendAck()
      return
    }
    if ((flags & Flag.ack) === 0) return
    this.#lastHeard = this.#host.now()
    if (!this.#takeAcknowledgement(segment)) return
    this.#takeData(segment)
    this.#pump()
    if (this.#owesAck) this.#sendAck()
  }

  #maySend(): boolean {
    return !this.#sending.ending && ['syn-received', 'established', 'close-wait'].includes(this.#state)
  }

  /** False where nothing else of the segment is to be looked at. */
  #takeAcknowledgement(segment: Segment): boolean {
    if (this.#state === 'syn-received') {
      if (!this.#sending.open(segment)) {
        this.#refuse(segment)
        return false
      }
      this.#state = 'established'
      this.#arm()
      this.#host.established()
    }
    const taken = this.#sending.acknowledged(segment)
    if (taken === 'beyond') {
      this.#sendAck()
      return false
    }
    if (taken !== 'nothing') this.#arm()
    if (taken !== 'end') return true
    if (this.#state === 'fin-wait-1') this.#state = 'fin-wait-2'
    else if (this.#state === 'closing') this.#enterTimeWait()
    else if (this.#state === 'last-ack') this.#close()
    return true
  }

  #takeData(segment: Segment): void {
    const taken = this.#receiving.take(segment)
    if (taken !== 'nothing') this.#owesAck = true
    if (taken !== 'end') return
    if (this.#state === 'established') this.#state = 'close-wait'
    else if (this.#state === 'fin-wait-1') this.#state = 'closing'
    else if (this.#state === 'fin-wait-2') this.#enterTimeWait()
  }

  #pump(): void {
    if (this.#state === 'syn-received' || this.#state === 'closed') return
    this.#sending.pump()
    this.#noteEnd()
    if (this.#sending.waitsForAnswer) this.#arm()
  }

  /** Our end may have gone out. */
  #noteEnd(): void {
    if (!this.#sending.finSent) return
    if (this.#state === 'established') this.#state = 'fin-wait-1'
    else if (this.#state === 'close-wait') this.#state = 'last-ack'
  }

  #sendSynAck(): void {
    this.#host.send(
      {
        sequence: this.#sending.unacknowledged,
        acknowledgement: this.#receiving.expected,
        flags: Flag.syn | Flag.ack,
        window: RECEIVE_BUFFER,
        maximumSegment: OUR_MAXIMUM_SEGMENT,
      },
      [],
    )
  }

  /** What acknowledges another's bytes is no answer to ours (RFC 9293, section 3.10.7.4). */
  #refuse({ acknowledgement: sequence }: Segment): void {
    this.#host.send(
      { sequence, acknowledgement: 0, flags: Flag.rst, window: 0, maximumSegment: undefined },
      [],
    )
  }

  #sendAck(): void {
    this.#send(Flag.ack, this.#sending.next)
  }

  #send(flags: number, sequence: number, payload: readonly Uint8Array[] = []): void {
    this.#owesAck = false
    const window = this.#receiving.advertise()
    const acknowledgement = this.#receiving.expected
    this.#host.send({ sequence, acknowledgement, flags, window, maximumSegment: undefined }, payload)
  }

  /** The timer is not set anew for each acknowledgement: it may fire early, and the deadline has the truth. */
  #arm(): void {
    if (this.#state === 'closed') return
    const now = this.#host.now()
    const at = this.#sending.waitsForAnswer ? this.#sending.deadline : this.#lastHeard + this.#patienceMs()
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
    if (this.#sending.waitsForAnswer && this.#state !== 'time-wait') {
      if (now >= this.#sending.deadline) this.#retransmit()
    } else if (now - this.#lastHeard >= this.#patienceMs()) return this.#close()
    return this.#arm()
  }

  #retransmit(): void {
    if (!this.#sending.backOff()) return this.abort()
    if (this.#state === 'syn-received') return this.#sendSynAck()
    this.#sending.resend()
    return this.#noteEnd()
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
    this.#sending.close()
    this.#receiving.close()
    this.#host.closed()
  }
}
