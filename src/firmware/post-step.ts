/** A step of POST: what it reports, what it hands on, and what stops the machine. */

import type { PostEntry } from '../protocol/hand-off.ts'
import { messageOf } from './words.ts'

/** Columns of a line's summary. */
export const SUMMARY_WIDTH = 42

/** A step's outcome before its duration is known. */
export type StepReport = {
  readonly label: string
  readonly result: PostEntry['result']
  /** At most eight characters: “OK”, “MISMATCH”. */
  readonly badge: string
  /** What the line says, in SUMMARY_WIDTH characters. */
  readonly summary: string
  /** Sentences below the line: what is wrong and what to do. */
  readonly notes?: readonly string[]
  /** The record in the hand-off, where it says more than the line. */
  readonly detail?: string
}

export type PostLine = StepReport & { readonly id: string; readonly durationMs: number }

/** Going on would be wrong: what happened, and what the person can do. */
export type Halt = { readonly message: string; readonly action: string }

export type StepOutcome<T> = { readonly report: StepReport; readonly value: T }
export type RunStep = <T>(id: string, label: string, work: () => Promise<StepOutcome<T>>) => Promise<T>

/** For steps: what a rejected promise of the platform says. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replace(/[.\s]+$/, '')
}
