/**
 * Both ends of a state's way at the store's side: receives what a domain saves, page by page at the store's own pace,
 * and gives what a domain loads. What comes from a domain's worker is taken as hostile until checked.
 */

import {
  IMAGE_PAGE_BYTES,
  type LoadReply,
  type LoadRequest,
  type PageBatch,
  type SaveMessage,
  type SaveReply,
} from '../../protocol/store.ts'
import type { MachineFingerprint } from '../../protocol/machine-state.ts'
import type { SnapshotId } from '../../protocol/snapshot.ts'
import { FormatError } from '../pages/format-error.ts'
import { MAX_IMAGE_BYTES, type ImageChange } from '../pages/snapshot.ts'

/** Pages on their way ahead of the store: one batch is stored while the next is copied. */
const AHEAD = 2

/** 16 MiB of pages in a message; domains send one. */
const MAX_BATCH_PAGES = 4096

/** Characters of a fingerprint's texts: a hash, and a list of devices. */
const MAX_TEXT = 4000

function refuse(what: string): FormatError {
  return new FormatError('corrupt', `The guest’s worker sent a state that cannot be stored: ${what}.`)
}

function fieldsOf(untrusted: unknown): Readonly<Record<string, unknown>> {
  return typeof untrusted === 'object' && untrusted !== null ? { ...untrusted } : {}
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT
}

function checkMachine(untrusted: unknown): MachineFingerprint {
  const { engine, memoryMiB, devices } = fieldsOf(untrusted)
  if (!isText(engine) || !isText(devices) || typeof memoryMiB !== 'number' || !Number.isInteger(memoryMiB))
    throw refuse('its machine is not described')
  if (memoryMiB < 1 || memoryMiB > 2048) throw refuse(`${memoryMiB} MiB`)
  return { engine, memoryMiB, devices }
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
  readonly machine: MachineFingerprint
  readonly deviceState: Uint8Array<ArrayBuffer>
  readonly image: ImageChange
}

/** The store's end of one save. */
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
        throw new FormatError('truncated', String(message['message']).slice(0, MAX_TEXT))
      if (message['kind'] !== undefined) return message
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** @throws FormatError */
  async begin(): Promise<Arrival> {
    const { kind, machine, imageBytes, base, deviceState } = await this.#next()
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
    return { machine: checkMachine(machine), deviceState, image }
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

/** The store's end of one load. */
export class LoadPort {
  readonly #port: MessagePort

  constructor(port: MessagePort) {
    this.#port = port
  }

  /** Which machine the domain has built. @throws FormatError */
  wanted(): Promise<MachineFingerprint> {
    return new Promise((resolve, reject) => {
      this.#port.onmessage = ({ data }: MessageEvent<unknown>) => {
        const { kind, machine } = fieldsOf(data)
        if (kind !== ('want' satisfies LoadRequest['kind'])) return reject(refuse('no request'))
        try {
          resolve(checkMachine(machine))
        } catch (error) {
          reject(error)
        }
      }
      this.#port.onmessageerror = () => reject(refuse('a message that cannot be read'))
    })
  }

  give(state: Extract<LoadReply, { kind: 'state' }>): void {
    this.#port.postMessage(state, [
      state.ram,
      state.deviceState.buffer,
      ...state.blocks.map(({ bytes }) => bytes.buffer),
    ])
    this.#port.close()
  }

  refused(message: string): void {
    const reply: LoadReply = { kind: 'refused', message }
    this.#port.postMessage(reply)
    this.#port.close()
  }
}
