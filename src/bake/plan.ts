/** What is baked for an appliance: the machine that the supervisor would build for it, from the volumes of the flash. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApplianceDefinition } from '../appliances/definitions.ts'
import { Flash } from '../hypercore/flash.ts'
import { composeBootImage } from '../machine/boot-image.ts'
import { CHECKPOINT_WORD } from '../protocol/agent.ts'
import { parseDomainId } from '../protocol/domain.ts'
import type { MachineSpec } from '../protocol/guest.ts'
import type { VerifiedVolume, VolumeRole } from '../protocol/hand-off.ts'
import { fingerprintOf, type MachineFingerprint } from '../protocol/machine-state.ts'

/** Any will do: a guest gets its own when it resumes. */
const MAC = '02:48:53:00:00:00'

export type BakePlan = {
  readonly appliance: string
  readonly spec: MachineSpec
  readonly machine: MachineFingerprint
  /** SHA-256 of what it boots from. */
  readonly parts: readonly string[]
}

type ManifestVolume = {
  readonly name: string
  readonly role: VolumeRole
  readonly appliance?: string
  readonly file: string
  readonly size: number
  readonly contentSize: number
  readonly sha256: string
  readonly encoding: 'identity' | 'gzip'
  readonly kind: string
  readonly ramMiB?: number
  readonly kernelCommandLine?: string
}

/** Every volume in `folder`, as the firmware hands them over. */
export function readFlash(folder: string): VerifiedVolume[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the repository's own file, tested elsewhere
  const { volumes } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    readonly volumes: readonly ManifestVolume[]
  }
  return volumes.map((volume) => {
    const content = new Blob([new Uint8Array(readFileSync(join(folder, volume.file)))])
    const { name, role, kind, size, contentSize, sha256, encoding } = volume
    const { appliance, ramMiB, kernelCommandLine } = volume
    const packed = { name, role, kind, size, contentSize, sha256, encoding, content }
    return Object.assign(packed, { appliance, ramMiB, kernelCommandLine })
  })
}

/** @throws Error where a volume is missing */
export async function bakePlan(
  volumes: readonly VerifiedVolume[],
  definition: ApplianceDefinition,
  engineSha256: string,
): Promise<BakePlan> {
  const { name } = definition
  const id = parseDomainId(name)
  if (id === undefined) throw new Error(`${name} is no id`)
  const flash = new Flash({ volumes, refused: [] })
  const volume = flash.applianceVolume(definition)
  if (!volume.ok) throw new Error(volume.error.message)
  const identity = {
    id,
    definition,
    memoryMiB: volume.value?.ramMiB ?? definition.memoryMiB,
    persistentDisk: definition.disk !== undefined,
    mac: definition.network === 'none' ? undefined : MAC,
  }
  const spec = await flash.buildSpec(identity, composeBootImage, CHECKPOINT_WORD)
  if (!spec.ok) throw new Error(spec.error.message)
  const shared = volumes.filter(({ role }) => role === 'stub' || role === 'kernel' || role === 'initramfs')
  const parts = [...shared, ...(volume.value === undefined ? [] : [volume.value])].map(({ sha256 }) => sha256)
  return { appliance: name, spec: spec.value, machine: fingerprintOf(spec.value, engineSha256), parts }
}
