/** Every file on its way: what a person sees of it, and the way to stop it. */

import { err, ok, type Result } from '../../base/result.ts'
import type { Watch } from '../../base/watch.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import type { DomainId } from '../../protocol/domain.ts'
import type { TransferInfo } from '../../protocol/transfers.ts'
import { stopped } from '../../storage/storage-error.ts'
import { safeFileName } from './file-name.ts'

/** Files on their way at the same time, of everybody together. */
const OPEN_LIMIT = 16

/** Progress goes to the page no more often than this. */
const REPORT_MS = 250

export type TransfersEnvironment = {
  now(): number
  report(transfers: readonly TransferInfo[]): void
}

type End = DomainId | 'host'

type Description = Pick<TransferInfo, 'what' | 'source' | 'destination' | 'file'>

export class Transfer {
  readonly id: number
  readonly #description: Description
  readonly #changed: (over: boolean) => void
  #totalBytes: number
  #doneBytes = 0
  #stopped: Fault | undefined
  #over = false

  constructor(id: number, description: Description, totalBytes: number, changed: (over: boolean) => void) {
    this.id = id
    this.#description = description
    this.#totalBytes = totalBytes
    this.#changed = changed
  }

  get info(): TransferInfo {
    return { id: this.id, ...this.#description, doneBytes: this.#doneBytes, totalBytes: this.#totalBytes }
  }

  /** Why it must not go on; undefined: it may. */
  get stopped(): Fault | undefined {
    return this.#stopped
  }

  /** The sender has said how much there will be. */
  expect(totalBytes: number): void {
    this.#totalBytes = totalBytes
  }

  progress(doneBytes: number): void {
    this.#doneBytes = doneBytes
    this.#changed(false)
  }

  /** Whoever carries it sees this before the next piece. */
  stop(words: string): void {
    this.#stopped ??= fault('failed', words)
  }

  /** Arrived or given up; to be called once by whoever opened it. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#changed(true)
  }
}

export class Transfers {
  readonly #environment: TransfersEnvironment
  readonly #open = new Map<number, Transfer>()
  #nextId = 1
  #reportedAt = -Infinity

  constructor(environment: TransfersEnvironment) {
    this.#environment = environment
  }

  open(
    source: End,
    destination: End,
    file: string,
    totalBytes: number,
    what: TransferInfo['what'] = 'file',
  ): Result<Transfer, Fault> {
    if (this.#open.size >= OPEN_LIMIT)
      return err(
        fault('over-budget', `${OPEN_LIMIT} files are on their way already; wait for one to arrive.`),
      )
    const id = this.#nextId++
    const transfer = new Transfer(id, { what, source, destination, file }, totalBytes, (over) => {
      if (over) this.#open.delete(id)
      if (over || this.#environment.now() - this.#reportedAt >= REPORT_MS) this.#report()
    })
    this.#open.set(id, transfer)
    this.#report()
    return ok(transfer)
  }

  /**
   * Does long work on storage under the eyes of the person, who may stop it.
   * @param description of what goes where; its name comes from whoever asked for it
   */
  async watched<T>(
    {
      what,
      source,
      destination,
      file: untrustedFile,
      totalBytes,
    }: Description & { readonly totalBytes: number },
    work: (watch: Watch) => Promise<Result<T, Fault>>,
  ): Promise<Result<T, Fault>> {
    const opened = this.open(source, destination, safeFileName(untrustedFile) ?? what, totalBytes, what)
    if (!opened.ok) return opened
    const transfer = opened.value
    try {
      return await work((doneBytes, totalBytes) => {
        if (transfer.stopped !== undefined) throw stopped()
        transfer.expect(totalBytes)
        transfer.progress(doneBytes)
      })
    } finally {
      transfer.close()
    }
  }

  /** Of the person. */
  cancel(id: number): Result<void, Fault> {
    const transfer = this.#open.get(id)
    if (transfer === undefined) return err(fault('failed', 'This file is not on its way any more.'))
    transfer.stop('it was cancelled at the console')
    return ok(undefined)
  }

  #report(): void {
    this.#reportedAt = this.#environment.now()
    this.#environment.report([...this.#open.values()].map(({ info }) => info))
  }
}
