import { describe, expect, it } from 'vitest'
import { JitGate } from '../../src/machine/jit-gate.ts'

/** A guest that executes `perSlice` instructions every 10 ms, for so long; answers when the gate opened, in ms. */
function run(gate: JitGate, perSlice: number, ms: number): number | undefined {
  for (let now = 0; now < ms; now += 10) if (gate.sample(perSlice, now)) return now
  return undefined
}

describe('the JIT gate', () => {
  it('stays shut while userland comes up, however much that is', () => {
    expect(run(new JitGate(false), 500_000, 2500)).toBeUndefined()
  })

  it('opens to a guest that never says that it is up', () => {
    expect(run(new JitGate(false), 500_000, 10_000)).toBe(2990)
  })

  it('opens with the first real work, once', () => {
    const gate = new JitGate(false)
    gate.userlandIsUp()
    expect(run(gate, 500_000, 1000)).toBe(200)
    expect(run(gate, 500_000, 1000)).toBeUndefined()
  })

  it('stays shut to a guest that is idle for an hour, and to a short command', () => {
    const gate = new JitGate(false)
    gate.userlandIsUp()
    expect(run(gate, 10_000, 3_600_000)).toBeUndefined()
    expect(gate.sample(4_000_000, 3_600_010)).toBe(false)
  })

  it('does not hold what ran before against a guest that is up', () => {
    const gate = new JitGate(false)
    expect(run(gate, 500_000, 2500)).toBeUndefined()
    gate.userlandIsUp()
    expect(run(gate, 10_000, 10_000)).toBeUndefined()
  })

  it('was opened before where nothing is to be deferred', () => {
    expect(run(new JitGate(true), 500_000, 100_000)).toBeUndefined()
  })
})
