import { describe, expect, it } from 'vitest'
import { SCREEN_MEMORY_MIB, fitScreenSize, isScreenSize } from '../../src/protocol/screen.ts'

describe('a screen that fits a window', () => {
  it('has the window’s size, the width rounded down to what the display takes', () => {
    expect(fitScreenSize({ width: 1285.5, height: 777.9 })).toEqual({ width: 1280, height: 777 })
  })

  it('is never smaller or larger than the guest can use, and is legal', () => {
    for (const wanted of [
      { width: 1, height: 1 },
      { width: 99_999, height: 99_999 },
      { width: Number.NaN, height: Infinity },
      { width: 641, height: 1088 },
    ])
      expect(isScreenSize(fitScreenSize(wanted))).toBe(true)
  })

  it('fits the display’s memory at its largest', () => {
    const { width, height } = fitScreenSize({ width: 99_999, height: 99_999 })
    expect([width, height]).toEqual([1920, 1088])
    expect(width * height * 4).toBeLessThanOrEqual(SCREEN_MEMORY_MIB * 2 ** 20)
  })
})
