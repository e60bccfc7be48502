/**
 * POST's step for one flash volume: read it, hash the file as it lies in flash, and compare. It is handed over packed: a
 * guest that resumes from its golden snapshot seldom needs it at all.
 */

import { assertNever } from '../base/assert.ts'
import { gunzip } from '../base/gunzip.ts'
import type { RefusedVolume, VerifiedVolume } from '../protocol/hand-off.ts'
import type { FileReading } from './file-reading.ts'
import type { ManifestVolume } from './manifest.ts'
import type { FirmwarePlatform } from './platform.ts'
import { reasonOf, type StepOutcome } from './post-step.ts'
import { capitalised, grouped, measured } from './words.ts'

export type VolumeOutcome =
  | { readonly kind: 'verified'; readonly volume: VerifiedVolume }
  | { readonly kind: 'refused'; readonly volume: RefusedVolume }

/** `readOnce` shares the reading among volumes that lie in the same file. */
export async function testVolume(
  platform: FirmwarePlatform,
  volume: ManifestVolume,
  readOnce: (file: string) => Promise<FileReading>,
): Promise<StepOutcome<VolumeOutcome>> {
  let file: FileReading
  try {
    file = await readOnce(volume.file)
  } catch (error) {
    return unreadable(volume, `${volume.file} could not be read: ${reasonOf(error)}`)
  }
  const { size, sha256, content } = file
  if (sha256 !== volume.sha256) return mismatch(volume, file)

  if (volume.role === 'font') {
    try {
      await platform.useFont?.(volume.encoding === 'gzip' ? await unpacked(content, volume) : content)
    } catch (error) {
      return unreadable(volume, `${volume.file} is no font for this browser: ${reasonOf(error)}`)
    }
  }
  return {
    report: {
      label: labelOf(volume),
      result: 'ok',
      badge: 'OK',
      summary: measured(size, sha256),
      detail: `${volume.file}: ${grouped(size)} bytes, SHA-256 ${sha256}, as the manifest says.`,
    },
    value: {
      kind: 'verified',
      volume: {
        name: volume.name,
        role: volume.role,
        ...applianceFields(volume),
        kind: volume.kind,
        size,
        contentSize: volume.contentSize,
        sha256,
        content,
        encoding: volume.encoding,
      },
    },
  }
}

async function unpacked(content: Blob, { contentSize }: ManifestVolume): Promise<Blob> {
  return new Blob([await gunzip(content, contentSize)])
}

function mismatch(
  volume: ManifestVolume,
  { size, sha256: actualSha256 }: FileReading,
): StepOutcome<VolumeOutcome> {
  const advice = `${consequenceOf(volume)} Reload to read it again; if it stays, this copy is damaged.`
  const found = `${grouped(size)} bytes`
  return {
    report: {
      label: labelOf(volume),
      result: 'failed',
      badge: 'MISMATCH',
      summary: size === volume.size ? found : `${found}, not ${grouped(volume.size)}`,
      notes: [`manifest ${volume.sha256}`, `computed ${actualSha256}`, advice],
    },
    value: {
      kind: 'refused',
      volume: {
        ...identityOf(volume),
        reason: { kind: 'mismatch', expectedSha256: volume.sha256, actualSha256 },
      },
    },
  }
}

function unreadable(volume: ManifestVolume, detail: string): StepOutcome<VolumeOutcome> {
  return {
    report: {
      label: labelOf(volume),
      result: 'failed',
      badge: 'FAILED',
      summary: 'refused',
      notes: [`${detail}. ${consequenceOf(volume)} Reload to read it again.`],
    },
    value: { kind: 'refused', volume: { ...identityOf(volume), reason: { kind: 'unreadable', detail } } },
  }
}

function labelOf(volume: ManifestVolume): string {
  return `Flash ${volume.name}`
}

function identityOf(volume: ManifestVolume): Pick<RefusedVolume, 'name' | 'role' | 'appliance'> {
  return {
    name: volume.name,
    role: volume.role,
    appliance: volume.role === 'appliance' ? volume.appliance : undefined,
  }
}

function applianceFields(
  volume: ManifestVolume,
): Pick<VerifiedVolume, 'appliance' | 'ramMiB' | 'kernelCommandLine'> {
  if (volume.role !== 'appliance') {
    return { appliance: undefined, ramMiB: undefined, kernelCommandLine: undefined }
  }
  const { appliance, ramMiB, kernelCommandLine } = volume
  return { appliance, ramMiB, kernelCommandLine }
}

/** What the machine does without it. */
function consequenceOf(volume: ManifestVolume): string {
  if (volume.role === 'appliance') return `${capitalised(volume.appliance)} does not start.`
  const { role } = volume
  switch (role) {
    case 'stub':
    case 'kernel':
    case 'initramfs':
      return 'No appliance starts without it.'
    case 'bios':
    case 'vga-bios':
      return 'Your own disk images need it; the appliances do not.'
    case 'font':
      return 'The screen keeps another font.'
    default:
      return assertNever(role)
  }
}
