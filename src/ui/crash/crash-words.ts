/** A crash in words: what happened, and what that means. */

import { assertNever } from '../../base/assert.ts'
import type { CrashCause } from '../../protocol/domain.ts'

export type CrashWords = {
  readonly title: string
  readonly means: string
  readonly detail: string | undefined
}

export function crashWords(cause: CrashCause): CrashWords {
  switch (cause.kind) {
    case 'panic':
      return {
        title: 'Kernel panic',
        means: 'The guest’s kernel gave up and said so through its pvpanic device.',
        detail: undefined,
      }
    case 'halted':
      return {
        title: 'Halted with interrupts off',
        means:
          'The processor executed HLT with interrupts disabled. No event can wake it, and nobody asked it to stop.',
        detail: undefined,
      }
    case 'engine-fault':
      return {
        title: 'Engine fault',
        means:
          'The emulated processor could not go on. A triple fault, which resets a real PC, ends like this here.',
        detail: cause.detail,
      }
    case 'heartbeat-lost':
      return {
        title: 'Heartbeat lost',
        means: `Its worker had not answered for ${seconds(cause.silentMs)} and was ended.`,
        detail: undefined,
      }
    case 'worker-died':
      return {
        title: 'The worker died',
        means: 'The browser ended the thread that this guest ran in.',
        detail: cause.detail,
      }
    case 'out-of-memory':
      return { title: 'No memory for it', means: 'The guest never came up.', detail: cause.detail }
    case 'boot-failed':
      return { title: 'It did not start', means: 'The guest never came up.', detail: cause.detail }
    default:
      return assertNever(cause)
  }
}

/** “7 s”, “1.5 s”. */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000
  return `${value < 10 && value % 1 !== 0 ? value.toFixed(1) : Math.round(value)} s`
}
