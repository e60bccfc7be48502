/**
 * A machine for a person's own disk image: started by the BIOS as a PC is. The file is never written: what a guest writes to
 * a hard disk is kept beside it in this browser, and found again when the same file is chosen again.
 */

import type { ApplianceDefinition } from '../appliances/definitions.ts'
import { sha256Hex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { DiskSource, MachineSpec } from '../protocol/guest.ts'
import {
  BOOT_ORDERS,
  FLOPPY_BYTES,
  IMAGE_LIMIT_BYTES,
  NETWORK_CARDS,
  PROFILES,
  type BootOrder,
  type ImageKind,
  type NetworkCard,
  type OwnImage,
  type Profile,
} from '../protocol/own-image.ts'

const SECTOR_BYTES = 512

/** Of a file, what its content is told by: a partition table and the file systems' own records are at the beginnings. */
const HEAD_BYTES = 4 * 2 ** 20
const SAMPLES = 1024
const SAMPLE_BYTES = 4096

/** What such a domain is to the rest of the supervisor. It has no appliance's volume and no agent. */
export const OWN_IMAGE: ApplianceDefinition = {
  name: 'own',
  title: 'Own image',
  description: 'A machine that starts a disk image of your own.',
  colour: 'green',
  view: 'screen',
  shortcut: 0,
  memoryMiB: 64,
  limits: { capPercent: 100, weight: 200 },
  attachVolume: false,
  disk: undefined,
  network: 'zone',
  capabilities: [],
  framebuffer: undefined,
  keeping: 'not-yet',
  persistence: 'What it writes to a hard disk, in this browser, beside your file; to a floppy, nothing.',
  lossOnKill: 'What it has written within the last two seconds, and whatever it still has in its memory.',
  lossOnKillWithoutDisk: 'Everything that it has written: your file is as it was.',
}

/** An image in its drive, and the machine around it. */
export type InsertedImage = {
  readonly kind: ImageKind
  readonly source: DiskSource
  readonly profile: Profile
  readonly card: NetworkCard
  readonly bootOrder: BootOrder
}

type Choices = Pick<InsertedImage, 'profile' | 'card' | 'bootOrder'>

function isBootOrder(untrusted: unknown, order: BootOrder): boolean {
  return (
    Array.isArray(untrusted) &&
    untrusted.length === order.length &&
    order.every((drive, place) => untrusted[place] === drive)
  )
}

/** What of the profile the caller wants otherwise. The memory is a domain's own (identities.ts). */
function checkChoices(untrusted: OwnImage): Result<Choices, Fault> {
  const { profile: name, card, bootOrder } = untrusted
  if (!Object.hasOwn(PROFILES, name))
    return err(fault('malformed', `A profile is one of ${Object.keys(PROFILES).join(', ')}.`))
  const profile = PROFILES[name]
  if (card !== undefined && !Object.hasOwn(NETWORK_CARDS, card))
    return err(fault('malformed', `A network card is one of ${Object.keys(NETWORK_CARDS).join(', ')}.`))
  const order =
    bootOrder === undefined ? profile.bootOrder : BOOT_ORDERS.find((each) => isBootOrder(bootOrder, each))
  if (order === undefined)
    return err(fault('malformed', 'A boot order names cdrom, hard-disk and floppy, each of them once.'))
  return ok({ profile, card: card ?? profile.card, bootOrder: order })
}

/**
 * Names a file's content by a part of it: its size, its beginning, and samples of the rest. All of some gigabytes would take
 * tens of seconds. Whoever mounts such a file elsewhere changes its beginning, and so its name.
 */
async function fingerprintOf(file: Blob): Promise<string> {
  const step = Math.max(SAMPLE_BYTES, Math.floor((file.size - HEAD_BYTES) / SAMPLES))
  const parts: BlobPart[] = [`${file.size} `, file.slice(0, HEAD_BYTES)]
  for (let at = HEAD_BYTES; at < file.size; at += step) parts.push(file.slice(at, at + SAMPLE_BYTES))
  return sha256Hex(new Uint8Array(await new Blob(parts).arrayBuffer()))
}

/** A file that cannot be read any more is a fault of the file's. */
async function hardDisk(file: Blob, keeps: (disk: string) => boolean): Promise<DiskSource> {
  const fingerprint = await fingerprintOf(file)
  const name = `own-${fingerprint.slice(0, 32)}`
  return keeps(name)
    ? { kind: 'persistent', name, base: { kind: 'file', blob: file, fingerprint } }
    : { kind: 'volatile', bytes: Math.ceil(file.size / SECTOR_BYTES) * SECTOR_BYTES, over: file }
}

/**
 * Checks an image and puts it into its drive.
 *
 * @param keeps whether what a guest writes to the hard disk of that name is kept; else it goes to memory
 */
export async function insert(
  untrustedImage: OwnImage,
  keeps: (disk: string) => boolean,
): Promise<Result<InsertedImage, Fault>> {
  const { kind, file } = untrustedImage
  if (!(file instanceof Blob))
    return err(fault('malformed', 'An own image is a file, the drive that it goes into, and a profile.'))
  const choices = checkChoices(untrustedImage)
  if (!choices.ok) return choices
  if (file.size < SECTOR_BYTES) return err(fault('malformed', 'The file holds less than one sector.'))
  if (file.size > IMAGE_LIMIT_BYTES)
    return err(fault('malformed', `The file has ${file.size} bytes; an image here has 8 GiB at most.`))
  switch (kind) {
    case 'cdrom':
      return ok({ kind, ...choices.value, source: { kind: 'read-only', blob: file } })
    case 'hard-disk':
      try {
        return ok({ kind, ...choices.value, source: await hardDisk(file, keeps) })
      } catch (error) {
        return err(fault('failed', `The file could not be read: ${String(error)}. Choose it again.`))
      }
    case 'floppy': {
      const bytes = FLOPPY_BYTES.find((size) => size >= file.size)
      if (bytes === undefined)
        return err(fault('malformed', 'The file is larger than any floppy; try it as a hard disk.'))
      // In memory, where it cannot fail: the floppy controller has no way to say so later.
      const over = new Blob([await file.arrayBuffer(), new Uint8Array(bytes - file.size)])
      return ok({ kind, ...choices.value, source: { kind: 'volatile', bytes, over } })
    }
    default:
      return err(fault('malformed', 'An image goes into a hard disk, a CD-ROM or a floppy drive.'))
  }
}

/** The machine around the image. */
export function ownMachine(
  { kind, source, profile, card, bootOrder }: InsertedImage,
  roms: { readonly bios: ArrayBuffer; readonly vgaBios: ArrayBuffer },
  memoryMiB: number,
  mac: string | undefined,
): MachineSpec {
  return {
    memoryMiB,
    vgaMemoryMiB: profile.vgaMemoryMiB,
    boot: { kind: 'bios', ...roms, acpi: profile.acpi, order: bootOrder },
    fda: kind === 'floppy' ? source : undefined,
    hda: kind === 'hard-disk' ? source : undefined,
    hdb: undefined,
    cdrom: kind === 'cdrom' ? source : undefined,
    mac,
    ...(card === 'none' ? {} : { card }),
    // Nobody would say when it may be on.
    deferJit: false,
  }
}
