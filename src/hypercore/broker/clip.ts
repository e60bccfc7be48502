/**
 * `hv clip`: text between a guest and the person's clipboard. A guest that sets it makes an offer, which the person takes
 * with a click or leaves; a guest that gets it waits until the person was asked and the page has read it.
 */

import type { Dispose } from '../../base/disposables.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { CLIP_LIMIT_BYTES, type ClipAnswer } from '../../protocol/clip.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import type { SupervisorEvent } from '../../protocol/supervisor.ts'
import type { Domain } from '../domain.ts'
import type { Gate } from './gate.ts'

/** The page reads within a moment, or it has to ask the person in its own way. */
const READ_MS = 60_000

export type ClipRequest = { readonly kind: 'get' } | { readonly kind: 'set'; readonly text: string }

export type ClipHost = {
  readonly gate: Gate
  emit(event: Extract<SupervisorEvent, { type: 'clip-offer' | 'clip-wanted' }>): void
  after(ms: number, action: () => void): Dispose
  log(text: string, domain: Domain): void
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}

/** Line ends and tabs stay; other control characters would act on whatever the text is pasted into. */
function withoutControls(untrustedText: string): string {
  return untrustedText.replaceAll(/[^\P{Cc}\n\t]/gu, '')
}

export function sanitiseClip(untrustedArguments: readonly string[]): Result<ClipRequest, Fault> {
  const [untrustedOperation, untrustedText, ...more] = untrustedArguments
  if (untrustedOperation === 'get' && untrustedText === undefined) return ok({ kind: 'get' })
  if (untrustedOperation !== 'set' || untrustedText === undefined || more.length > 0)
    return err(fault('malformed', 'the clipboard takes “get”, or “set” and a text'))
  if (utf8Length(untrustedText) > CLIP_LIMIT_BYTES)
    return err(fault('over-budget', `the clipboard takes ${CLIP_LIMIT_BYTES / 1024} KiB`))
  const text = withoutControls(untrustedText)
  return text === '' ? err(fault('malformed', 'there is no text to set')) : ok({ kind: 'set', text })
}

type Reading = { settle(answer: Result<string, Fault>): void }

export class Clip {
  readonly #host: ClipHost
  /** By request; one per domain at most. */
  readonly #open = new Map<number, Reading>()
  readonly #asking = new Set<Domain>()
  #nextRequest = 1

  constructor(host: ClipHost) {
    this.#host = host
  }

  clip(caller: Domain, request: ClipRequest): Promise<Result<string, Fault>> {
    return request.kind === 'get' ? this.#get(caller) : Promise.resolve(this.#set(caller, request.text))
  }

  /** The offer is the question, so that `ask` and `allow` are one. */
  #set(caller: Domain, text: string): Result<string, Fault> {
    const stands = this.#host.gate.stands({ source: caller, destination: 'host', service: 'clip' })
    if (!stands.ok) return stands
    this.#host.emit({ type: 'clip-offer', id: caller.id, text })
    return ok('offered to the person at the console')
  }

  async #get(caller: Domain): Promise<Result<string, Fault>> {
    if (this.#asking.has(caller))
      return err(fault('illegal-state', 'the person is being asked for the clipboard already'))
    this.#asking.add(caller)
    try {
      const permitted = await this.#host.gate.permit(
        { source: 'host', destination: caller, service: 'clip' },
        'the text on your clipboard, once',
      )
      if (!permitted.ok) return permitted
      const text = await this.#read(caller)
      if (text.ok) this.#host.log(`${caller.name} was given the clipboard’s text.`, caller)
      return text
    } finally {
      this.#asking.delete(caller)
    }
  }

  #read(caller: Domain): Promise<Result<string, Fault>> {
    const request = this.#nextRequest++
    return new Promise((resolve) => {
      const cancel = this.#host.after(READ_MS, () =>
        this.#settle(request, err(fault('timeout', 'the page did not give the clipboard'))),
      )
      this.#open.set(request, {
        settle: (answer) => {
          cancel()
          resolve(answer)
        },
      })
      this.#host.emit({ type: 'clip-wanted', id: caller.id, request })
    })
  }

  #settle(request: number, answer: Result<string, Fault>): void {
    const open = this.#open.get(request)
    this.#open.delete(request)
    open?.settle(answer)
  }

  /** The page has read the person's clipboard, or could not. */
  answer({ request, text }: ClipAnswer): Result<void, Fault> {
    if (!this.#open.has(request)) return err(fault('failed', 'Nobody waits for the clipboard any more.'))
    if (text === undefined)
      this.#settle(request, err(fault('failed', 'the browser did not let the page read the clipboard')))
    else if (utf8Length(text) > CLIP_LIMIT_BYTES)
      this.#settle(
        request,
        err(fault('over-budget', `the clipboard has more than ${CLIP_LIMIT_BYTES / 1024} KiB`)),
      )
    else this.#settle(request, ok(text))
    return ok(undefined)
  }
}
