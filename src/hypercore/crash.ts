/** What is known of a guest that has crashed, and how it is told. */

import type { CrashCause, CrashReport } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'

/** Characters of a crash's last console output that travel on. */
const CONSOLE_TAIL_LIMIT = 16_384

/** `at` and `instructions` stand where its worker could not report any more. */
export function crashOf(
  cause: CrashCause,
  report: CrashReport | undefined,
  { at, instructions }: Pick<CrashReport, 'at' | 'instructions'>,
): CrashReport {
  return {
    cause,
    at: report?.at ?? at,
    registers: report?.registers,
    consoleTail: (report?.consoleTail ?? '').slice(-CONSOLE_TAIL_LIMIT),
    instructions: report?.instructions ?? instructions,
  }
}

export function crashWords(name: string, cause: CrashCause | undefined): string {
  if (cause === undefined) return `${name} has crashed.`
  return 'detail' in cause ? `${name}: ${cause.detail}` : `${name} has crashed (${cause.kind}).`
}

/** What whoever waits for the guest is answered with. */
export function crashFault(name: string, cause: CrashCause | undefined): Fault {
  return fault(cause?.kind === 'out-of-memory' ? 'over-budget' : 'failed', crashWords(name, cause))
}
