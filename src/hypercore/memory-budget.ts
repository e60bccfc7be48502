/**
 * The memory budget: the RAM of all live guests, and the copies of it that their next snapshots are compared with, stay
 * together within what the firmware granted. A snapshot itself is never refused for it: what is in use is known to all
 * that start afterwards.
 */

import { err, ok, type Result } from '../base/result.ts'
import { fault, type Fault } from '../protocol/fault.ts'

/** What v86 and our kernel can do anything with, and what one guest may take of a 32-bit WebAssembly memory. MiB. */
const MIN_MIB = 16
const MAX_MIB = 2048

export type MemoryUse = { readonly name: string; readonly memoryMiB: number }

/** Whether a machine of this size can be built at all. */
export function checkMemorySize(memoryMiB: number): Result<void, Fault> {
  if (Number.isInteger(memoryMiB) && memoryMiB >= MIN_MIB && memoryMiB <= MAX_MIB) return ok(undefined)
  return err(
    fault('malformed', `Memory is a whole number of ${MIN_MIB} to ${MAX_MIB} MiB, not ${memoryMiB}.`),
  )
}

/** Whether `wanted` fits beside `live`, or a fault with every figure of the sum. */
export function checkBudget(
  budgetMiB: number,
  live: readonly MemoryUse[],
  wanted: MemoryUse,
): Result<void, Fault> {
  const used = live.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)
  const free = budgetMiB - used
  if (wanted.memoryMiB <= free) return ok(undefined)
  const holders = live.map(({ name, memoryMiB }) => `${name} ${memoryMiB}`).join(', ')
  const others = holders === '' ? '' : ` (${holders})`
  const advice =
    live.length === 0
      ? 'Give it less memory in setup (F2).'
      : 'Shut one down, or give it less memory in setup (F2).'
  return err(
    fault(
      'over-budget',
      `${wanted.name} needs ${wanted.memoryMiB} MiB; ${free} of the ${budgetMiB} MiB budget are free, ` +
        `${used} are in use${others}. ${advice}`,
    ),
  )
}
