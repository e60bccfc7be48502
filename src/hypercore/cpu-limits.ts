/** What a domain may use of the processors: a cap and a weight (scheduler.ts). */

import { err, ok, type Result } from '../base/result.ts'
import type { CpuLimits } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'

/** `wanted` over `limits`, both fields whole and in range. */
export function mergeLimits(limits: CpuLimits, wanted: Partial<CpuLimits>): Result<CpuLimits, Fault> {
  const capPercent = wanted.capPercent ?? limits.capPercent
  const weight = wanted.weight ?? limits.weight
  const isWhole = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= most
  if (isWhole(capPercent, 100) && isWhole(weight, 1000)) return ok({ capPercent, weight })
  return err(
    fault('malformed', 'A cap is 1 to 100 percent of a core, a weight 1 to 1000; both whole numbers.'),
  )
}
