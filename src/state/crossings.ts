/** What crosses between guests and the person, as the page knows it: files on their way, text offered and text wanted. */

import { createStore, type StoreApi } from 'zustand/vanilla'
import type { ClipAnswer } from '../protocol/clip.ts'
import type { DomainId } from '../protocol/domain.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'
import type { TransferInfo } from '../protocol/transfers.ts'

export type ClipOffer = { readonly id: DomainId; readonly text: string }
export type ClipWanted = { readonly id: DomainId; readonly request: number }

export type CrossingsState = {
  readonly transfers: readonly TransferInfo[]
  /** Newest last; one of a domain. */
  readonly offers: readonly ClipOffer[]
  readonly wanted: readonly ClipWanted[]
}

type CrossingEvent = Extract<SupervisorEvent, { type: 'transfers' | 'clip-offer' | 'clip-wanted' }>

export class Crossings {
  readonly store: StoreApi<CrossingsState> = createStore<CrossingsState>(() => ({
    transfers: [],
    offers: [],
    wanted: [],
  }))
  readonly #answer: (answer: ClipAnswer) => Promise<void>

  constructor(answer: (answer: ClipAnswer) => Promise<void>) {
    this.#answer = answer
  }

  receive(event: CrossingEvent): void {
    switch (event.type) {
      case 'transfers':
        return this.store.setState({ transfers: event.transfers })
      case 'clip-offer': {
        const { id, text } = event
        return this.store.setState(({ offers }) => ({ offers: [...without(offers, id), { id, text }] }))
      }
      case 'clip-wanted': {
        const { id, request } = event
        return this.store.setState(({ wanted }) => ({ wanted: [...without(wanted, id), { id, request }] }))
      }
    }
  }

  /** The person has taken the offer or put it away, or its domain is gone. */
  dropOffer(id: DomainId): void {
    this.store.setState(({ offers }) => ({ offers: without(offers, id) }))
  }

  /** Settles a request for the clipboard; without a text it was not given. */
  async answerClip(request: number, text: string | undefined): Promise<void> {
    this.store.setState(({ wanted }) => ({ wanted: wanted.filter((other) => other.request !== request) }))
    await this.#answer({ request, text })
  }
}

function without<Item extends { readonly id: DomainId }>(
  items: readonly Item[],
  id: DomainId,
): readonly Item[] {
  return items.filter((item) => item.id !== id)
}
