/** Questions to a domain's worker for the end of its console. Each is answered once: with text, or with nothing at its end. */

import type { DomainRequest } from '../protocol/guest.ts'

/** Characters that are taken from a worker; its own tail is 16 KiB of bytes. */
const TAIL_LIMIT = 16 * 1024

export class ConsoleTails {
  readonly #post: (request: DomainRequest) => void
  readonly #waiting = new Map<number, (untrustedText: string | undefined) => void>()
  #nextNonce = 1

  constructor(post: (request: DomainRequest) => void) {
    this.#post = post
  }

  /** Undefined where the domain ended first. The text is the guest's. */
  read(): Promise<string | undefined> {
    const nonce = this.#nextNonce++
    return new Promise((resolve) => {
      this.#waiting.set(nonce, resolve)
      this.#post({ kind: 'read-console-tail', nonce })
    })
  }

  answered(nonce: number, untrustedText: string): void {
    const resolve = this.#waiting.get(nonce)
    this.#waiting.delete(nonce)
    resolve?.(untrustedText.slice(-TAIL_LIMIT))
  }

  end(): void {
    for (const resolve of this.#waiting.values()) resolve(undefined)
    this.#waiting.clear()
  }
}

/* oxlint-disable no-control-regex -- control characters are what this is about */

/** The last `count` lines, without what could move another terminal's cursor or colour its text. */
export function lastLines(untrustedText: string, count: number): string {
  const lines = untrustedText
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
    .trimEnd()
    .split('\n')
  return lines.slice(-count).join('\n')
}
