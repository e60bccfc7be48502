/** One file on its way into a guest: begun, carried piece by piece, and either whole in its inbox or not there at all. */

import { ok, type Result } from '../../base/result.ts'
import type { Fault } from '../../protocol/fault.ts'
import { oneLine, type Ask } from './asks.ts'
import type { Transfer } from './transfers.ts'

type Outcome = Result<void, Fault>

export class Incoming {
  readonly #ask: Ask
  readonly #transfer: Transfer
  #written = 0

  private constructor(ask: Ask, transfer: Transfer) {
    this.#ask = ask
    this.#transfer = transfer
  }

  /** Asks the guest for room. On a failure `transfer` is closed, as it is by every later end. */
  static async begin(ask: Ask, transfer: Transfer): Promise<Result<Incoming, Fault>> {
    const { file, totalBytes } = transfer.info
    const begun = await ask('putBegin', transfer.id, file, totalBytes)
    if (begun.ok) return ok(new Incoming(ask, transfer))
    transfer.close()
    return begun
  }

  get written(): number {
    return this.#written
  }

  get transfer(): Transfer {
    return this.#transfer
  }

  /** The next piece, of at most ASK_MAX_BYTES. A failure has ended it. */
  async write(bytes: Uint8Array): Promise<Outcome> {
    const stopped = this.#transfer.stopped
    if (stopped !== undefined) return this.#giveUp(stopped)
    const written = await this.#ask('putData', this.#transfer.id, this.#written, bytes)
    if (!written.ok) return this.#giveUp(written.error)
    this.#written += bytes.length
    this.#transfer.progress(this.#written)
    return ok(undefined)
  }

  /** Answers where the guest has put it. */
  async end(): Promise<Result<string, Fault>> {
    const stopped = this.#transfer.stopped
    if (stopped !== undefined) return this.#giveUp(stopped)
    const ended = await this.#ask('putEnd', this.#transfer.id)
    if (!ended.ok) return this.#giveUp(ended.error)
    this.#transfer.close()
    return ok(oneLine(new TextDecoder().decode(ended.value)))
  }

  /** Nothing of it stays in the guest. Safe at any time. */
  abort(): void {
    this.#transfer.close()
    // Nobody waits for the answer: a guest that gives none drops what it has not heard of for two minutes.
    void this.#ask('putAbort', this.#transfer.id)
  }

  #giveUp(error: Fault): { ok: false; error: Fault } {
    this.abort()
    return { ok: false, error }
  }
}
