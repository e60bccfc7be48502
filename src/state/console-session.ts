/**
 * The page's end of one domain's serial console.
 *
 * Output goes into two rings: its bytes, from which the terminal is fed, and its text for `text()` and `waitFor()`. A
 * guest is held back (by not acknowledging) only while a person looks at its terminal and that cannot keep up. Where
 * nobody looks (another domain has the stage, the tab is hidden, there is no terminal) output is acknowledged without it,
 * and the terminal catches up from the ring and says how much was left out.
 */

import { Disposables, type Dispose } from '../base/disposables.ts'
import { CONSOLE_HIGH_WATERMARK, type ConsoleEvent, type ConsoleRequest } from '../protocol/channels.ts'
import { fault, FaultError } from '../protocol/fault.ts'
import { ByteRing } from './byte-ring.ts'
import type { PageEnvironment } from './page-environment.ts'
import { PlainText } from './plain-text.ts'
import type { FeedSource, TerminalFeed } from './terminal-feed.ts'
import { TextRing } from './text-ring.ts'
import { DEFAULT_WAIT_MS, TextWatch } from './text-watch.ts'

/** Characters of `text()`. */
export const TEXT_CAPACITY = 256 * 1024

/** Twice what can be under way unacknowledged, so that a terminal that is looked at never misses a byte. */
const RING_BYTES = 2 * CONSOLE_HIGH_WATERMARK

/**
 * Output of a domain that nobody looks at is acknowledged at this rate, bytes a millisecond: twice what a guest gets
 * through its UART, so that none is ever held back, and no more than this page's thread reads in passing.
 */
const UNSEEN_RATE = 4096
const UNSEEN_INTERVAL_MS = 50

/** After a gap the terminal is given this much and what comes then: about as much as it can be scrolled back. */
const CATCH_UP_BYTES = 128 * 1024

/** It goes on at a line's start, which is also outside any escape sequence, if one is near. */
const LINE_SEARCH_BYTES = 4096

export type ConsoleTerminal = {
  /** Calls back when the bytes are parsed. */
  write(bytes: Uint8Array, done: () => void): void
  /** So many bytes of output are left out before what is written next. */
  skipped(bytes: number): void
  /** A new machine is connected: its screen starts empty. */
  restarted(): void
  /** The guest has asked for bracketed paste (DECSET 2004). */
  bracketedPaste(): boolean
}

/** The console port as used here; a MessagePort, or a test's own. */
export type SessionPort<Request> = {
  postMessage(message: Request, transfer?: Transferable[]): void
  onmessage: ((event: MessageEvent) => void) | null
  close(): void
}

export class ConsoleSession implements FeedSource {
  readonly #environment: PageEnvironment
  readonly #feed: TerminalFeed
  readonly #disposables = new Disposables()
  readonly #ring: { bytes: ByteRing; text: TextRing } = {
    bytes: new ByteRing(RING_BYTES),
    text: new TextRing(TEXT_CAPACITY),
  }
  readonly #watch: TextWatch
  #plain = new PlainText()
  #port: SessionPort<ConsoleRequest> | undefined
  #terminal: ConsoleTerminal | undefined
  /** Offsets into the byte ring: what the terminal has been given, has parsed, and what the domain was told. */
  #given = 0
  #parsed = 0
  #acknowledged = 0
  #foreground = false
  /** What may be acknowledged unseen, bytes, and when that was true. */
  #allowance = CONSOLE_HIGH_WATERMARK
  #allowanceAt = 0
  #stopTimer: Dispose | undefined
  /** Why there is nothing to wait for. */
  #ended: string | undefined
  /** Ended, and being started again: the port is still the old machine's. */
  #expecting = false
  #size: { columns: number; rows: number } | undefined

  constructor(environment: PageEnvironment, feed: TerminalFeed) {
    this.#environment = environment
    this.#feed = feed
    this.#watch = new TextWatch(this.#ring.text, environment)
    this.#disposables.add(feed.add(this))
    this.#disposables.add(environment.onVisibilityChange(() => this.#settle()))
  }

  /** Takes a started domain's console over; an earlier machine's output is forgotten. */
  connect(port: SessionPort<ConsoleRequest>): void {
    if (this.#port !== undefined && !this.#expecting) this.end('the domain was restarted')
    this.#disconnect()
    this.#expecting = false
    this.#port = port
    this.#ended = undefined
    this.#ring.bytes = new ByteRing(RING_BYTES)
    this.#ring.text.clear()
    this.#plain = new PlainText()
    this.#given = this.#parsed = this.#acknowledged = 0
    this.#terminal?.restarted()
    port.onmessage = (event) => this.#receive(event.data)
    if (this.#size !== undefined) port.postMessage({ kind: 'resize', ...this.#size })
  }

  /**
   * The machine is off or crashed: what waits for more output rejects. The port stays until the next one, since the last
   * lines may still be under way: they come straight from the domain, the news of its end through the supervisor.
   */
  end(reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#watch.end(`The console has ended: ${reason}.`)
  }

  /** The domain is being started: what it prints may be waited for before its port comes. */
  expect(): void {
    if (this.#ended === undefined) return
    this.#ended = undefined
    this.#expecting = true
  }

  #disconnect(): void {
    if (this.#port === undefined) return
    this.#port.onmessage = null
    this.#port.close()
    this.#port = undefined
  }

  #receive(event: ConsoleEvent): void {
    this.#ring.bytes.push(event.bytes)
    this.#ring.text.push(this.#plain.push(event.bytes))
    this.#settle()
    this.#watch.grown()
  }

  /** Acknowledges what may be, and has the terminal fed. */
  #settle(): void {
    const { end } = this.#ring.bytes
    const hidden = this.#environment.hidden()
    if (hidden) this.#acknowledge(end)
    else if (this.#terminal !== undefined && this.#foreground) this.#acknowledge(this.#parsed)
    else this.#acknowledgeUnseen(end)
    this.#feed.wake()
  }

  #acknowledge(upTo: number): void {
    if (upTo <= this.#acknowledged) return
    this.#port?.postMessage({ kind: 'ack', bytes: upTo - this.#acknowledged })
    this.#acknowledged = upTo
  }

  #acknowledgeUnseen(end: number): void {
    const now = this.#environment.now()
    const earned = (now - this.#allowanceAt) * UNSEEN_RATE
    this.#allowance = Math.min(CONSOLE_HIGH_WATERMARK, this.#allowance + earned)
    this.#allowanceAt = now
    const count = Math.min(this.#allowance, end - this.#acknowledged)
    this.#allowance -= count
    this.#acknowledge(this.#acknowledged + count)
    if (this.#acknowledged === end || this.#stopTimer !== undefined) return
    this.#stopTimer = this.#environment.setTimer(() => {
      this.#stopTimer = undefined
      this.#settle()
    }, UNSEEN_INTERVAL_MS)
  }

  /** Hands the terminal the ring's content and from then on all output. One at a time. */
  attach(terminal: ConsoleTerminal): Dispose {
    this.#terminal = terminal
    this.#given = this.#parsed = this.#ring.bytes.start
    this.#settle()
    return () => {
      if (this.#terminal !== terminal) return
      this.#terminal = undefined
      this.#settle()
    }
  }

  /** Whether a person looks at this terminal (were the page visible). */
  setForeground(foreground: boolean): void {
    this.#foreground = foreground
    this.#settle()
  }

  foreground(): boolean {
    return this.#foreground
  }

  waiting(): boolean {
    return this.#terminal !== undefined && this.#given < this.#ring.bytes.end
  }

  feed(bytes: number, done: () => void): void {
    const terminal = this.#terminal
    const ring = this.#ring.bytes
    if (terminal === undefined) return done()
    if (this.#given < ring.start) this.#skip(terminal, ring)
    const chunk = ring.read(this.#given, bytes)
    this.#given += chunk.length
    const parsed = this.#given
    terminal.write(chunk, () => {
      // A restart or another terminal may have come in between.
      if (this.#terminal === terminal && this.#ring.bytes === ring) {
        this.#parsed = parsed
        this.#settle()
      }
      done()
    })
  }

  #skip(terminal: ConsoleTerminal, ring: ByteRing): void {
    const from = Math.max(ring.start, ring.end - CATCH_UP_BYTES)
    const newline = ring.read(from, LINE_SEARCH_BYTES).indexOf(0x0a)
    const goOnAt = from + newline + 1
    terminal.skipped(goOnAt - this.#given)
    this.#given = goOnAt
  }

  text(): string {
    return this.#ring.text.text()
  }

  /** @throws (rejects) FaultError: timeout, or illegal-state when the domain ends first */
  waitFor(pattern: RegExp | string, options: { readonly timeoutMs?: number } = {}): Promise<string> {
    const match = this.#watch.wait(pattern, options.timeoutMs ?? DEFAULT_WAIT_MS)
    if (this.#ended !== undefined) this.#watch.end(`The console has ended: ${this.#ended}.`)
    return match
  }

  /** Keys as a terminal sends them, or any text; nothing happens where no machine is connected. */
  input(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    if (bytes.length > 0 && this.#takesInput()) this.#port?.postMessage({ kind: 'input', bytes })
  }

  #takesInput(): boolean {
    return this.#port !== undefined && this.#ended === undefined && !this.#expecting
  }

  /** @throws FaultError illegal-state where no machine is connected */
  write(text: string): void {
    if (!this.#takesInput())
      throw new FaultError(
        fault('illegal-state', 'The domain is not running: start it, then write to its console.'),
      )
    this.input(text)
  }

  /**
   * Text from the clipboard: line ends become Enter, and where the guest asked for it the whole is marked as pasted, so
   * that a shell does not execute it line by line. ESC is taken out: it could forge the mark's end.
   */
  paste(untrustedText: string): void {
    const text = untrustedText.replaceAll(/\r?\n/g, '\r').replaceAll('\x1b', '')
    this.input(this.#terminal?.bracketedPaste() === true ? `\x1b[200~${text}\x1b[201~` : text)
  }

  resize(columns: number, rows: number): void {
    if (this.#size?.columns === columns && this.#size.rows === rows) return
    this.#size = { columns, rows }
    this.#port?.postMessage({ kind: 'resize', columns, rows })
  }

  dispose(): void {
    this.end('the domain was removed')
    this.#disconnect()
    this.#terminal = undefined
    this.#stopTimer?.()
    this.#disposables.dispose()
  }
}
