/** The TCP end of the gateway for one port: which connections there are, who may open one, and resets for the rest. */

import type { Dispose } from '../../base/disposables.ts'
import type { Ipv4Packet } from '../packets/ipv4.ts'
import { Flag, parseTcp, type Segment, type SegmentFields } from '../packets/tcp.ts'
import { TcpConnection } from './connection.ts'
import { plus } from './sequence.ts'

/** A browser opens six a host; more than this is a scan or a flood, whose first segments are then dropped. */
const MOST_CONNECTIONS = 96

export type Answer =
  /** Takes the connection once its handshake is complete. */
  | { readonly kind: 'accept'; readonly serve: (connection: TcpConnection) => Promise<void> }
  /** Nobody listens. */
  | { readonly kind: 'refuse' }
  /** The policy does not let it through: as if it had never arrived. */
  | { readonly kind: 'drop' }

export type StackHost = {
  /** `from` is the address that the guest believes to talk to. */
  send(from: number, fields: SegmentFields, payload: readonly Uint8Array[]): void
  now(): number
  after(ms: number, action: () => void): Dispose
  /** For a guest's first segment. */
  answer(address: number, port: number): Answer
}

type Entry = { readonly connection: TcpConnection; readonly address: number; readonly port: number }

export class TcpStack {
  readonly #host: StackHost
  readonly #connections = new Map<string, Entry>()

  constructor(host: StackHost) {
    this.#host = host
  }

  get size(): number {
    return this.#connections.size
  }

  /** Why a segment is not taken: it is malformed, there is no room for another connection, or the policy says no. */
  receive(packet: Ipv4Packet): 'taken' | 'malformed' | 'full' | 'policy' {
    const segment = parseTcp(packet)
    if (segment === undefined || segment.sourcePort === 0) return 'malformed'
    const key = `${packet.destination}:${segment.destinationPort}:${segment.sourcePort}`
    const known = this.#connections.get(key)
    if (known !== undefined) known.connection.receive(segment)
    else if ((segment.flags & (Flag.syn | Flag.ack | Flag.rst | Flag.fin)) === Flag.syn)
      return this.#open(key, packet.destination, segment)
    else if ((segment.flags & Flag.rst) === 0) this.#reset(packet.destination, segment)
    return 'taken'
  }

  /** Resets the connections that `keep` no longer wants; without it, all of them. */
  review(keep: (address: number, port: number) => boolean = () => false): void {
    for (const { connection, address, port } of this.#connections.values())
      if (!keep(address, port)) connection.abort()
  }

  #open(key: string, address: number, segment: Segment): 'taken' | 'full' | 'policy' {
    if (this.#connections.size >= MOST_CONNECTIONS) return 'full'
    const port = segment.destinationPort
    const answer = this.#host.answer(address, port)
    if (answer.kind === 'drop') return 'policy'
    if (answer.kind === 'refuse') this.#reset(address, segment)
    if (answer.kind !== 'accept') return 'taken'
    const ports = { sourcePort: port, destinationPort: segment.sourcePort }
    const connection = new TcpConnection(
      {
        send: (fields, payload) => this.#host.send(address, { ...fields, ...ports }, payload),
        now: () => this.#host.now(),
        after: (ms, action) => this.#host.after(ms, action),
        established: () => void this.#serve(connection, answer.serve),
        closed: () => void this.#connections.delete(key),
      },
      segment,
      // Not to be guessed by another guest, which could otherwise forge a reset.
      crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    )
    this.#connections.set(key, { connection, address, port })
    return 'taken'
  }

  async #serve(
    connection: TcpConnection,
    serve: (connection: TcpConnection) => Promise<void>,
  ): Promise<void> {
    try {
      await serve(connection)
      connection.end()
    } catch {
      // Whatever went wrong in serving it, the guest sees a reset; the server has said what it had to say.
      connection.abort()
    }
  }

  /** RFC 9293, section 3.10.7.1. */
  #reset(address: number, segment: Segment): void {
    const length =
      segment.payload.length + (segment.flags & Flag.syn ? 1 : 0) + (segment.flags & Flag.fin ? 1 : 0)
    const answersAck = (segment.flags & Flag.ack) !== 0
    this.#host.send(
      address,
      {
        sourcePort: segment.destinationPort,
        destinationPort: segment.sourcePort,
        sequence: answersAck ? segment.acknowledgement : 0,
        acknowledgement: answersAck ? 0 : plus(segment.sequence, length),
        flags: answersAck ? Flag.rst : Flag.rst | Flag.ack,
        window: 0,
        maximumSegment: undefined,
      },
      [],
    )
  }
}
