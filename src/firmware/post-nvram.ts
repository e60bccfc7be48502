/** POST's step for NVRAM: its settings, or why the defaults hold. It is never overwritten here: only Setup writes. */

import type { FirmwareSettings } from '../protocol/hand-off.ts'
import { decodeNvram, describeNvramError, nvramChecksum } from './nvram.ts'
import type { FirmwarePlatform } from './platform.ts'
import { reasonOf, type StepOutcome, type StepReport } from './post-step.ts'
import { grouped } from './words.ts'

/** For Setup's main page. */
export type NvramStatus = 'valid' | 'empty' | 'corrupt' | 'unreadable'

type NvramOutcome = {
  readonly status: NvramStatus
  /** Undefined: the defaults hold. */
  readonly settings: FirmwareSettings | undefined
}

const LABEL = 'NVRAM (model)'

export async function testNvram(platform: FirmwarePlatform): Promise<StepOutcome<NvramOutcome>> {
  let untrustedBytes: Uint8Array | undefined
  try {
    untrustedBytes = await platform.readNvram()
  } catch (error) {
    return defaultsLoaded('unreadable', 'could not be read: defaults loaded', [
      `${reasonOf(error)}. Settings are the defaults; what you save in Setup (F2) may not last.`,
    ])
  }
  if (untrustedBytes === undefined) {
    const report: StepReport = {
      label: LABEL,
      result: 'ok',
      badge: 'EMPTY',
      summary: 'empty: defaults loaded',
    }
    return { report, value: { status: 'empty', settings: undefined } }
  }
  const decoded = decodeNvram(untrustedBytes)
  if (!decoded.ok) {
    return defaultsLoaded('corrupt', 'corrupt: defaults loaded', [
      `It was not used: ${describeNvramError(decoded.error)}. Nothing else is affected. ` +
        'To store settings anew press F2, then F10.',
    ])
  }
  const checksum = nvramChecksum(untrustedBytes)
  const summary = `${grouped(untrustedBytes.length)} bytes, CRC-32 ${checksum} as stored`
  return {
    report: { label: LABEL, result: 'ok', badge: 'OK', summary },
    value: { status: 'valid', settings: decoded.value },
  }
}

function defaultsLoaded(
  status: NvramStatus,
  summary: string,
  notes: readonly string[],
): StepOutcome<NvramOutcome> {
  return {
    report: { label: LABEL, result: 'warning', badge: 'DEFAULTS', summary, notes },
    value: { status, settings: undefined },
  }
}
