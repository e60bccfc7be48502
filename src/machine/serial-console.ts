/**
 * The console on ttyS0: output gathered per slice and sent on by credit, input fed to the UART no faster than the
 * guest takes it.
 */

import { CONSOLE_HIGH_WATERMARK, CONSOLE_LOW_WATERMARK } from '../protocol/channels.ts'
import { ConsoleTail } from './console-tail.ts'
import { at, type Internals } from './v86-internals.ts'

/** A slice's output at the UART's pace stays far below; more only makes the buffer grow. */
const BATCH_BYTES = 4096

/** A 16550A's receive FIFO. v86's has no end, so that the limit is kept here. */
const FIFO_BYTES = 16

/** Input that waits for the guest: a large paste. What comes on top is refused. */
const INPUT_LIMIT_BYTES = 1024 * 1024

export type SerialConsoleHooks = {
  /** One slice's output; the receiver owns the bytes. */
  readonly output: (bytes: Uint8Array<ArrayBuffer>) => void
  /** Too much output is on its way: no further slice until `drained`. */
  readonly congested: () => void
  readonly drained: () => void
}

export class SerialConsole {
  readonly #internals: Internals
  readonly #hooks: SerialConsoleHooks
  readonly #tail = new ConsoleTail()
  #batch = new Uint8Array(BATCH_BYTES)
  #batched = 0
  #unacknowledged = 0
  #congested = false
  #input: Uint8Array[] = []
  #inputOffset = 0
  #waitingInput = 0
  #outBytes = 0
  #inBytes = 0

  constructor(internals: Internals, hooks: SerialConsoleHooks) {
    this.#internals = internals
    this.#hooks = hooks
    internals.on('serial0-output-byte', (byte: number) => {
      if (this.#batched === this.#batch.length) {
        const larger = new Uint8Array(this.#batch.length * 2)
        larger.set(this.#batch)
        this.#batch = larger
      }
      this.#batch[this.#batched++] = byte
    })
  }

  get outBytes(): number {
    return this.#outBytes
  }

  /** Bytes the guest's UART has been given. */
  get inBytes(): number {
    return this.#inBytes
  }

  tailText(): string {
    return this.#tail.text()
  }

  /** After a slice: sends on what it wrote, feeds what waits. Answers how many bytes it wrote. */
  sliceEnded(): number {
    const written = this.#batched
    if (written > 0) {
      const bytes = this.#batch.slice(0, written)
      this.#batched = 0
      if (this.#batch.length > BATCH_BYTES) this.#batch = new Uint8Array(BATCH_BYTES)
      this.#outBytes += written
      this.#unacknowledged += written
      this.#tail.push(bytes)
      this.#hooks.output(bytes)
      if (!this.#congested && this.#unacknowledged >= CONSOLE_HIGH_WATERMARK) {
        this.#congested = true
        this.#hooks.congested()
      }
    }
    this.#feed()
    return written
  }

  /** Shows what this guest's console had shown when its state was taken. */
  recall(bytes: Uint8Array<ArrayBuffer>): void {
    this.#unacknowledged += bytes.length
    this.#tail.push(bytes)
    this.#hooks.output(bytes)
  }

  /** The terminal has taken `bytes` of the output. */
  acknowledge(bytes: number): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - bytes)
    if (this.#congested && this.#unacknowledged <= CONSOLE_LOW_WATERMARK) {
      this.#congested = false
      this.#hooks.drained()
    }
  }

  /** Types `bytes`. Answers whether they found room. */
  type(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    if (this.#waitingInput + bytes.length > INPUT_LIMIT_BYTES) return false
    this.#input.push(bytes)
    this.#waitingInput += bytes.length
    this.#feed()
    return true
  }

  #feed(): void {
    if (this.#waitingInput === 0) return
    const fifo = this.#internals.cpu.devices.uart0.input
    while (fifo.length < FIFO_BYTES && this.#waitingInput > 0) {
      const [chunk] = this.#input
      if (chunk === undefined) return
      this.#internals.bus.send('serial0-input', at(chunk, this.#inputOffset))
      this.#inBytes++
      this.#waitingInput--
      this.#inputOffset++
      if (this.#inputOffset === chunk.length) {
        this.#input.shift()
        this.#inputOffset = 0
      }
    }
  }
}
