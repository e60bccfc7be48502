import { expect, test } from 'vitest'
import { clipped } from '../../src/firmware/words.ts'

test('a status that is too long ends with a whole word and dots', () => {
  const status = 'Reading kernel, primary, messaging and golden messaging'
  expect(clipped(status, 55)).toBe(status)
  expect(clipped(status, 54)).toBe('Reading kernel, primary, messaging and golden ...')
  expect(clipped(status, 28)).toBe('Reading kernel, primary ...')
})
