/** The way to a guest's agent, or the words for why there is none. */

import { err, ok, type Result } from '../../base/result.ts'
import { fault, type Fault } from '../../protocol/fault.ts'
import type { Domain } from '../domain.ts'
import type { Ask } from './asks.ts'

/** A fault that says what to do where the guest cannot be asked now. */
export function reach(domain: Domain): Result<Ask, Fault> {
  const { name, state, ask } = domain
  if (state === 'paused') return err(fault('illegal-state', `${name} is paused: resume it first.`))
  if (state !== 'running') return err(fault('illegal-state', `${name} is not running: start it first.`))
  if (ask !== undefined) return ok(ask)
  return err(
    fault('failed', `${name} has no agent: it is still starting, or its system does not have HyperSpace’s.`),
  )
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB'] as const

/** “1.3 MiB”. */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ''}`
}
