import { describe, expect, it } from 'vitest'
import { GuestWatch, type Observation } from '../../src/machine/guest-watch.ts'

const OFF = { halted: false, interruptsEnabled: false, executed: 1_000_000 }
const ON = { halted: false, interruptsEnabled: true, executed: 1_000_000 }

/** Samples every `step` ms from `from` on; answers what was not “nothing”, with its time. */
function observe(
  watch: GuestWatch,
  state: typeof OFF,
  from: number,
  to: number,
  step = 10,
): [number, Observation][] {
  const seen: [number, Observation][] = []
  for (let now = from; now < to; now += step) {
    const observation = watch.sample({ ...state, now })
    if (observation.kind !== 'nothing') seen.push([now, observation])
  }
  return seen
}

describe('the guest watch', () => {
  it('reports a guest that executes with interrupts off for two seconds, then every second, then its end', () => {
    const watch = new GuestWatch()
    expect(observe(watch, OFF, 0, 2000)).toEqual([])
    expect(observe(watch, OFF, 2000, 4005)).toEqual([
      [2000, { kind: 'spinning', forMs: 2000 }],
      [3000, { kind: 'spinning', forMs: 3000 }],
      [4000, { kind: 'spinning', forMs: 4000 }],
    ])
    expect(observe(watch, ON, 4010, 5000)).toEqual([[4010, { kind: 'spinning', forMs: 0 }]])
  })

  it('starts over when interrupts were on in between', () => {
    const watch = new GuestWatch()
    observe(watch, OFF, 0, 1900)
    expect(observe(watch, ON, 1900, 1920)).toEqual([])
    expect(observe(watch, OFF, 1920, 3800)).toEqual([])
  })

  it('does not count the time in which the vCPU stood still', () => {
    const watch = new GuestWatch()
    expect(observe(watch, OFF, 0, 500)).toEqual([])
    expect(observe(watch, OFF, 60_000, 61_000)).toEqual([])
  })

  it('does not take a guest for one that loops that only gets hardly any time', () => {
    const watch = new GuestWatch()
    expect(observe(watch, { ...OFF, executed: 1000 }, 0, 10_000)).toEqual([])
    expect(observe(watch, ON, 10_000, 10_010)).toEqual([])
    expect(observe(watch, { ...OFF, executed: 1000 }, 10_010, 25_000)).toEqual([])
    expect(observe(watch, ON, 25_000, 25_010)).toEqual([])
    // In its timer's handler whenever a slice ends.
    expect(observe(watch, { ...OFF, executed: 20_000 }, 25_010, 34_000)).toEqual([])
    // It does loop, on a host that gives it a tenth of a processor.
    expect(observe(watch, { ...OFF, executed: 20_000 }, 34_000, 36_000)).not.toEqual([])
  })

  it('tells an idle guest from one that nothing can wake', () => {
    const watch = new GuestWatch()
    expect(watch.sample({ ...ON, halted: true, now: 0 })).toEqual({ kind: 'nothing' })
    expect(watch.sample({ ...OFF, halted: true, now: 1 })).toEqual({ kind: 'dead-halt' })
  })
})
