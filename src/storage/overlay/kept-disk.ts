/**
 * A disk in use by a guest: its overlay, with the two things that a guest does not do for itself. What it has not flushed
 * for two seconds is flushed (DOS and Windows 9x never ask for it; every such moment is one of the disk as a whole, so
 * that a tab killed later finds a disk as a power cut would leave it), and what fails is told to the person, who can do
 * something about it, besides the guest, which gets its I/O error.
 */

import type { BlockStore } from '../../protocol/block-store.ts'

/** What a person would lose at most of a system that never flushes. A guest that writes all the time pays 0.5 flushes a second. */
const FLUSH_AFTER_MS = 2000

export class KeptDisk implements BlockStore {
  readonly size: number
  readonly readOnly: boolean
  readonly #store: BlockStore
  readonly #trouble: (words: string) => void
  /** What was told last: one broken disk is one sentence, not one for each transfer. */
  #told: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(store: BlockStore, trouble: (words: string) => void) {
    this.#store = store
    this.#trouble = trouble
    this.size = store.size
    this.readOnly = store.readOnly
  }

  /** @throws what `action` throws, once the person has been told */
  #watched<T>(action: () => T | Promise<T>): T | Promise<T> {
    try {
      const result = action()
      return result instanceof Promise ? result.catch((error: unknown) => this.#failed(error)) : result
    } catch (error) {
      return this.#failed(error)
    }
  }

  #failed(error: unknown): never {
    if (this.#store.reasonOf === undefined) this.#tell(error)
    else void this.#tellReason(this.#store.reasonOf(error))
    throw error
  }

  async #tellReason(reason: Promise<unknown>): Promise<void> {
    this.#tell(await reason)
  }

  #tell(reason: unknown): void {
    const words = reason instanceof Error ? reason.message : String(reason)
    if (words !== this.#told) this.#trouble(words)
    this.#told = words
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    return this.#watched(() => this.#store.read(offset, length))
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    this.#timer ??= setTimeout(() => void this.#flushUnasked(), FLUSH_AFTER_MS)
    return this.#watched(() => this.#store.write(offset, bytes))
  }

  occupied(): Iterable<number> | undefined {
    return this.#store.occupied?.()
  }

  flush(): void | Promise<void> {
    this.#disarm()
    return this.#watched(() => this.#store.flush())
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Settles in any case: the guest hears by its next flush, since nothing is given up, or the file refuses everything. */
  async #flushUnasked(): Promise<void> {
    try {
      await this.flush()
    } catch (error) {
      this.#told ??= String(error)
    }
  }

  /** As a power cut would: what was not flushed is gone. */
  close(): void {
    this.#disarm()
    this.#store.close()
  }
}
