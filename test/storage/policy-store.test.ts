import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicyStore } from '../../src/storage/policy-store.ts'

function memory(kept = new Map<string, string>()) {
  return {
    kept,
    storage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    },
  }
}

describe('the kept policy', () => {
  it('comes back as it was written, and is forgotten on request', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { storage } = memory()
        const store = createPolicyStore(() => storage)
        expect(store.read()).toEqual({ ok: true, value: undefined })
        expect(store.write(text)).toBe(true)
        expect(store.read()).toEqual({ ok: true, value: text })
        expect(store.write(undefined)).toBe(true)
        expect(store.read()).toEqual({ ok: true, value: undefined })
      }),
    )
  })

  it('that was changed by someone else is refused, and stays', () => {
    const { storage, kept } = memory()
    const store = createPolicyStore(() => storage)
    store.write('web portal http allow\n')
    const [key = '', value = ''] = [...kept][0] ?? []
    for (const damaged of [value.replace('web', 'wab'), value.replace('POLICY 1', 'POLICY 2'), 'junk', '']) {
      kept.set(key, damaged)
      expect(store.read().ok).toBe(false)
      expect(kept.get(key)).toBe(damaged)
    }
  })

  it('is none where the browser forbids storage or has no room', () => {
    const forbidden = createPolicyStore(() => {
      throw new DOMException('no', 'SecurityError')
    })
    expect(forbidden.read()).toEqual({ ok: true, value: undefined })
    expect(forbidden.write('x')).toBe(false)
    const full = createPolicyStore(() => ({
      ...memory().storage,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
    }))
    expect(full.write('x')).toBe(false)
  })
})
