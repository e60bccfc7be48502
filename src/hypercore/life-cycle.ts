/**
 * The life cycle of a domain as a pure function: what may happen in which state, and where it leads. Everything that
 * changes a domain's state asks here first.
 *
 * ```
 *                         ┌────── powered-off ──────┐
 *            start        │ came-up      pause,paused▼
 *  created ────────► starting ──► running ◄──────► paused
 *                         │          │ resume,resumed │
 *                         │          ├── shutdown ────┤
 *                         │          ▼                │
 *  crashed ◄── crashed ───┼── shutting-down ──────────┤
 *     │                   │          │ powered-off    │
 *     └── start ──►       └─ kill ──►▼◄── kill ───────┘
 *                                   off ── start ──► starting
 * ```
 * `pause` and `resume` are requests: the state moves when the vCPU confirms with `paused` and `resumed`.
 */

import { err, ok, type Result } from '../base/result.ts'
import type { DomainState } from '../protocol/domain.ts'
import { fault, type Fault } from '../protocol/fault.ts'

/** What a person or a guest may ask for. */
export type LifeCycleRequest = 'start' | 'pause' | 'resume' | 'shutdown' | 'kill' | 'remove'

/** What a domain worker reports. */
export type LifeCycleReport = 'came-up' | 'paused' | 'resumed' | 'powered-off' | 'crashed'

export type LifeCycleStep = LifeCycleRequest | LifeCycleReport

type Edges = Readonly<Partial<Record<LifeCycleStep, DomainState>>>

/** Every legal edge; what is not here is illegal. */
const EDGES: Readonly<Record<DomainState, Edges>> = {
  created: { start: 'starting', remove: 'created' },
  starting: { 'came-up': 'running', 'powered-off': 'off', crashed: 'crashed', kill: 'off' },
  running: {
    pause: 'running',
    paused: 'paused',
    resumed: 'running',
    shutdown: 'shutting-down',
    'powered-off': 'off',
    crashed: 'crashed',
    kill: 'off',
  },
  paused: {
    resume: 'paused',
    resumed: 'running',
    paused: 'paused',
    // The guest must run to shut itself down: whoever asks resumes its vCPU as well.
    shutdown: 'shutting-down',
    crashed: 'crashed',
    kill: 'off',
  },
  'shutting-down': {
    paused: 'shutting-down',
    resumed: 'shutting-down',
    'powered-off': 'off',
    crashed: 'crashed',
    kill: 'off',
  },
  off: { start: 'starting', remove: 'off' },
  crashed: { start: 'starting', remove: 'crashed' },
}

export const STATES: readonly DomainState[] = [
  'created',
  'starting',
  'running',
  'paused',
  'shutting-down',
  'off',
  'crashed',
]

const STATE_WORDS: Readonly<Record<DomainState, string>> = {
  created: 'not started yet',
  starting: 'starting',
  running: 'running',
  paused: 'paused',
  'shutting-down': 'shutting down',
  off: 'off',
  crashed: 'crashed',
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** The state after `step`, or an `illegal-state` fault that says what is possible instead. `name` is for people. */
export function transition(
  state: DomainState,
  step: LifeCycleStep,
  name: string,
): Result<DomainState, Fault> {
  const next = EDGES[state][step]
  if (next !== undefined) return ok(next)
  const possible = STATES.filter((other) => EDGES[other][step] !== undefined).map(
    (other) => STATE_WORDS[other],
  )
  return err(
    fault('illegal-state', `${name} is ${STATE_WORDS[state]}; “${step}” needs it to be ${list(possible)}.`),
  )
}

/** It has a worker and holds its memory. */
export function isLive(state: DomainState): boolean {
  return EDGES[state].kill !== undefined
}
