/** A guest's agent on the bench: keeps files and serves the vault as the real one does, with faults that a test sets. */

import { ByteReader, ByteWriter } from '../../../src/base/bytes.ts'
import { AskOperation, GuestFrame, HostFrame, HypercallStatus } from '../../../src/protocol/agent.ts'
import type { DomainRequest } from '../../../src/protocol/guest.ts'
import type { FakeDomain } from '../bench-board.ts'

type Status = keyof typeof HypercallStatus
type Answer = { readonly status: Status; readonly bytes: Uint8Array }

const lengthOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const fine = (words = ''): Answer => ({ status: 'ok', bytes: new TextEncoder().encode(words) })
const bad = (status: Status, words: string): Answer => ({ status, bytes: new TextEncoder().encode(words) })

export class FakeAgent {
  readonly inbox = new Map<string, Uint8Array>()
  readonly files = new Map<string, Uint8Array>()
  readonly parts = new Map<
    string,
    { readonly name: string; readonly total: number; readonly pieces: Uint8Array[] }
  >()
  readonly served: string[][] = []
  /** What its programs print. */
  serve: (words: readonly string[]) => Answer = () => bad('not-implemented', '')
  /** Bytes of the disk. */
  room = Infinity
  /** While true, questions wait. */
  held = false
  readonly #guest: FakeDomain
  readonly #waiting: (() => void)[] = []
  readonly #opened = new Map<string, Uint8Array>()
  #seen = 0

  constructor(guest: FakeDomain) {
    this.#guest = guest
  }

  static readonly fine = fine
  static readonly bad = bad

  /** Answers what it was asked since the last time; answers whether that was anything. */
  work(): boolean {
    const fresh = this.#guest.requests.slice(this.#seen)
    this.#seen = this.#guest.requests.length
    let worked = false
    for (const request of fresh) worked = this.#take(request) || worked
    while (!this.held && this.#waiting.length > 0) {
      this.#waiting.shift()?.()
      worked = true
    }
    return worked
  }

  #take(request: DomainRequest): boolean {
    if (request.kind !== 'agent-send') return false
    const reader = new ByteReader(request.frame.slice(4))
    const type = reader.u16('type')
    if (type !== HostFrame.ask) return false
    reader.bytes(6, 'rest of the header')
    const [askId, operation, count] = [reader.u32('ask'), reader.u16('operation'), reader.u16('count')]
    const words = Array.from({ length: count }, () => reader.bytes(reader.u16('length'), 'argument'))
    if (!reader.finish().ok) throw new Error('the supervisor sent a frame that no agent could read')
    this.#waiting.push(() => {
      const { status, bytes } = this.#answer(operation, words)
      const payload = new ByteWriter().u32(askId).u16(HypercallStatus[status]).bytes(bytes)
      this.#guest.frame(GuestFrame.answer, payload)
    })
    return true
  }

  #answer(operation: number, words: readonly Uint8Array[]): Answer {
    const [first = '', second = '', third = ''] = words.map(text)
    const part = this.parts.get(first)
    switch (operation) {
      case AskOperation.putBegin:
        if (Number(third) > this.room) return bad('failed', 'the disk is full')
        this.parts.set(first, { name: second, total: Number(third), pieces: [] })
        return fine()
      case AskOperation.putData:
        if (part === undefined || Number(second) !== lengthOf(part.pieces))
          return bad('malformed', 'no such piece')
        part.pieces.push(words[2] ?? new Uint8Array())
        return lengthOf(part.pieces) > part.total ? bad('malformed', 'too much') : fine()
      case AskOperation.putEnd:
        if (part === undefined || lengthOf(part.pieces) !== part.total) return bad('malformed', 'not whole')
        this.parts.delete(first)
        this.inbox.set(part.name, Buffer.concat(part.pieces))
        return fine(`/root/inbox/${part.name}`)
      case AskOperation.putAbort:
        this.parts.delete(first)
        return fine()
      case AskOperation.getOpen: {
        const file = this.files.get(second)
        if (file === undefined) return bad('failed', 'No such file or directory')
        this.#opened.set(first, file)
        return fine(String(file.length))
      }
      case AskOperation.getData: {
        const at = Number(second)
        return {
          status: 'ok',
          bytes: this.#opened.get(first)?.slice(at, at + Number(third)) ?? new Uint8Array(),
        }
      }
      case AskOperation.getClose:
        this.#opened.delete(first)
        return fine()
      case AskOperation.serve:
        this.served.push(words.map(text))
        return this.serve(words.map(text))
      default:
        return bad('not-implemented', '')
    }
  }

  get openFiles(): number {
    return this.#opened.size
  }
}
