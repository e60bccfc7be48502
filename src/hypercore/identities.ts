/** Who a new domain is: its id and name, its memory, address and limits, from its appliance and what was asked for. */

import { err, ok, type Result } from '../base/result.ts'
import { APPLIANCES, type ApplianceDefinition } from '../appliances/definitions.ts'
import { parseDomainId, type CpuLimits, type DomainConfig } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { HandOff } from '../protocol/hand-off.ts'
import { mergeLimits } from './cpu-limits.ts'
import type { DomainIdentity } from './domain-identity.ts'
import type { Flash } from './flash.ts'
import { checkMemorySize } from './memory-budget.ts'
import type { InsertedImage } from './own-image.ts'

/** Ctrl+Alt+1 to 9. */
const SHORTCUTS = 9

/** Characters of a name that a person gives. */
const NAME_LIMIT = 40

/** A domain that takes over a state: its id, where that is free, and the size of the disk that comes along. */
type Copy = { readonly id: string | undefined; readonly copiedDisk: number | undefined }

/** The original of an appliance has its name for an id, and its persistent disk. */
export type Descent = Copy | 'original' | 'fresh'

const NO_COPY: Copy = { id: undefined, copiedDisk: undefined }

export type NewDomain = { readonly identity: DomainIdentity; readonly limits: CpuLimits }

export class Identities {
  readonly #handOff: HandOff
  readonly #flash: Flash
  #nextMac = 1

  constructor(handOff: HandOff, flash: Flash) {
    this.#handOff = handOff
    this.#flash = flash
  }

  /** @param others that there are already, by id */
  make(
    definition: ApplianceDefinition,
    config: Omit<DomainConfig, 'appliance'>,
    descent: Descent,
    image: InsertedImage | undefined,
    others: ReadonlyMap<string, { readonly identity: DomainIdentity }>,
  ): Result<NewDomain, Fault> {
    let ordinal = 2
    while (others.has(`${definition.name}-${ordinal}`)) ordinal += 1
    const original = descent === 'original'
    const { id: wanted, copiedDisk } = typeof descent === 'object' ? descent : NO_COPY
    const free = wanted === undefined || others.has(wanted) ? `${definition.name}-${ordinal}` : wanted
    const id = parseDomainId(original ? definition.name : free)
    const number = id?.match(/-(\d+)$/)?.[1] ?? ordinal
    const name = config.name?.trim() ?? (original ? definition.title : `${definition.title} ${number}`)
    if (id === undefined || name === '' || name.length > NAME_LIMIT || /\p{C}/u.test(name))
      return err(fault('malformed', `A name has 1 to ${NAME_LIMIT} printable characters.`))
    const { settings, platform } = this.#handOff
    const chosen = settings.appliances[definition.name]
    const memoryMiB = config.memoryMiB ?? chosen?.memoryMiB ?? this.#needed(definition, image)
    const sized = checkMemorySize(memoryMiB)
    if (!sized.ok) return sized
    // An appliance may be given less in setup; this machine would be one that can never start.
    const budgetMiB = this.#handOff.memoryBudgetMiB
    if (image !== undefined && memoryMiB > budgetMiB)
      return err(
        fault(
          'over-budget',
          `${name} needs ${memoryMiB} MiB, and the memory budget of all domains together is ${budgetMiB}.`,
        ),
      )
    const limits = mergeLimits({ ...definition.limits, ...chosen }, config.limits ?? {})
    if (!limits.ok) return limits
    const identity: DomainIdentity = {
      id,
      name,
      definition,
      shortcut: original ? definition.shortcut : freeShortcut(others),
      memoryMiB,
      persistentDisk: original && definition.disk !== undefined && platform.storage.kind === 'opfs',
      image,
      copiedDisk,
      mac: definition.network === 'none' || image?.card === 'none' ? undefined : this.#newMac(),
    }
    return ok({ identity, limits: limits.value })
  }

  #needed(definition: ApplianceDefinition, image: InsertedImage | undefined): number {
    const volume = this.#flash.applianceVolume(definition)
    const ramMiB = volume.ok ? volume.value?.ramMiB : undefined
    return image?.profile.memoryMiB ?? ramMiB ?? definition.memoryMiB
  }

  /** Locally administered (bit 1 of the first byte, IEEE 802), then “HS”, then a number never used again. */
  #newMac(): string {
    const number = this.#nextMac++
    return `02:48:53:${number.toString(16).padStart(6, '0').match(/../g)?.join(':')}`
  }
}

function freeShortcut(
  others: ReadonlyMap<string, { readonly identity: DomainIdentity }>,
): number | undefined {
  const taken = new Set([...others.values()].map(({ identity }) => identity.shortcut))
  for (const { shortcut } of APPLIANCES) taken.add(shortcut)
  return Array.from({ length: SHORTCUTS }, (_, index) => index + 1).find((digit) => !taken.has(digit))
}
