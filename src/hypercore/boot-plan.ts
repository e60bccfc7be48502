/** Which domains are started at hand-off, in which order, and how many at a time. */

import { APPLIANCES } from '../appliances/definitions.ts'
import type { HandOff } from '../protocol/hand-off.ts'

/** A guest without an agent never says that it is ready; the next one waits no longer than this for it. */
export const READY_PATIENCE_MS = 5000

/**
 * Who takes long to a first screen comes late: a quick one behind it would wait for nothing of its own. By the guest
 * instructions of a cold boot (`npm run bench` counts them): a shell needs the fewest; the chat waits for its own server.
 */
const SLOW_LAST: readonly string[] = ['management', 'primary', 'vault', 'web', 'messaging']

/**
 * Names of appliances: the first screen, then the others, the quick ones first. Before those come the ones that resume at their
 * checkpoint: they have the longest way to a first screen, of which one processor would be left alone with the end, and the
 * next ones resume beside them.
 */
export function bootOrder({ bootPath, settings, goldens }: HandOff): string[] {
  if (bootPath === 'primary') return ['primary']
  const chosen = APPLIANCES.map(({ name }) => name)
    .filter((name) => settings.appliances[name]?.start === true)
    .toSorted((a, b) => SLOW_LAST.indexOf(a) - SLOW_LAST.indexOf(b))
  const rank = (name: string): number => {
    if (name === settings.firstScreen) return 0
    return goldens.some(({ appliance, stage }) => appliance === name && stage === 'checkpoint') ? 1 : 2
  }
  return chosen.toSorted((a, b) => rank(a) - rank(b))
}

/**
 * Guests that boot at the same time. A boot is one thread at full load, and the page needs a processor as well. Measured
 * with four guests on two loaded cores, three times: one after the other shows the first screen after 1.5–3.8 s and the
 * last after 5.4–8.5 s; all at once, the first after 5.5–8.3 s and the last after 5.6–8.6 s.
 */
export function parallelStarts(processors: number, resuming: boolean): number {
  // A resume waits for its worker, its disk and the unpacking as long as it computes: beside another it fills the gaps.
  return resuming ? Math.max(2, processors) : Math.max(1, processors - 1)
}
