import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMemory,
  formatPercent,
} from '../../../src/ui/shell/figures.ts'

describe('figures for people', () => {
  test.each([
    [32 * 2 ** 20, '32 MB'],
    [1023 * 2 ** 20, '1023 MB'],
    [2 ** 30, '1 GB'],
    [1.5 * 2 ** 30, '1.5 GB'],
  ])('memory of %d bytes is %s', (bytes, text) => {
    expect(formatMemory(bytes)).toBe(text)
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [41_210, '41 kB'],
    [999_400, '999 kB'],
    [999_600, '1.0 MB'],
    [10e9, '10 GB'],
    [5e15, '5000 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test.each([
    [6.24, '6.2 ms'],
    [99.94, '99.9 ms'],
    [412.4, '412 ms'],
    [1400, '1.4 s'],
  ])('%d milliseconds are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })

  test('counts are grouped by thin spaces', () => {
    expect(formatCount(999)).toBe('999')
    expect(formatCount(48_213_774)).toBe('48\u2009213\u2009774')
  })

  test('a percentage has no decimals', () => {
    expect(formatPercent(2.6)).toBe('3 %')
  })
})
