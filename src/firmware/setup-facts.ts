/** What Setup's main page says of the machine. */

import { FIRMWARE_VERSION } from './brand.ts'
import type { NvramStatus } from './post-nvram.ts'
import type { Configuration, Post } from './post.ts'
import { binarySize, grouped, listed } from './words.ts'

const NVRAM_WORDS: Readonly<Record<NvramStatus, string>> = {
  valid: 'valid',
  empty: 'empty: defaults',
  corrupt: 'corrupt: defaults',
  unreadable: 'could not be read: defaults',
}

export function setupFacts(
  configuration: Configuration,
  post: Post,
): readonly { readonly label: string; readonly value: string }[] {
  const { manifest, memoryBudgetMiB, nvram, platform } = configuration
  const { storage } = platform
  const { refused, verified } = post
  const bytes = manifest.volumes.reduce((sum, { size }) => sum + size, 0)
  const left = manifest.volumes.length - refused.length - verified.length
  const compiled = post.lines.find(({ id }) => id === 'compile')
  const quota =
    storage.kind === 'opfs' && storage.quotaBytes !== undefined
      ? `OPFS, quota ${binarySize(storage.quotaBytes)}`
      : storage.kind === 'opfs'
        ? 'OPFS, quota not told'
        : 'memory alone: lost with this tab'
  return [
    { label: 'Firmware', value: `VeriBoot ${FIRMWARE_VERSION} (model)` },
    { label: 'Engine', value: compiled === undefined ? 'not compiled yet' : 'v86, compiled' },
    { label: 'Processors', value: `${platform.processors} logical` },
    {
      label: 'Device memory',
      value:
        platform.deviceMemoryGiB === undefined
          ? 'the browser does not tell'
          : `${platform.deviceMemoryGiB} GiB, as the browser says`,
    },
    { label: "Guests' budget", value: `${grouped(memoryBudgetMiB)} MiB` },
    { label: 'Storage', value: quota },
    { label: 'NVRAM (model)', value: NVRAM_WORDS[nvram] },
    { label: 'Flash (model)', value: `${manifest.volumes.length} volumes, ${grouped(bytes)} bytes` },
    { label: '  verified', value: `${verified.length}` },
    { label: '  refused', value: refused.length === 0 ? '0' : listed(refused.map(({ name }) => name)) },
    { label: '  being read', value: `${left}` },
  ]
}
