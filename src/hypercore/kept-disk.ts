/** Which disk a domain has that outlives it, and what people are told of it. */

import type { ApplianceDefinition } from '../appliances/definitions.ts'
import type { DiskInfo } from '../protocol/disk.ts'
import type { PersistentDisk } from '../protocol/guest.ts'
import type { InsertedImage } from './own-image.ts'
import { sizeOf } from '../storage/overlay/disk-files.ts'

/** Of a domain's identity. */
type Owner = {
  readonly definition: ApplianceDefinition
  readonly persistentDisk: boolean
  readonly image?: InsertedImage | undefined
}

/** The disk of the original of an appliance, which outlives it; what is made from the same appliance never shares it. */
export function persistentDisk({ name, disk }: ApplianceDefinition): PersistentDisk | undefined {
  if (disk === undefined) return undefined
  const base = { kind: 'blank', bytes: disk.sizeMiB * 2 ** 20 } as const
  const { formerPath } = disk
  return { kind: 'persistent', name, base, ...(formerPath === undefined ? {} : { formerPath }) }
}

/** The disk of a domain that outlives it. */
export function keptDisk({ definition, persistentDisk: kept, image }: Owner): PersistentDisk | undefined {
  if (image?.source.kind === 'persistent') return image.source
  return kept ? persistentDisk(definition) : undefined
}

/** What people are told of its disk. */
export function diskInfo(identity: Owner): DiskInfo | undefined {
  const kept = keptDisk(identity)
  const { image } = identity
  const ofFile = image === undefined ? {} : ({ ofFile: true } as const)
  if (kept !== undefined) return { sizeBytes: sizeOf(kept), kept: true, ...ofFile }
  if (image?.kind === 'hard-disk' && image.source.kind === 'volatile')
    return { sizeBytes: image.source.bytes, kept: false, ...ofFile }
  const { disk } = identity.definition
  return disk?.substitute === 'volatile' ? { sizeBytes: disk.sizeMiB * 2 ** 20, kept: false } : undefined
}
