import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLive, STATES, transition, type LifeCycleStep } from '../../src/hypercore/life-cycle.ts'
import type { DomainState } from '../../src/protocol/domain.ts'

const REQUESTS = ['start', 'pause', 'resume', 'shutdown', 'kill', 'remove'] as const
const REPORTS = ['came-up', 'paused', 'resumed', 'powered-off', 'crashed'] as const
const STEPS: readonly LifeCycleStep[] = [...REQUESTS, ...REPORTS]

/** The drawing in protocol/domain.ts, and the crashes that it leaves to the reader: any live state can crash. */
const DRAWN: readonly (readonly [DomainState, DomainState])[] = [
  ['created', 'starting'],
  ['starting', 'running'],
  ['running', 'paused'],
  ['paused', 'running'],
  ['running', 'shutting-down'],
  ['paused', 'shutting-down'],
  ['shutting-down', 'off'],
  ['off', 'starting'],
  ['crashed', 'starting'],
  ['starting', 'crashed'],
  ['running', 'crashed'],
  ['paused', 'crashed'],
  ['shutting-down', 'crashed'],
  // kill from every live state, and a guest that powers itself off.
  ['starting', 'off'],
  ['running', 'off'],
  ['paused', 'off'],
]

const walks = fc.array(fc.constantFrom(...STEPS), { maxLength: 60 })

/** Every state that a walk passes, steps that are refused left out. */
function walk(steps: readonly LifeCycleStep[]): DomainState[] {
  const passed: DomainState[] = ['created']
  for (const step of steps) {
    const next = transition(passed.at(-1) ?? 'created', step, 'Web')
    if (next.ok) passed.push(next.value)
  }
  return passed
}

describe('the life cycle', () => {
  it('takes no edge that is not drawn', () => {
    const drawn = new Set(DRAWN.map((edge) => edge.join(' → ')))
    const legal = fc.property(walks, (steps) =>
      walk(steps).every((to, index, states) => {
        const from = states[index - 1] ?? to
        return from === to || drawn.has(`${from} → ${to}`)
      }),
    )
    expect(fc.check(legal, { numRuns: 2000 })).toMatchObject({ failed: false })
  })

  it('has every drawn edge', () => {
    const taken = STATES.flatMap((from) =>
      STEPS.map((step) => transition(from, step, 'Web')).flatMap((next) =>
        next.ok && next.value !== from ? [`${from} → ${next.value}`] : [],
      ),
    )
    expect(new Set(taken)).toEqual(new Set(DRAWN.map((edge) => edge.join(' → '))))
  })

  it('waits for the vCPU to confirm a pause and a resume', () => {
    expect(walk(['start', 'came-up', 'pause'])).toEqual(['created', 'starting', 'running', 'running'])
    expect(walk(['start', 'came-up', 'pause', 'paused', 'resume', 'resumed']).slice(3)).toEqual([
      'running',
      'paused',
      'paused',
      'running',
    ])
  })

  it('reaches every state from created', () => {
    const reached = new Set(fc.sample(walks, 2000).flatMap(walk))
    expect([...reached].toSorted()).toEqual([...STATES].toSorted())
  })

  it('lets kill lead to off from every live state and nowhere else', () => {
    for (const state of STATES) {
      const killed = transition(state, 'kill', 'Web')
      expect(killed.ok).toBe(isLive(state))
      expect(killed.ok ? killed.value : 'off').toBe('off')
    }
    expect(STATES.filter(isLive)).toEqual(['starting', 'running', 'paused', 'shutting-down'])
  })

  it('lets every live state crash, and every ended one start again', () => {
    for (const state of STATES) {
      expect(transition(state, 'crashed', 'Web').ok).toBe(isLive(state))
      expect(transition(state, 'start', 'Web').ok).toBe(!isLive(state))
      expect(transition(state, 'remove', 'Web').ok).toBe(!isLive(state))
    }
  })

  it('answers an illegal step with a typed fault in words', () => {
    for (const state of STATES) {
      for (const step of STEPS) {
        const next = transition(state, step, 'Web')
        if (next.ok) continue
        expect(next.error.kind).toBe('illegal-state')
        expect(next.error.message).toMatch(new RegExp(`^Web is .*“${step}” needs it to be .+\\.$`))
      }
    }
    expect(transition('paused', 'pause', 'Web 2')).toEqual({
      ok: false,
      error: { kind: 'illegal-state', message: 'Web 2 is paused; “pause” needs it to be running.' },
    })
  })
})
