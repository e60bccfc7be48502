/**
 * The store's end of a save: receives a domain's state, page by page at the store's own pace. What comes from a domain's
 * worker is taken as hostile until checked.
 */

import { IMAGE_PAGE_BYTES, type PageBatch, type SaveMessage, type SaveReply } from '../../protocol/store.ts'
import type { SnapshotId } from '../../protocol/snapshot.ts'
import { FormatError } from '../pages/format-error.ts'
import { MAX_IMAGE_BYTES, type ImageChange } from '../pages/snapshot.ts'

/** Pages on their way ahead of the store: one batch is stored while the next is copied. */
const AHEAD = 2

/** 16 MiB of pages in a message; domains send one. */
const MAX_BATCH_PAGES = 4096

/** Characters of a reason that a domain gives. */
const MAX_REASON = 400

function refuse(what: string): FormatError {
  return new FormatError('corrupt', `The guest’s worker sent a state that cannot be stored: ${what}.`)
}

function fieldsOf(untrusted: unknown): Readonly<Record<string, unknown>> {
  return typeof untrusted === 'object' && untrusted !== null ? { ...untrusted } : {}
}

function isWords(value: unknown): value is Uint32Array<ArrayBuffer> {
  return value instanceof Uint32Array && value.buffer instanceof ArrayBuffer
}

function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer
}

function checkBatch(untrusted: unknown): PageBatch {
  const { indices, bytes, zeros } = fieldsOf(untrusted)
  if (!isWords(indices) || !isBytes(bytes) || !isWords(zeros)) throw refuse('pages of another form')
  if (bytes.byteOffset % 4 !== 0 || bytes.length !== indices.length * IMAGE_PAGE_BYTES)
    throw refuse(`${indices.length} pages in ${bytes.length} bytes`)
  if (indices.length + zeros.length > MAX_BATCH_PAGES) throw refuse(`${indices.length} pages at once`)
  return { indices, bytes, zeros }
}

/** What a save begins with, checked; `image` then takes the pages off the port. */
export type Arrival = {
  readonly deviceState: Uint8Array<ArrayBuffer>
  readonly image: ImageChange
}

export class SavePort {
  readonly #port: MessagePort
  readonly #messages: unknown[] = []
  #failure: FormatError | undefined
  #wake: (() => void) | undefined

  constructor(port: MessagePort) {
    this.#port = port
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      // A domain that sends unasked waits in vain.
      if (this.#messages.length > AHEAD + 1) this.#failure ??= refuse('more than was asked for')
      else this.#messages.push(data)
      this.#wake?.()
    }
    port.onmessageerror = () => this.#fail(refuse('a message that cannot be read'))
  }

  #fail(failure: FormatError): void {
    this.#failure ??= failure
    this.#wake?.()
  }

  /** The domain is gone. */
  abandon(): void {
    this.#fail(new FormatError('truncated', 'The guest ended while its state was being stored.'))
  }

  async #next(): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const message = fieldsOf(this.#messages.shift())
      if (message['kind'] === 'refused')
        throw new FormatError('truncated', String(message['message']).slice(0, MAX_REASON))
      if (message['kind'] !== undefined) return message
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** @throws FormatError */
  async begin(): Promise<Arrival> {
    const { kind, imageBytes, base, deviceState } = await this.#next()
    if (kind !== ('begin' satisfies SaveMessage['kind']) || !isBytes(deviceState))
      throw refuse('no beginning')
    if (
      typeof imageBytes !== 'number' ||
      imageBytes % IMAGE_PAGE_BYTES !== 0 ||
      imageBytes <= 0 ||
      imageBytes > MAX_IMAGE_BYTES
    )
      throw refuse(`an image of ${String(imageBytes)} bytes`)
    if (base !== undefined && typeof base !== 'string') throw refuse('its base')
    const image = { imageBytes, base, batches: () => this.#batches() }
    return { deviceState, image }
  }

  async *#batches(): AsyncGenerator<PageBatch> {
    for (let i = 0; i < AHEAD; i += 1) this.#reply({ kind: 'next' })
    for (;;) {
      const message = await this.#next()
      if (message['kind'] === ('end' satisfies SaveMessage['kind'])) return
      if (message['kind'] !== ('pages' satisfies SaveMessage['kind'])) throw refuse('something among pages')
      yield checkBatch(message['batch'])
      this.#reply({ kind: 'next' })
    }
  }

  #reply(reply: SaveReply): void {
    this.#port.postMessage(reply)
  }

  stored(id: SnapshotId): void {
    this.#reply({ kind: 'stored', id })
    this.#port.close()
  }

  refused(message: string): void {
    this.#reply({ kind: 'refused', message })
    this.#port.close()
  }
}
