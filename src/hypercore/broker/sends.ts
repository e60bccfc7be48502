/**
 * `hv send`: a file from one guest to another, as calls of (domain, name, offset, total, base64), each answered when the
 * receiver has written its piece. The supervisor never holds more than that piece.
 */

import type { Dispose } from '../../base/disposables.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { parseDomainId, type DomainId } from '../../protocol/domain.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import { FILE_LIMIT_BYTES } from '../../protocol/transfers.ts'
import type { Domain } from '../domain.ts'
import { safeFileName } from './file-name.ts'
import type { Crossing, Gate } from './gate.ts'
import { Incoming } from './incoming.ts'
import { reach, sizeText } from './reach.ts'
import type { Transfers } from './transfers.ts'

/** Bytes of a piece, before base64. */
const PIECE_LIMIT = 24 * 1024

/** Files that one guest sends at the same time. */
const SENDS_PER_DOMAIN = 4

/** A sender that says nothing for so long has gone. */
const SILENCE_MS = 60_000

export type SendRequest =
  | { readonly kind: 'cancel'; readonly to: DomainId; readonly name: string }
  | {
      readonly kind: 'piece'
      readonly to: DomainId
      readonly name: string
      readonly offset: number
      readonly total: number
      readonly bytes: Uint8Array
    }

function readSize(untrustedText: string): number | undefined {
  if (!/^\d{1,9}$/.test(untrustedText)) return undefined
  const size = Number(untrustedText)
  return size <= FILE_LIMIT_BYTES ? size : undefined
}

function readBase64(untrustedText: string): Uint8Array | undefined {
  if (untrustedText.length > (PIECE_LIMIT / 3) * 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(untrustedText))
    return undefined
  try {
    return Uint8Array.from(atob(untrustedText), (character) => character.charCodeAt(0))
  } catch {
    // Padding where there is nothing to pad.
    return undefined
  }
}

export function sanitiseSend(untrustedArguments: readonly string[]): Result<SendRequest, Fault> {
  const [
    untrustedTo = '',
    untrustedName = '',
    untrustedOffset = '',
    untrustedTotal = '',
    untrustedData = '',
  ] = untrustedArguments
  const to = parseDomainId(untrustedTo)
  const name = safeFileName(untrustedName)
  if (to === undefined) return err(fault('malformed', 'a file goes to the id of one domain'))
  if (name === undefined) return err(fault('malformed', 'this is no name for a file'))
  if (untrustedArguments.length === 3 && untrustedOffset === 'cancel') return ok({ kind: 'cancel', to, name })
  const total = readSize(untrustedTotal)
  const offset = readSize(untrustedOffset)
  const bytes = readBase64(untrustedData)
  if (untrustedArguments.length !== 5 || offset === undefined || bytes === undefined)
    return err(
      fault('malformed', 'a piece of a file is domain, name, offset, total and at most 24 KiB of base64'),
    )
  if (total === undefined)
    return err(fault('over-budget', `${sizeText(FILE_LIMIT_BYTES)} is the most that crosses`))
  const fits = offset + bytes.length <= total && (bytes.length > 0 || total === 0)
  if (!fits) return err(fault('malformed', 'the piece does not fit the file'))
  return ok({ kind: 'piece', to, name, offset, total, bytes })
}

export type SendsHost = {
  readonly gate: Gate
  readonly transfers: Transfers
  find(id: DomainId): Domain | undefined
  after(ms: number, action: () => void): Dispose
  log(text: string, domain: Domain): void
}

type Sending = {
  readonly from: Domain
  /** Undefined while the person is asked and the receiver begins. */
  incoming: Incoming | undefined
  /** A piece is under way. */
  busy: boolean
  /** It was cancelled meanwhile. */
  over: boolean
  timer: Dispose
}

type Piece = Extract<SendRequest, { kind: 'piece' }>

export class Sends {
  readonly #host: SendsHost
  readonly #open = new Map<string, Sending>()

  constructor(host: SendsHost) {
    this.#host = host
  }

  async send(caller: Domain, request: SendRequest): Promise<Result<string, Fault>> {
    const key = [caller.id, request.to, request.name].join('\n')
    if (request.kind === 'cancel') {
      this.#close(key)
      return ok('cancelled')
    }
    const to = this.#host.find(request.to)
    if (to === undefined) return err(fault('no-such-domain', `There is no domain “${request.to}”.`))
    if (to === caller) return err(fault('malformed', 'a domain need not send itself files'))
    if (request.offset > 0) return this.#goOn(key, caller, to, request)
    // From its beginning again: what was there of it is given up.
    this.#close(key)
    return this.#begin(key, caller, to, request)
  }

  async #begin(key: string, from: Domain, to: Domain, piece: Piece): Promise<Result<string, Fault>> {
    const others = [...this.#open.values()].filter((sending) => sending.from === from)
    if (others.length >= SENDS_PER_DOMAIN)
      return err(fault('over-budget', `${SENDS_PER_DOMAIN} files of yours are on their way already`))
    const sending: Sending = { from, incoming: undefined, busy: true, over: false, timer: () => {} }
    this.#open.set(key, sending)
    const begun = await this.#prepare(sending, to, piece)
    if (!begun.ok) {
      if (this.#open.get(key) === sending) this.#close(key)
      return begun
    }
    sending.incoming = begun.value
    if (sending.over) {
      begun.value.abort()
      return err(fault('failed', 'it was cancelled'))
    }
    return this.#write(key, sending, to, piece)
  }

  async #prepare(sending: Sending, to: Domain, piece: Piece): Promise<Result<Incoming, Fault>> {
    const { from } = sending
    const permitted = await this.#host.gate.permit(
      crossing(from, to),
      `${piece.name}, ${sizeText(piece.total)}`,
      () => Promise.resolve(reachable(to)),
    )
    if (!permitted.ok) return permitted
    const ask = reach(to)
    if (!ask.ok) return ask
    const transfer = this.#host.transfers.open(from.id, to.id, piece.name, piece.total)
    return transfer.ok ? Incoming.begin(ask.value, transfer.value) : transfer
  }

  async #goOn(key: string, from: Domain, to: Domain, piece: Piece): Promise<Result<string, Fault>> {
    const sending = this.#open.get(key)
    if (sending === undefined || sending.from !== from)
      return err(fault('failed', 'this file is not on its way any more; send it again'))
    if (sending.busy || sending.incoming === undefined)
      return err(fault('illegal-state', 'one piece at a time'))
    const { totalBytes } = sending.incoming.transfer.info
    if (piece.offset !== sending.incoming.written || piece.total !== totalBytes)
      return err(fault('malformed', `the next piece begins at ${sending.incoming.written} of ${totalBytes}`))
    // The policy may have changed since it began.
    const stands = this.#host.gate.stands(crossing(from, to))
    if (!stands.ok) {
      this.#close(key)
      return stands
    }
    return this.#write(key, sending, to, piece)
  }

  async #write(key: string, sending: Sending, to: Domain, piece: Piece): Promise<Result<string, Fault>> {
    const { incoming, from } = sending
    if (incoming === undefined) return err(fault('illegal-state', 'one piece at a time'))
    sending.busy = true
    sending.timer()
    const written = await incoming.write(piece.bytes)
    const result = written.ok && incoming.written === piece.total ? await incoming.end() : written
    sending.busy = false
    if (!result.ok || incoming.written === piece.total) {
      if (this.#open.get(key) === sending) this.#open.delete(key)
    } else if (!sending.over) {
      sending.timer = this.#host.after(SILENCE_MS, () => {
        if (this.#open.get(key) === sending) this.#close(key)
      })
    }
    if (!result.ok) return result
    if (result.value === undefined) return ok('')
    this.#host.log(
      `${from.name} sent ${piece.name}, ${sizeText(piece.total)}, to ${to.name}: ${result.value}`,
      from,
    )
    return ok(`${to.id} has it as ${result.value}`)
  }

  #close(key: string): void {
    const sending = this.#open.get(key)
    if (sending === undefined) return
    this.#open.delete(key)
    sending.over = true
    sending.timer()
    sending.incoming?.abort()
  }
}

function crossing(source: Domain, destination: Domain): Crossing {
  return { source, destination, service: 'file' }
}

function reachable(domain: Domain): Result<void, Fault> {
  const ask = reach(domain)
  return ask.ok ? ok(undefined) : ask
}
