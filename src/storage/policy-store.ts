/**
 * Keeps the person's policy in localStorage, so that it is there, synchronously, before HyperCore takes over.
 *
 * ```
 * hyperspace.policy = "HSPOLICY 1 " + hash, 32 hexadecimal digits, over the UTF-8 of the text + "\n" + text
 * ```
 * At most LIMIT characters; setItem is one step (HTML, 12.2.1), so a crash leaves the old text or the new one.
 */

import { toHex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { hashBytes } from './pages/page-hash.ts'

const KEY = 'hyperspace.policy'
const HEAD = /^HSPOLICY (\d+) ([0-9a-f]{32})\n/
const VERSION = '1'
const LIMIT = 40_000

/** The part of `localStorage` in use. */
export type PolicyStorage = {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export type PolicyStore = {
  /** Undefined: none was kept. An error says why the kept one cannot be used; it stays where it is. */
  read(): Result<string | undefined, string>
  /** Undefined forgets it. False: the browser did not take it. */
  write(text: string | undefined): boolean
}

function hashOf(text: string): string {
  return toHex(hashBytes(new TextEncoder().encode(text)))
}

/** `find` throws where a browser forbids storage. */
export function createPolicyStore(find: () => PolicyStorage): PolicyStore {
  const storage = (): PolicyStorage | undefined => {
    try {
      return find()
    } catch {
      return undefined
    }
  }
  return {
    read() {
      const kept = storage()?.getItem(KEY) ?? undefined
      if (kept === undefined) return ok(undefined)
      const head = HEAD.exec(kept.slice(0, 64))
      if (head === null || kept.length > LIMIT) return err('it is not a policy')
      const [whole, version, hash] = head
      if (version !== VERSION) return err(`it is of version ${version}, and this product reads ${VERSION}`)
      const text = kept.slice(whole.length)
      return hashOf(text) === hash ? ok(text) : err('its checksum does not fit')
    },
    write(text) {
      try {
        if (text === undefined) storage()?.removeItem(KEY)
        else storage()?.setItem(KEY, `HSPOLICY ${VERSION} ${hashOf(text)}\n${text}`)
        return storage() !== undefined
      } catch {
        return false
      }
    },
  }
}
