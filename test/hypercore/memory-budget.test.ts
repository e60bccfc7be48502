import { describe, expect, it } from 'vitest'
import { checkBudget, checkMemorySize } from '../../src/hypercore/memory-budget.ts'

const web = { name: 'Web', memoryMiB: 96 }
const primary = { name: 'Primary', memoryMiB: 128 }

describe('the memory budget', () => {
  it('takes a guest that fits to the last MiB', () => {
    expect(checkBudget(224, [primary], web)).toEqual({ ok: true, value: undefined })
    expect(checkBudget(223, [primary], web).ok).toBe(false)
  })

  it('says what is needed, free and in use, by whom, and what to do', () => {
    expect(checkBudget(200, [primary], web)).toEqual({
      ok: false,
      error: {
        kind: 'over-budget',
        message:
          'Web needs 96 MiB; 72 of the 200 MiB budget are free, 128 are in use (Primary 128). ' +
          'Shut one down, or give it less memory in setup (F2).',
      },
    })
  })

  it('does not advise to shut down what is not there', () => {
    const alone = checkBudget(64, [], web)
    expect(alone.ok ? '' : alone.error.message).toMatch(/^Web needs 96 .* 0 are in use\. Give it less/)
  })

  it.each([16, 17, 2048])('knows a machine of %d MiB', (size) => {
    expect(checkMemorySize(size).ok).toBe(true)
  })

  it.each([15, 2049, 64.5, Number.NaN, Infinity, -64])('refuses a machine of %d MiB', (size) => {
    expect(checkMemorySize(size)).toMatchObject({ ok: false, error: { kind: 'malformed' } })
  })
})
