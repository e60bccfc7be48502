/**
 * `hv vault`: a secret, or a signature, from the vault for another domain. The vault's own program serves it
 * (/etc/hyperspace/serve/vault); the answer goes to the caller alone and never into the journal. The signing key stays in
 * the vault: what crosses is the SHA-256 of what is to be signed, and the signature.
 */

import { err, ok, type Result } from '../../base/result.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import type { Domain } from '../domain.ts'
import { safeFileName } from './file-name.ts'
import type { BrokeredService, Gate } from './gate.ts'
import { reach } from './reach.ts'

/** The name of the appliance and of its service. */
export const VAULT = 'vault'

/** As the vault's own program names them. */
const SECRET_NAME = /^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,63}$/

const SHA256 = /^[0-9a-f]{64}$/

export type VaultRequest = {
  readonly service: Extract<BrokeredService, 'secret' | 'sign'>
  /** For the vault's program. */
  readonly words: readonly [operation: 'get' | 'list' | 'sign' | 'pubkey', ...rest: string[]]
  /** What the person is asked about, and what the journal says. */
  readonly about: string
}

export type VaultHost = {
  readonly gate: Gate
  vault(): Domain | undefined
  log(text: string, domain: Domain): void
}

const USAGE = 'the vault understands: get NAME, list, sign SHA256 FILE, pubkey'

export function sanitiseVault(untrustedArguments: readonly string[]): Result<VaultRequest, Fault> {
  const [untrustedOperation, untrustedFirst = '', untrustedSecond, ...more] = untrustedArguments
  const count = untrustedArguments.length - 1
  if (more.length > 0) return err(fault('malformed', USAGE))
  if (untrustedOperation === 'list' && count === 0)
    return ok({ service: 'secret', words: ['list'], about: 'the names of all secrets in the vault' })
  if (untrustedOperation === 'pubkey' && count === 0)
    return ok({ service: 'sign', words: ['pubkey'], about: 'the public key of the vault' })
  if (untrustedOperation === 'get' && count === 1) {
    if (!SECRET_NAME.test(untrustedFirst))
      return err(fault('malformed', 'a secret’s name has at most 64 letters, digits and . _ - @'))
    return ok({ service: 'secret', words: ['get', untrustedFirst], about: `the secret “${untrustedFirst}”` })
  }
  if (untrustedOperation === 'sign' && (count === 1 || count === 2)) {
    const label = safeFileName(untrustedSecond ?? 'a text')
    if (!SHA256.test(untrustedFirst) || label === undefined)
      return err(fault('malformed', 'a signature is made of a SHA-256, 64 hexadecimal digits'))
    const about = `a signature on ${label}, SHA-256 ${untrustedFirst}`
    return ok({ service: 'sign', words: ['sign', untrustedFirst, label], about })
  }
  return err(fault('malformed', USAGE))
}

/** Asks the vault's own program. A fault has the vault's words. */
async function serve(vault: Domain, words: readonly string[]): Promise<Result<string, Fault>> {
  const ask = reach(vault)
  if (!ask.ok) return ask
  const served = await ask.value('serve', VAULT, ...words)
  if (!served.ok) return served
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(served.value))
  } catch {
    return err(fault('failed', 'what the vault keeps under this name is not text'))
  }
}

export class VaultBroker {
  readonly #host: VaultHost
  /** Callers whose call is under way: one each, so that none can keep the person or the vault busy alone. */
  readonly #busy = new Set<Domain>()

  constructor(host: VaultHost) {
    this.#host = host
  }

  async call(caller: Domain, request: VaultRequest): Promise<Result<string, Fault>> {
    const vault = this.#host.vault()
    if (vault === undefined) return err(fault('no-such-domain', 'There is no vault.'))
    if (vault === caller) return err(fault('malformed', 'this is the vault; type “vault”'))
    if (this.#busy.has(caller)) return err(fault('illegal-state', 'a call to the vault is under way already'))
    this.#busy.add(caller)
    try {
      return await this.#answer(vault, caller, request)
    } finally {
      this.#busy.delete(caller)
    }
  }

  async #answer(vault: Domain, caller: Domain, request: VaultRequest): Promise<Result<string, Fault>> {
    const permitted = await this.#host.gate.permit(
      { source: caller, destination: vault, service: request.service },
      request.about,
      () => unlocked(vault),
    )
    if (!permitted.ok) return permitted
    const answer = await serve(vault, request.words)
    const told = answer.ok ? 'was given' : 'was not given'
    this.#host.log(`${caller.name} ${told} ${request.about}.`, caller)
    return answer
  }

  /** Locks the vault, so that its memory holds neither key nor contents as far as its kernel can tell. */
  async lock(): Promise<Result<void, Fault>> {
    const vault = this.#host.vault()
    if (vault === undefined) return err(fault('no-such-domain', 'There is no vault.'))
    const locked = await serve(vault, ['lock'])
    return locked.ok ? ok(undefined) : locked
  }
}

async function unlocked(vault: Domain): Promise<Result<void, Fault>> {
  const state = await serve(vault, ['state'])
  if (!state.ok) return state
  switch (state.value.trim()) {
    case 'open':
      return ok(undefined)
    case 'locked':
      return err(fault('illegal-state', 'the vault is locked: open it at its console first'))
    default:
      return err(fault('illegal-state', 'there is no vault on the disk yet: create one at its console first'))
  }
}
