/** Who a domain is for as long as it exists, whatever machine it has at a time. */

import type { ApplianceDefinition } from '../appliances/definitions.ts'
import type { DomainId } from '../protocol/domain.ts'
import type { InsertedImage } from './own-image.ts'

export type DomainIdentity = {
  readonly id: DomainId
  readonly name: string
  readonly definition: ApplianceDefinition
  readonly shortcut: number | undefined
  readonly memoryMiB: number
  /** Its disk, if any, is the image that outlives it. */
  readonly persistentDisk: boolean
  /** A person's own, in its drive: it starts by BIOS and runs no agent. */
  readonly image?: InsertedImage | undefined
  /** Bytes of a disk of its own that is a copy of another's, in memory; undefined where it has none. */
  readonly copiedDisk?: number | undefined
  /** Undefined: no network card. */
  readonly mac: string | undefined
}
