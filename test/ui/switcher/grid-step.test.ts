import { describe, expect, test } from 'vitest'
import { gridStep, type Cell } from '../../../src/ui/switcher/grid-step.ts'

/** Five cells in rows of three: 0 1 2 / 3 4. */
const CELLS: readonly Cell[] = [0, 1, 2, 3, 4].map((index) => ({
  left: (index % 3) * 100,
  top: Math.floor(index / 3) * 80,
}))

describe('arrow keys in the switcher', () => {
  test.each([
    ['ArrowRight', 0, 1],
    ['ArrowRight', 4, 0],
    ['ArrowLeft', 0, 4],
    ['ArrowLeft', 3, 2],
    ['ArrowDown', 1, 4],
    ['ArrowDown', 2, 4],
    ['ArrowDown', 4, 4],
    ['ArrowUp', 3, 0],
    ['ArrowUp', 1, 1],
    ['Home', 3, 0],
    ['End', 0, 4],
  ])('%s from %d leads to %d', (key, from, to) => {
    expect(gridStep(key, from, CELLS)).toBe(to)
  })

  test('another key leads nowhere', () => {
    expect(gridStep('x', 0, CELLS)).toBeUndefined()
  })
})
