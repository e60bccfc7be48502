/**
 * Reads files beside the page: what POST verifies is tens of megabytes, and the page's one thread has a screen to draw meanwhile.
 * Each is read, hashed and made a blob in a worker, as many at a time as there are readers.
 */

import type { FileReading, ReadReply, ReadRequest } from './file-reading.ts'

type Waiting = { readonly resolve: (file: FileReading) => void; readonly reject: (error: Error) => void }

/** The part of `Worker` in use. */
export type ReaderPort = {
  postMessage(request: ReadRequest): void
  onmessage: ((event: MessageEvent<ReadReply>) => void) | null
  onerror: ((event: ErrorEvent) => void) | null
  terminate(): void
}

export class Reader {
  readonly #ports: ReaderPort[]
  readonly #kept: boolean
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  /** A worker is gone: who asks it would wait for ever. */
  #failure: Error | undefined

  /** `kept`: copies that the service worker keeps will do. */
  constructor(ports: readonly ReaderPort[], kept: boolean) {
    this.#ports = [...ports]
    this.#kept = kept
    for (const port of ports) {
      port.onmessage = ({ data }) => this.#answered(data)
      port.onerror = (event) => {
        event.preventDefault()
        this.#failed(new Error(`the reader failed: ${event.message}`))
      }
    }
  }

  /** @throws Error fit for a person */
  read(url: string): Promise<FileReading> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#ports[id % this.#ports.length]?.postMessage({ id, url, kept: this.#kept })
    })
  }

  #answered(reply: ReadReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.kind === 'read') waiting?.resolve(reply.file)
    else waiting?.reject(new Error(reply.message))
  }

  #failed(error: Error): void {
    this.#failure = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  /** Nothing more is read. */
  close(): void {
    for (const port of this.#ports) port.terminate()
  }
}
