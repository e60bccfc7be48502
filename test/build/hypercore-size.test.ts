import { expect, test } from 'vitest'
import { countCodeLines } from '../../src/build/hypercore-size.ts'

test('counts lines that hold code, neither blank ones nor comments', () => {
  const source =
    '/** Words.\n * More. */\nconst a = 1 // said beside\n\n// alone\n/* one */ const b = 2\n/*\n\n*/ const c = 3\n'
  expect(countCodeLines(source)).toBe(3)
})
