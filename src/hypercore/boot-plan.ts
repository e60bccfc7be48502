/** Which domains are started at hand-off, in which order, and how many at a time. */

import { APPLIANCES } from '../appliances/definitions.ts'
import type { HandOff } from '../protocol/hand-off.ts'

/** A guest without an agent never says that it is ready; the next one waits no longer than this for it. */
export const READY_PATIENCE_MS = 5000

/** Names of appliances: the first screen, then the others in the order of their shortcuts. */
export function bootOrder({ bootPath, settings }: HandOff): string[] {
  if (bootPath === 'primary') return ['primary']
  const chosen = APPLIANCES.map(({ name }) => name).filter(
    (name) => settings.appliances[name]?.start === true,
  )
  const first = chosen.filter((name) => name === settings.firstScreen)
  return [...first, ...chosen.filter((name) => name !== settings.firstScreen)]
}

/**
 * Guests that boot at the same time. A boot is one thread at full load, and the page needs a processor as well: on two
 * cores the first screen comes first and alone, which shows it soonest and delays the last guest by nothing.
 */
export function parallelStarts(processors: number): number {
  return Math.max(1, processors - 1)
}
