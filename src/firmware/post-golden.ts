/** POST's steps for the golden snapshots: each is read and hashed like a volume; without one its appliance boots. */

import type { RefusedGolden, VerifiedGolden } from '../protocol/hand-off.ts'
import type { FileReading } from './file-reading.ts'
import { parseGoldenManifest, type GoldenManifest, type ManifestGolden } from './golden-manifest.ts'
import type { FirmwarePlatform } from './platform.ts'
import { reasonOf, SUMMARY_WIDTH, type StepOutcome, type StepReport } from './post-step.ts'
import { capitalised, grouped, listed, measured } from './words.ts'

export type GoldenOutcome =
  | { readonly kind: 'verified'; readonly golden: VerifiedGolden }
  | { readonly kind: 'refused'; readonly golden: RefusedGolden }

const NONE: GoldenManifest['goldens'] = []

/** The list of them. A usable one needs no line beside those of its files; without one the machine boots all the same. */
export function checkGoldenManifest(
  untrustedManifest: unknown,
): Partial<StepOutcome<unknown>> & { readonly value: GoldenManifest['goldens'] } {
  const label = 'Golden snapshots'
  const parsed = parseGoldenManifest(untrustedManifest)
  if (!parsed.ok) {
    const notes = [`${capitalised(parsed.error)}. Every appliance boots instead.`]
    return {
      report: { label, result: 'warning', badge: 'UNUSABLE', summary: 'the list is not usable', notes },
      value: NONE,
    }
  }
  const { goldens } = parsed.value
  if (goldens.length === 0) {
    const summary = 'none in this build; appliances boot'
    return { report: { label, result: 'warning', badge: 'NONE', summary }, value: NONE }
  }
  return { value: goldens }
}

/** The goldens of each appliance. */
export function byAppliance(
  goldens: readonly ManifestGolden[],
): ReadonlyMap<string, readonly ManifestGolden[]> {
  const found = new Map<string, ManifestGolden[]>()
  for (const golden of goldens) found.set(golden.appliance, [...(found.get(golden.appliance) ?? []), golden])
  return found
}

/** Of one appliance's goldens, the one for its disk as it is. */
async function fitting(
  platform: FirmwarePlatform,
  appliance: string,
  goldens: readonly ManifestGolden[],
): Promise<ManifestGolden | undefined> {
  const ofBlank = goldens.find(({ blankDisk }) => blankDisk)
  const isBlank = ofBlank !== undefined && (await platform.hasBlankDisk(appliance))
  return isBlank ? ofBlank : (goldens.find(({ blankDisk }) => !blankDisk) ?? ofBlank)
}

/** Of appliances that start, in a build that has goldens of others. */
export function withoutGolden(appliances: readonly string[]): StepReport {
  const names = listed(appliances.map(capitalised))
  const summary = `none of ${names}`
  return {
    label: 'Golden snapshots',
    result: 'warning',
    badge: 'NONE',
    summary: summary.length <= SUMMARY_WIDTH ? summary : `none of ${appliances.length} that start; they boot`,
    detail: `This build has no golden snapshot of ${names}, which ${appliances.length === 1 ? 'boots' : 'boot'} instead.`,
  }
}

export async function testGoldens(
  platform: FirmwarePlatform,
  appliance: string,
  goldens: readonly ManifestGolden[],
): Promise<StepOutcome<GoldenOutcome>> {
  const golden = await fitting(platform, appliance, goldens)
  if (golden === undefined) throw new Error(`no golden of ${appliance}`)
  return testGolden(platform, golden)
}

async function testGolden(
  platform: FirmwarePlatform,
  golden: ManifestGolden,
): Promise<StepOutcome<GoldenOutcome>> {
  const { appliance, file, sha256: expectedSha256, machine, stage, blankDisk } = golden
  const label = `Golden ${appliance}`
  const consequence = `${capitalised(appliance)} boots instead.`
  const refused = (reason: RefusedGolden['reason']): GoldenOutcome => ({
    kind: 'refused',
    golden: { appliance, reason },
  })
  let found: FileReading
  try {
    found = await platform.readGolden(file)
  } catch (error) {
    const detail = `${file} could not be read: ${reasonOf(error)}`
    const notes = [`${detail}. ${consequence}`]
    return {
      report: { label, result: 'warning', badge: 'FAILED', summary: 'refused', notes },
      value: refused({ kind: 'unreadable', detail }),
    }
  }
  const { size, sha256, content } = found
  if (sha256 !== expectedSha256) {
    const notes = [
      `list     ${expectedSha256}`,
      `computed ${sha256}`,
      `${consequence} Reload to read it again.`,
    ]
    return {
      report: {
        label,
        result: 'warning',
        badge: 'MISMATCH',
        summary: `${grouped(size)} bytes`,
        notes,
      },
      value: refused({ kind: 'mismatch', expectedSha256, actualSha256: sha256 }),
    }
  }
  return {
    report: {
      label,
      result: 'ok',
      badge: 'OK',
      summary: measured(size, sha256),
      detail: `${file}: ${grouped(size)} bytes, SHA-256 ${sha256}, as the build noted.`,
    },
    value: {
      kind: 'verified',
      golden: {
        appliance,
        size,
        sha256,
        content,
        machine,
        stage,
        blankDisk,
      },
    },
  }
}
