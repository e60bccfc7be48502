/**
 * Gives the terminals their output in small pieces, one terminal at a time, each in a task of its own: whatever the
 * guests print, a key or a frame waits for one piece at most.
 *
 * The terminal that a person looks at goes first. The others follow a few times a second, so that a switch finds them
 * nearly up to date, and never more: nobody looks at them, and they are drawn on the same thread.
 *
 * What it costs to draw is measured with each frame, and the thread rests for a multiple of that before there is more to draw:
 * a flood takes its share of the thread, on a slow machine by fewer frames.
 */

import type { Dispose } from '../base/disposables.ts'
import type { PageEnvironment } from './page-environment.ts'

/**
 * A piece begins small and grows while it is quickly done: warm, xterm.js parses 16 KiB in 1–3 ms; its first 16 KiB of
 * short lines took 58 ms, before the browser had compiled it.
 */
export const PIECE_BYTES = 16 * 1024
const SMALLEST_PIECE = 2048
/** From a piece's writing to its being parsed: two frames and one. Waiting for the thread's other work is in it. */
const LONG_MS = 32
const SHORT_MS = 16

/** With each frame, for the terminal that is looked at: 3.75 MiB/s at 60 Hz, twice what a UART brings. */
const PIECES_PER_FRAME = 4

/**
 * Terminals that are not looked at have their turn one after another, so many pieces each, so far apart: 320 KiB/s for
 * all of them. What costs is not the parsing but the drawing, which is done once for the pieces of a turn.
 */
const PIECES_PER_TURN = 4
const TURN_INTERVAL_MS = 200

/**
 * Of the page's thread, drawing the terminal that is looked at may take one part in so many and one. A line that comes alone
 * is drawn with the next frame in any case.
 */
const RESTS_PER_DRAWING = 2
/** However long a frame took. */
const LONGEST_REST_MS = 250

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
  /** The terminal whose turn it is, and how many pieces it may still have. */
  #turn: FeedSource | undefined
  #turnPieces = 0
  #nextTurnAt = 0
  #pieceBytes: number
  #piecesThisFrame = 0
  /** When the terminal that is looked at may have more. */
  #foregroundAt = 0
  /** Resting while set. */
  #stopRest: Dispose | undefined
  #stopFrame: Dispose | undefined
  #timer: { readonly at: number; readonly stop: Dispose } | undefined

  constructor(environment: PageEnvironment, firstPiece = SMALLEST_PIECE) {
    this.#environment = environment
    this.#pieceBytes = firstPiece
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
    if (this.#busy || this.#stopRest !== undefined || this.#environment.hidden()) return
    const source = this.#next()
    if (source === undefined) return
    this.#busy = true
    this.#stopTimer()
    this.#count(source)
    const began = this.#environment.now()
    source.feed(this.#pieceBytes, () => {
      this.#adapt(this.#environment.now() - began)
      this.#environment.defer(() => {
        this.#busy = false
        this.wake()
      })
    })
  }

  /** Feeds nobody for a moment: the page's thread has something else to draw. */
  rest(milliseconds: number): void {
    this.#stopRest?.()
    this.#stopRest = this.#environment.setTimer(() => {
      this.#stopRest = undefined
      this.wake()
    }, milliseconds)
  }

  #adapt(milliseconds: number): void {
    if (milliseconds > LONG_MS) this.#pieceBytes = Math.max(SMALLEST_PIECE, this.#pieceBytes / 2)
    else if (milliseconds < SHORT_MS) this.#pieceBytes = Math.min(PIECE_BYTES, this.#pieceBytes * 2)
  }

  #next(): FeedSource | undefined {
    const now = this.#environment.now()
    // First, and yet nobody starves: it has no more than its share of a frame.
    const foreground = this.#foreground()
    if (foreground !== undefined && this.#foregroundAt <= now) return foreground
    const background = this.#background()
    if (background !== undefined && this.#nextTurnAt <= now) return this.#takeTurn(background)
    const next = Math.min(
      foreground === undefined ? Infinity : this.#foregroundAt,
      background === undefined ? Infinity : this.#nextTurnAt,
    )
    if (next !== Infinity) this.#wakeAt(next, now)
    return undefined
  }

  /** Goes on with the turn that has begun, else the one that has waited longest. */
  #background(): FeedSource | undefined {
    const waits = (source: FeedSource): boolean => !source.foreground() && source.waiting()
    if (this.#turn !== undefined && waits(this.#turn)) return this.#turn
    if (this.#turn !== undefined) this.#endTurn()
    return this.#sources.find(waits)
  }

  #takeTurn(source: FeedSource): FeedSource {
    if (this.#turn !== source) {
      this.#turn = source
      this.#turnPieces = PIECES_PER_TURN
      // To the end of the line, so that each has its turn.
      this.#sources.splice(this.#sources.indexOf(source), 1)
      this.#sources.push(source)
    }
    this.#turnPieces -= 1
    if (this.#turnPieces === 0) this.#endTurn()
    return source
  }

  #endTurn(): void {
    this.#turn = undefined
    this.#nextTurnAt = this.#environment.now() + TURN_INTERVAL_MS
  }

  /** The one that is looked at, while it has not had its share of this frame. */
  #foreground(): FeedSource | undefined {
    if (this.#piecesThisFrame >= PIECES_PER_FRAME) return undefined
    return this.#sources.find((source) => source.foreground() && source.waiting())
  }

  #count(source: FeedSource): void {
    if (!source.foreground()) return
    this.#piecesThisFrame += 1
    this.#stopFrame ??= this.#environment.requestFrame(() => {
      const began = this.#environment.now()
      // The first task after a frame: it has been laid out and painted by then.
      this.#environment.defer(() => {
        this.#stopFrame = undefined
        this.#drawn(this.#environment.now() - began)
      })
    })
  }

  #drawn(milliseconds: number): void {
    const rest = Math.min(LONGEST_REST_MS, RESTS_PER_DRAWING * milliseconds)
    this.#foregroundAt = this.#environment.now() + rest
    this.#piecesThisFrame = 0
    this.wake()
  }

  #wakeAt(at: number, now: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return
    this.#stopTimer()
    const stop = this.#environment.setTimer(() => {
      this.#timer = undefined
      this.wake()
    }, at - now)
    this.#timer = { at, stop }
  }

  #stopTimer(): void {
    this.#timer?.stop()
    this.#timer = undefined
  }

  dispose(): void {
    this.#stopRest?.()
    this.#stopRest = undefined
    this.#stopTimer()
    this.#stopFrame?.()
    this.#stopFrame = undefined
    this.#sources.length = 0
  }
}
