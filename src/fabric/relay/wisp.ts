/**
 * A client of the WISP protocol, version 1: many TCP streams over one WebSocket to a relay.
 *
 * ```
 *  u8 type   u32 stream (little endian)   payload
 *  1 connect   u8 1 (TCP), u16 port, host name         to the relay
 *  2 data      bytes                                   both ways
 *  3 continue  u32 packets that may be sent            from the relay; stream 0: for every new stream
 *  4 close     u8 reason                               both ways
 * ```
 */

import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import type { RelayState } from '../../protocol/network.ts'
import type { RelayStream } from '../environment.ts'
import { ByteQueue } from '../tcp/byte-queue.ts'
import { Waiters } from '../waiters.ts'

const Type = { connect: 1, data: 2, continue: 3, close: 4 }
const TCP = 1
const VOLUNTARY = 2

/** What a relay may send ahead of a guest that does not read, before the stream is closed: WISP cannot hold it back. */
const MOST_UNREAD = 8 << 20

/** Bytes of one data packet. */
const PIECE = 16_384

/** The parts of a WebSocket in use. */
export type RelaySocket = {
  binaryType: string
  readonly readyState: number
  send(bytes: Uint8Array<ArrayBuffer>): void
  close(): void
  onmessage: ((event: MessageEvent<unknown>) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  onerror: ((event: Event) => void) | null
}

class Stream implements RelayStream {
  readonly #wisp: Wisp
  readonly #id: number
  readonly #incoming = new ByteQueue()
  #credit: number
  readonly #waiters = new Waiters()
  #ended = false

  constructor(wisp: Wisp, id: number, credit: number) {
    this.#wisp = wisp
    this.#id = id
    this.#credit = credit
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE) {
      while (this.#credit <= 0 && !this.#ended) await this.#waiters.wait()
      if (this.#ended) throw new Error('the relay has ended the stream')
      this.#credit -= 1
      this.#wisp.send(Type.data, this.#id, bytes.slice(at, at + PIECE))
    }
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#incoming.length === 0) {
      if (this.#ended) return undefined
      await this.#waiters.wait()
    }
    return this.#incoming.take()
  }

  close(): void {
    if (this.#ended) return
    this.#wisp.send(Type.close, this.#id, Uint8Array.of(VOLUNTARY))
    this.#wisp.forget(this.#id)
    this.end()
  }

  take(bytes: Uint8Array): void {
    this.#incoming.push(bytes)
    if (this.#incoming.length > MOST_UNREAD) this.close()
    this.#waiters.wake()
  }

  refill(credit: number): void {
    this.#credit = credit
    this.#waiters.wake()
  }

  end(): void {
    this.#ended = true
    this.#waiters.wake()
  }
}

export class Wisp {
  readonly #openSocket: () => RelaySocket
  readonly #streams = new Map<number, Stream>()
  #socket: RelaySocket | undefined
  /** Undefined until the relay has said it: connects wait for that. */
  #credit: number | undefined
  #queue: Uint8Array<ArrayBuffer>[] = []
  #nextId = 1
  #state: RelayState = 'unused'

  /**
   * `openSocket` connects anew; it is called at the first stream, and again after the relay went away. It may throw
   * where the browser forbids the address.
   */
  constructor(openSocket: () => RelaySocket) {
    this.#openSocket = openSocket
  }

  get state(): RelayState {
    return this.#state
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size
  }

  /** Connects where it is not: a relay that does not answer is told before a guest needs it. */
  open(): void {
    this.#socket ??= this.#open()
  }

  connect(host: string, port: number): RelayStream {
    this.open()
    const id = this.#nextId
    this.#nextId = (this.#nextId % 0xffff_fffe) + 1
    const stream = new Stream(this, id, this.#credit ?? 0)
    this.#streams.set(id, stream)
    if (this.#socket === undefined) {
      this.#gone()
      return stream
    }
    const name = new TextEncoder().encode(host)
    this.send(Type.connect, id, new ByteWriter().u8(TCP).u16(port).bytes(name).finish())
    return stream
  }

  send(type: number, id: number, payload: Uint8Array): void {
    const packet = new ByteWriter().u8(type).u32(id).bytes(payload).finish()
    if (this.#credit === undefined) this.#queue.push(packet)
    else this.#socket?.send(packet)
  }

  forget(id: number): void {
    this.#streams.delete(id)
  }

  #open(): RelaySocket | undefined {
    let socket: RelaySocket
    try {
      socket = this.#openSocket()
    } catch {
      // What the browser forbids is as far away as what does not answer.
      this.#state = 'unreachable'
      return undefined
    }
    this.#state = 'connecting'
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.#hear(new Uint8Array(data))
    }
    const gone = (): void => {
      if (this.#socket === socket) this.#gone()
    }
    socket.onclose = gone
    socket.onerror = gone
    return socket
  }

  #gone(): void {
    this.#socket = undefined
    this.#state = this.#credit === undefined ? 'unreachable' : 'lost'
    this.#credit = undefined
    this.#queue = []
    for (const stream of this.#streams.values()) stream.end()
    this.#streams.clear()
  }

  #hear(untrustedPacket: Uint8Array): void {
    const reader = new ByteReader(untrustedPacket)
    const type = reader.u8('type')
    const id = reader.u32('stream')
    if (!reader.finish(true).ok) return
    if (type === Type.data) this.#streams.get(id)?.take(reader.bytes(reader.remaining, 'data'))
    else if (type === Type.continue) this.#refill(id, reader)
    else if (type === Type.close) {
      this.#streams.get(id)?.end()
      this.#streams.delete(id)
    }
  }

  #refill(id: number, reader: ByteReader): void {
    const credit = reader.u32('credit')
    if (!reader.finish(true).ok) return
    if (id !== 0) return this.#streams.get(id)?.refill(credit)
    this.#credit = credit
    this.#state = 'connected'
    for (const stream of this.#streams.values()) stream.refill(credit)
    for (const packet of this.#queue.splice(0)) this.#socket?.send(packet)
    return undefined
  }
}
