/** Which domain is the primary OS: one of the flash's, or an image of the person's own that was put in its place. */

import { err, ok, type Result } from '../base/result.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { Domain } from './domain.ts'
import { OWN_IMAGE } from './own-image.ts'

const PRIMARY = 'primary'

export class PrimaryRole {
  readonly #domains: () => readonly Domain[]
  /** Of the person; while it exists. */
  #chosen: Domain | undefined

  constructor(domains: () => readonly Domain[]) {
    this.#domains = domains
  }

  get holder(): Domain | undefined {
    const domains = this.#domains()
    return (
      domains.find((domain) => domain === this.#chosen) ??
      domains.find(({ identity }) => identity.definition.name === PRIMARY)
    )
  }

  /** What the policy calls a domain beside its id: whoever is the primary has the primary's lines. */
  nameOf(domain: Domain): string {
    return this.holder === domain ? PRIMARY : domain.identity.definition.name
  }

  give(domain: Domain): Result<void, Fault> {
    const { name } = domain.identity.definition
    if (name !== PRIMARY && name !== OWN_IMAGE.name)
      return err(
        fault(
          'forbidden',
          `${domain.name} is an appliance: the primary is the flash’s Linux or an own image.`,
        ),
      )
    this.#chosen = domain
    return ok(undefined)
  }
}
