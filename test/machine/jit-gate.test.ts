import { describe, expect, it } from 'vitest'
import { JitGate } from '../../src/machine/jit-gate.ts'

/** A guest that executes `perSlice` instructions every 10 ms, for so long; answers when the gate moved, in ms. */
function run(gate: JitGate, perSlice: number, ms: number, from = 0): number | undefined {
  for (let now = from; now < from + ms; now += 10) if (gate.sample(perSlice, now)) return now
  return undefined
}

describe('the JIT gate', () => {
  it('stays shut while userland comes up, however much that is', () => {
    expect(run(new JitGate(false, 0), 500_000, 2500)).toBeUndefined()
  })

  it('opens to a guest that never says that it is up', () => {
    expect(run(new JitGate(false, 0), 500_000, 10_000)).toBe(2990)
  })

  it('opens with the first real work, once', () => {
    const gate = new JitGate(false, 0)
    gate.userlandIsUp()
    expect(run(gate, 500_000, 1000)).toBe(200)
    expect(run(gate, 500_000, 1000, 1000)).toBeUndefined()
  })

  it('stays shut to a guest that is idle for an hour, and to a short command', () => {
    const gate = new JitGate(false, 0)
    gate.userlandIsUp()
    expect(run(gate, 10_000, 3_600_000)).toBeUndefined()
    expect(gate.sample(4_000_000, 3_600_010)).toBe(false)
  })

  it('does not hold what ran before against a guest that is up', () => {
    const gate = new JitGate(false, 0)
    expect(run(gate, 500_000, 2500)).toBeUndefined()
    gate.userlandIsUp()
    expect(run(gate, 10_000, 10_000)).toBeUndefined()
  })

  it('was opened before where nothing is to be deferred', () => {
    const gate = new JitGate(true, 0)
    expect(gate.isOpen).toBe(true)
    expect(run(gate, 500_000, 100_000)).toBeUndefined()
  })

  it('is shut while the compiled modules are being paid for', () => {
    const gate = new JitGate(true, 0)
    gate.setRate(50, 0)
    gate.sample(0, 1000)
    // 200 ms of a processor; what was saved up in the second before is a tenth of a second at this rate, 50 ms.
    gate.compiled(40_000)
    expect(gate.sample(0, 1000)).toBe(true)
    expect(gate.isOpen).toBe(false)
    expect(gate.sample(0, 1290)).toBe(false)
    expect(gate.sample(0, 1310)).toBe(true)
    expect(gate.isOpen).toBe(true)
  })

  it('lets a guest that compiles all it can have what it was granted', () => {
    const gate = new JitGate(true, 0)
    gate.setRate(20, 0)
    let modules = 0
    for (let now = 0; now < 60_000; now += 5) {
      gate.sample(100_000, now)
      if (!gate.isOpen) continue
      modules += 1
      // 100 ms of a processor each.
      gate.compiled(20_000)
    }
    // Sixty seconds of a fifth.
    expect(modules).toBeGreaterThanOrEqual(118)
    expect(modules).toBeLessThanOrEqual(122)
  })

  it('stays shut to a guest without work, whatever its budget', () => {
    const gate = new JitGate(false, 0)
    gate.userlandIsUp()
    gate.setRate(60, 0)
    expect(gate.sample(10_000, 10_000)).toBe(false)
    expect(gate.isOpen).toBe(false)
  })
})
