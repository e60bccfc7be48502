/**
 * Gives the terminals their output in small pieces, one terminal at a time, each in a task of its own: whatever the
 * guests print, a key or a frame waits for one piece at most.
 *
 * The terminal that a person looks at goes first. The others follow at a few pieces a second, so that a switch finds
 * them nearly up to date, and never more: nobody looks at them, and their parsing is on the same thread.
 */

import type { Dispose } from '../base/disposables.ts'
import type { PageEnvironment } from './page-environment.ts'

/** xterm.js parses 5–35 MB/s: 1–3 ms a piece. */
export const PIECE_BYTES = 16 * 1024

/** Between pieces for terminals that are not looked at, all of them together: 320 KiB/s, about 5 % of the thread. */
const BACKGROUND_INTERVAL_MS = 50

export type FeedSource = {
  /** The person looks at it. */
  foreground(): boolean
  /** Something waits to be shown. */
  waiting(): boolean
  /** Writes at most `bytes`, and calls back when the terminal has parsed them. */
  feed(bytes: number, done: () => void): void
}

export class TerminalFeed {
  readonly #environment: PageEnvironment
  readonly #sources: FeedSource[] = []
  #busy = false
  #nextBackgroundAt = 0
  #timer: Dispose | undefined

  constructor(environment: PageEnvironment) {
    this.#environment = environment
  }

  add(source: FeedSource): Dispose {
    this.#sources.push(source)
    return () => {
      const index = this.#sources.indexOf(source)
      if (index >= 0) this.#sources.splice(index, 1)
    }
  }

  /** To be called when a source begins to wait or comes to the foreground. */
  wake(): void {
    if (this.#busy || this.#environment.hidden()) return
    const source = this.#next()
    if (source === undefined) return
    this.#busy = true
    this.#timer?.()
    this.#timer = undefined
    source.feed(PIECE_BYTES, () =>
      this.#environment.defer(() => {
        this.#busy = false
        this.wake()
      }),
    )
  }

  #next(): FeedSource | undefined {
    const foreground = this.#sources.find((source) => source.foreground() && source.waiting())
    const backgroundIndex = this.#sources.findIndex((source) => !source.foreground() && source.waiting())
    const background = this.#sources[backgroundIndex]
    if (background === undefined) return foreground
    const now = this.#environment.now()
    if (now >= this.#nextBackgroundAt) {
      this.#nextBackgroundAt = now + BACKGROUND_INTERVAL_MS
      // To the end of the line, so that each has its turn.
      this.#sources.splice(backgroundIndex, 1)
      this.#sources.push(background)
      return background
    }
    if (foreground === undefined) this.#wakeLater(this.#nextBackgroundAt - now)
    return foreground
  }

  #wakeLater(milliseconds: number): void {
    this.#timer ??= this.#environment.setTimer(() => {
      this.#timer = undefined
      this.wake()
    }, milliseconds)
  }

  dispose(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#sources.length = 0
  }
}
