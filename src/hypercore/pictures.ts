/** Pictures of guests, which the page alone can make: asked for where a snapshot is taken that the page has not begun. */

import type { DomainId } from '../protocol/domain.ts'
import type { Dispose } from '../base/disposables.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'

/** A page that is hidden or busy answers late, and a snapshot is worth more than its picture. */
const PATIENCE_MS = 1000

export type PicturesHost = {
  after(ms: number, action: () => void): Dispose
  emit(event: Extract<SupervisorEvent, { type: 'picture-wanted' }>): void
}

type Picture = Uint8Array<ArrayBuffer>

export class Pictures {
  readonly #host: PicturesHost
  readonly #open = new Map<number, (picture: Picture) => void>()
  #nextRequest = 1

  constructor(host: PicturesHost) {
    this.#host = host
  }

  /** A small PNG of what the domain shows; empty where there is none. */
  of(id: DomainId): Promise<Picture> {
    const request = this.#nextRequest++
    return new Promise((resolve) => {
      const cancel = this.#host.after(PATIENCE_MS, () => this.answer(request, new Uint8Array()))
      this.#open.set(request, (picture) => {
        cancel()
        resolve(picture)
      })
      this.#host.emit({ type: 'picture-wanted', id, request })
    })
  }

  answer(request: number, picture: Picture): void {
    const settle = this.#open.get(request)
    this.#open.delete(request)
    settle?.(picture)
  }
}
