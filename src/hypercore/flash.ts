/** The volumes that the firmware handed over, as a start needs them: parts of the boot image, and an appliance's own. */

import { gunzip } from '../base/gunzip.ts'
import { err, ok, type Result } from '../base/result.ts'
import { BASE_COMMAND_LINE, commandLine, type ApplianceDefinition } from '../appliances/definitions.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { DiskSource, MachineSpec } from '../protocol/guest.ts'
import type { HandOff, RefusedVolume, VerifiedVolume, VolumeRole } from '../protocol/hand-off.ts'
import { SCREEN_MEMORY_MIB } from '../protocol/screen.ts'
import type { DomainIdentity } from './domain-identity.ts'
import { persistentDisk } from './kept-disk.ts'
import type { BootParts, HyperCoreEnvironment } from './environment.ts'

/** All that text modes use, and the least that v86 gives. */
const VGA_TEXT_MIB = 0.25

/** What of a domain its machine depends on. */
type Hardware = Pick<DomainIdentity, 'definition' | 'memoryMiB' | 'persistentDisk' | 'copiedDisk' | 'mac'>

type Bytes = Uint8Array<ArrayBuffer>

type SharedParts = Pick<BootParts, 'stub' | 'kernel' | 'initramfs'>

function refusal({ name, reason }: RefusedVolume): Fault {
  const why =
    reason.kind === 'mismatch'
      ? `its SHA-256 should be ${reason.expectedSha256} and is ${reason.actualSha256}`
      : reason.detail
  return fault(
    'failed',
    `Volume “${name}” was refused: ${why}. Reload the page; if it stays, the copy is damaged.`,
  )
}

export class Flash {
  readonly #handOff: Pick<HandOff, 'volumes' | 'refused'>
  #shared: Promise<SharedParts> | undefined

  constructor(handOff: Pick<HandOff, 'volumes' | 'refused'>) {
    this.#handOff = handOff
  }

  /** The volume of an appliance; undefined where it needs none. A fault names what was refused or is missing. */
  applianceVolume(definition: ApplianceDefinition): Result<VerifiedVolume | undefined, Fault> {
    const volume = this.#find('appliance', definition.name)
    return volume.ok || definition.attachVolume || this.#refused('appliance', definition.name) !== undefined
      ? volume
      : ok(undefined)
  }

  /** The machine of `identity` as it resumes: without anything to boot from. */
  hardware({ definition, memoryMiB, persistentDisk, copiedDisk, mac }: Hardware): Result<MachineSpec, Fault> {
    const volume = this.applianceVolume(definition)
    if (!volume.ok) return volume
    const attached = definition.attachVolume ? volume.value : undefined
    return ok({
      memoryMiB,
      vgaMemoryMiB: definition.framebuffer === undefined ? VGA_TEXT_MIB : SCREEN_MEMORY_MIB,
      boot: { kind: 'none' },
      hda: attached === undefined ? undefined : volumeDisk(attached),
      hdb:
        copiedDisk === undefined
          ? diskSource(definition, persistentDisk)
          : { kind: 'volatile', bytes: copiedDisk },
      cdrom: undefined,
      mac,
      deferJit: true,
    })
  }

  /**
   * The machine of `identity` as it boots. Takes the boot image's parts out of their volumes at the first call.
   *
   * @param words for the kernel's command line on top
   */
  async buildSpec(
    identity: Hardware & Pick<DomainIdentity, 'id'>,
    compose: HyperCoreEnvironment['composeBootImage'],
    words = '',
  ): Promise<Result<MachineSpec, Fault>> {
    const { definition, id } = identity
    const hardware = this.hardware(identity)
    if (!hardware.ok) return hardware
    const volume = this.applianceVolume(definition)
    if (!volume.ok) return volume
    const shared = await this.#sharedParts()
    if (!shared.ok) return shared
    const { framebuffer } = definition
    const line = volume.value?.kernelCommandLine ?? BASE_COMMAND_LINE
    const guest = { hostname: id, hasDisk: hardware.value.hdb !== undefined }
    const image = compose({
      ...shared.value,
      commandLine: `${commandLine(definition, line, guest)} ${words}`.trim(),
      ...(framebuffer === undefined ? {} : { framebuffer }),
    })
    return ok({ ...hardware.value, boot: { kind: 'multiboot', image } })
  }

  /** The BIOS and its VGA BIOS, for machines that start as a PC does. */
  async roms(): Promise<Result<{ readonly bios: ArrayBuffer; readonly vgaBios: ArrayBuffer }, Fault>> {
    const [bios, vgaBios] = [this.#find('bios'), this.#find('vga-bios')]
    if (!bios.ok) return bios
    if (!vgaBios.ok) return vgaBios
    const read = async (volume: VerifiedVolume): Promise<ArrayBuffer> => (await contentOf(volume)).buffer
    return ok({ bios: await read(bios.value), vgaBios: await read(vgaBios.value) })
  }

  #refused(role: VolumeRole, appliance: string | undefined): RefusedVolume | undefined {
    return this.#handOff.refused.find((volume) => volume.role === role && volume.appliance === appliance)
  }

  #find(role: VolumeRole, appliance?: string): Result<VerifiedVolume, Fault> {
    const found = this.#handOff.volumes.find(
      (volume) => volume.role === role && volume.appliance === appliance,
    )
    if (found !== undefined) return ok(found)
    const refused = this.#refused(role, appliance)
    if (refused !== undefined) return err(refusal(refused))
    return err(fault('failed', `The flash holds no ${appliance ?? ''} volume of the kind “${role}”.`))
  }

  async #sharedParts(): Promise<Result<SharedParts, Fault>> {
    const volumes = [this.#find('stub'), this.#find('kernel'), this.#find('initramfs')] as const
    const [stub, kernel, initramfs] = volumes
    if (!stub.ok) return stub
    if (!kernel.ok) return kernel
    if (!initramfs.ok) return initramfs
    this.#shared ??= readParts(stub.value, kernel.value, initramfs.value)
    try {
      return ok(await this.#shared)
    } catch (error) {
      // The next start reads them anew.
      this.#shared = undefined
      return err(fault('failed', `The boot image's parts could not be read: ${String(error)}.`))
    }
  }
}

async function readParts(
  stub: VerifiedVolume,
  kernel: VerifiedVolume,
  initramfs: VerifiedVolume,
): Promise<SharedParts> {
  const [a, b, c] = await Promise.all([contentOf(stub), contentOf(kernel), contentOf(initramfs)])
  return { stub: a, kernel: b, initramfs: c }
}

/** @throws Error where it does not unpack to what the manifest says */
async function contentOf({ name, content, encoding, contentSize }: VerifiedVolume): Promise<Bytes> {
  if (encoding === 'identity') return new Uint8Array(await content.arrayBuffer())
  try {
    return await gunzip(content, contentSize)
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Its domain unpacks it when the guest first reads of it. */
function volumeDisk({ content, sha256, encoding, contentSize }: VerifiedVolume): DiskSource {
  const packed = encoding === 'gzip' ? { unpackedBytes: contentSize } : {}
  return { kind: 'read-only', blob: content, sha256, ...packed }
}

function diskSource(definition: ApplianceDefinition, persistent: boolean): DiskSource | undefined {
  const { disk } = definition
  if (persistent) return persistentDisk(definition)
  return disk?.substitute === 'volatile' ? { kind: 'volatile', bytes: disk.sizeMiB * 2 ** 20 } : undefined
}
