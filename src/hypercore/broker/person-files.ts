/** Files between the person and a guest: a file of theirs goes into its inbox, a file of its comes out to be saved. */

import { err, ok, type Result } from '../../base/result.ts'
import { ASK_MAX_BYTES } from '../../protocol/agent.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import { FILE_LIMIT_BYTES } from '../../protocol/transfers.ts'
import type { Domain } from '../domain.ts'
import { oneLine, type Ask } from './asks.ts'
import type { Gate } from './gate.ts'
import { Incoming } from './incoming.ts'
import { safeFileName } from './file-name.ts'
import { reach, sizeText } from './reach.ts'
import type { Transfer, Transfers } from './transfers.ts'

/** Read from a person's file, or kept of a guest's before it goes into a Blob, at a time. */
const PIECE_BYTES = 2 ** 20

/** Linux's PATH_MAX. */
const PATH_LIMIT = 4096

export type PersonFilesHost = {
  readonly gate: Gate
  readonly transfers: Transfers
  log(text: string, domain: Domain): void
}

function tooLarge(what: string, bytes: number): { ok: false; error: Fault } {
  const words = `${what} is too large: ${sizeText(bytes)}, and ${sizeText(FILE_LIMIT_BYTES)} is the most that crosses.`
  return err(fault('over-budget', words))
}

/** Answers where the guest has put it. */
export async function sendFile(
  host: PersonFilesHost,
  domain: Domain,
  untrustedName: string,
  content: Blob,
): Promise<Result<string, Fault>> {
  const name = safeFileName(untrustedName)
  if (name === undefined) return err(fault('malformed', 'The file has no name that a guest could use.'))
  if (content.size > FILE_LIMIT_BYTES) return tooLarge(name, content.size)
  // The person does it, so there is nothing to ask them.
  const stands = host.gate.stands({ source: 'host', destination: domain, service: 'file' })
  if (!stands.ok) return stands
  const ask = reach(domain)
  if (!ask.ok) return ask
  const transfer = host.transfers.open('host', domain.id, name, content.size)
  if (!transfer.ok) return transfer
  const incoming = await Incoming.begin(ask.value, transfer.value)
  if (!incoming.ok) return incoming
  const sent = await pour(content, incoming.value)
  if (!sent.ok) return sent
  const path = await incoming.value.end()
  if (path.ok) host.log(`${domain.name} was given ${name}, ${sizeText(content.size)}: ${path.value}`, domain)
  return path
}

async function pour(content: Blob, incoming: Incoming): Promise<Result<void, Fault>> {
  for (let from = 0; from < content.size; from += PIECE_BYTES) {
    let piece: Uint8Array
    try {
      // oxlint-disable-next-line no-await-in-loop -- one piece is in memory at a time
      piece = new Uint8Array(await content.slice(from, from + PIECE_BYTES).arrayBuffer())
    } catch (error) {
      incoming.abort()
      return err(fault('failed', `The file could not be read (${String(error)}). Has it changed or moved?`))
    }
    for (let at = 0; at < piece.length; at += ASK_MAX_BYTES) {
      // oxlint-disable-next-line no-await-in-loop -- each piece waits for the guest's acknowledgement
      const written = await incoming.write(piece.subarray(at, at + ASK_MAX_BYTES))
      if (!written.ok) return written
    }
  }
  return ok(undefined)
}

/** A path as a person types it; the guest's agent resolves it. */
function sanitisePath(untrustedPath: string): string | undefined {
  const path = untrustedPath.trim()
  return path === '' || path.length > PATH_LIMIT || /\p{Cc}/u.test(path) ? undefined : path
}

/** Answers the content of a guest's file. */
export async function fetchFile(
  host: PersonFilesHost,
  domain: Domain,
  untrustedPath: string,
): Promise<Result<Blob, Fault>> {
  const path = sanitisePath(untrustedPath)
  const name = path === undefined ? undefined : safeFileName(path)
  if (path === undefined || name === undefined)
    return err(fault('malformed', 'Type the path of a file: /root/notes.txt, or notes.txt for one in /root.'))
  const stands = host.gate.stands({ source: domain, destination: 'host', service: 'file' })
  if (!stands.ok) return stands
  const ask = reach(domain)
  if (!ask.ok) return ask
  const transfer = host.transfers.open(domain.id, 'host', name, 0)
  if (!transfer.ok) return transfer
  const content = await drain(ask.value, transfer.value, path)
  transfer.value.close()
  void ask.value('getClose', transfer.value.id)
  if (content.ok) host.log(`${path} of ${domain.name} was fetched, ${sizeText(content.value.size)}`, domain)
  return content
}

async function drain(ask: Ask, transfer: Transfer, path: string): Promise<Result<Blob, Fault>> {
  const opened = await ask('getOpen', transfer.id, path)
  if (!opened.ok) return err(fault(opened.error.kind, `${path}: ${opened.error.message}`))
  const said = oneLine(new TextDecoder().decode(opened.value))
  const size = /^\d{1,15}$/.test(said) ? Number(said) : 0
  if (size > FILE_LIMIT_BYTES) return tooLarge(path, size)
  transfer.expect(size)
  const whole: Blob[] = []
  let piece: Uint8Array<ArrayBuffer>[] = []
  let pieceBytes = 0
  for (let at = 0; ;) {
    if (transfer.stopped !== undefined) return err(transfer.stopped)
    // oxlint-disable-next-line no-await-in-loop -- the guest is asked for the next piece when this one has come
    const got = await ask('getData', transfer.id, at, ASK_MAX_BYTES)
    if (!got.ok) return got
    if (got.value.length > ASK_MAX_BYTES)
      return err(fault('malformed', `${path}: the guest sent more than was asked for.`))
    if (got.value.length === 0) return ok(new Blob([...whole, ...piece]))
    at += got.value.length
    if (at > FILE_LIMIT_BYTES) return tooLarge(path, at)
    piece.push(new Uint8Array(got.value))
    pieceBytes += got.value.length
    if (pieceBytes >= PIECE_BYTES) {
      whole.push(new Blob(piece))
      piece = []
      pieceBytes = 0
    }
    transfer.progress(at)
  }
}
