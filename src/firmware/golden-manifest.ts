/**
 * The list of golden snapshots that the build made: which appliances have one, the SHA-256 it must have, and the machine
 * it fits. An appliance with a disk has two: one for a disk that is blank, one for any other. It comes with the page, as the flash manifest does, and is checked as that is; without a usable one every
 * appliance boots.
 */

import * as v from 'valibot'
import { err, ok, type Result } from '../base/result.ts'

/** Far above any state of a guest. */
const MAX_GOLDEN_BYTES = 1024 ** 3

const sha256 = v.pipe(
  v.string('must be text'),
  v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
)

const golden = v.object({
  appliance: v.pipe(
    v.string('must be text'),
    v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1-32 lower-case letters, digits or hyphens'),
  ),
  file: v.pipe(
    v.string('must be text'),
    v.regex(/^[a-z][\w-]*\.golden$/, 'must be the name of a golden file'),
  ),
  size: v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(MAX_GOLDEN_BYTES, `must be at most ${MAX_GOLDEN_BYTES}`),
  ),
  sha256,
  machine: v.object({
    engine: sha256,
    memoryMiB: v.pipe(v.number('must be a number'), v.integer('must be a whole number')),
    devices: v.string('must be text'),
  }),
  stage: v.picklist(['ready', 'checkpoint'], 'must be ready or checkpoint'),
  blankDisk: v.boolean('must be true or false'),
})

const schema = v.object({
  format: v.literal('hyperspace-goldens', 'must be hyperspace-goldens'),
  version: v.literal(1, 'must be 1: this firmware knows no other version'),
  goldens: v.array(golden, 'must be a list'),
})

export type GoldenManifest = Readonly<v.InferOutput<typeof schema>>
export type ManifestGolden = GoldenManifest['goldens'][number]

/** The error is one sentence for a person that names the first thing wrong. */
export function parseGoldenManifest(untrustedManifest: unknown): Result<GoldenManifest, string> {
  const parsed = v.safeParse(schema, untrustedManifest)
  if (!parsed.success) {
    const [issue] = parsed.issues
    return err(`${v.getDotPath(issue) ?? 'the list'} ${issue.message}`)
  }
  const names = parsed.output.goldens.map(({ appliance, blankDisk }) =>
    blankDisk ? `${appliance} with a blank disk` : appliance,
  )
  const twice = names.find((name, index) => names.indexOf(name) < index)
  return twice === undefined ? ok(parsed.output) : err(`two of them are of ${twice}`)
}
