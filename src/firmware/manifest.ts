/**
 * The flash manifest: which volumes there are, how long each is, and the SHA-256 it must have. It comes with the page,
 * as the trust anchor of the boot; it is checked nevertheless, because a half-built one must say so in words.
 */

import * as v from 'valibot'
import { err, ok, type Result } from '../base/result.ts'
import type { VolumeRole } from '../protocol/hand-off.ts'

const VOLUME_ROLES = [
  'stub',
  'kernel',
  'initramfs',
  'appliance',
  'bios',
  'vga-bios',
  'font',
] as const satisfies readonly VolumeRole[]

/** Roles without which no appliance starts; one volume of each. */
export const ESSENTIAL_ROLES = ['stub', 'kernel', 'initramfs'] as const

/** Far above any volume, far below what would exhaust the page. Bytes. */
const MAX_VOLUME_BYTES = 1024 ** 3

const name = v.pipe(
  v.string('must be text'),
  v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1-32 lower-case letters, digits or hyphens'),
)
const byteCount = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
  v.maxValue(MAX_VOLUME_BYTES, `must be at most ${MAX_VOLUME_BYTES}`),
)
const file = v.pipe(
  v.string('must be text'),
  v.regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/, 'must be a path inside the flash folder'),
)

const sha256 = v.pipe(
  v.string('must be text'),
  v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
)

/** A package's name and version as Debian's policy has them, sections 5.6.1 and 5.6.12. */
const packageName = v.pipe(
  v.string('must be text'),
  v.regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a Debian package'),
)
const packageVersion = v.pipe(
  v.string('must be text'),
  v.regex(/^(?:\d+:)?\d[\w.+~-]*$/, 'must be the version of a Debian package'),
)

/** What the volume is made of: what was taken as binary packages, and the source packages of these and of what was built. */
const origin = v.object(
  {
    source: v.array(v.object({ package: packageName, version: packageVersion }), 'must be a list'),
    binary: v.array(
      v.object({
        package: packageName,
        version: packageVersion,
        architecture: v.picklist(['i386', 'amd64', 'all'], 'must be i386, amd64 or all'),
        sha256,
      }),
      'must be a list',
    ),
  },
  'must say which packages the volume is made of',
)

/** An SPDX licence expression, as far as these volumes need one. */
const licence = v.pipe(
  v.string('must be text'),
  v.regex(/^[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*$/, 'must be an SPDX licence expression'),
)

const common = {
  name,
  file,
  size: byteCount,
  sha256,
  encoding: v.picklist(['identity', 'gzip'], 'must be identity or gzip'),
  contentSize: byteCount,
  kind: v.pipe(v.string('must be text'), v.minLength(1, 'must not be empty')),
  description: v.optional(v.string('must be text'), ''),
  licence,
  origin,
}

const applianceVolume = v.object({
  ...common,
  role: v.literal('appliance'),
  appliance: name,
  ramMiB: v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(8, 'must be at least 8'),
    v.maxValue(1024, 'must be at most 1024'),
  ),
  kernelCommandLine: v.string('must be text'),
})

const otherVolume = v.object({
  ...common,
  role: v.picklist(['stub', 'kernel', 'initramfs', 'bios', 'vga-bios', 'font']),
})

const schema = v.object({
  format: v.literal('hyperspace-flash', 'must be hyperspace-flash'),
  version: v.literal(1, 'must be 1: this firmware knows no other version'),
  volumes: v.array(
    v.variant('role', [applianceVolume, otherVolume], `must have a role of ${VOLUME_ROLES.join(', ')}`),
    'must be a list',
  ),
})

export type Manifest = Readonly<v.InferOutput<typeof schema>>
export type ManifestVolume = Readonly<
  v.InferOutput<typeof applianceVolume> | v.InferOutput<typeof otherVolume>
>
export type ApplianceVolume = Readonly<v.InferOutput<typeof applianceVolume>>

/** Checks form and completeness; the error is one sentence for a person that names the first thing wrong. */
export function parseManifest(untrustedManifest: unknown): Result<Manifest, string> {
  const parsed = v.safeParse(schema, untrustedManifest)
  if (!parsed.success) {
    const [issue] = parsed.issues
    const path = v.getDotPath(issue)
    return err(`${path ?? 'the manifest'} ${issue.message}`)
  }
  const { volumes } = parsed.output
  const repeated = firstRepeated(volumes.map((volume) => volume.name))
  if (repeated !== undefined) return err(`two volumes are named ${repeated}`)
  for (const role of ESSENTIAL_ROLES) {
    const count = volumes.filter((volume) => volume.role === role).length
    if (count !== 1) return err(`there must be one volume with the role ${role}, not ${count}`)
  }
  const appliances = appliancesOf(parsed.output)
  if (appliances.length === 0) return err('there is no volume with the role appliance')
  const twice = firstRepeated(appliances.map((volume) => volume.appliance))
  if (twice !== undefined) return err(`two volumes are for the appliance ${twice}`)
  return ok(parsed.output)
}

/** In the manifest's order, which is also the order of the setup's table. */
export function appliancesOf(manifest: Manifest): readonly ApplianceVolume[] {
  return manifest.volumes.filter((volume) => volume.role === 'appliance')
}

function firstRepeated(names: readonly string[]): string | undefined {
  return names.find((each, index) => names.indexOf(each) < index)
}
