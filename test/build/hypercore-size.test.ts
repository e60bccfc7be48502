import { expect, test } from 'vitest'
import { countCodeLines, measureFolder } from '../../src/build/hypercore-size.ts'

test('counts lines that hold code, neither blank ones nor comments', () => {
  const source =
    '/** Words.\n * More. */\nconst a = 1 // said beside\n\n// alone\n/* one */ const b = 2\n/*\n\n*/ const c = 3\n'
  expect(countCodeLines(source)).toBe(3)
})

test('counts the folders within HyperCore, too', () => {
  const { files, lines } = measureFolder(new URL('../../src/hypercore', import.meta.url).pathname)
  expect(files.map(({ file }) => file)).toEqual(expect.arrayContaining(['hypercore.ts', 'broker/vault.ts']))
  expect(lines).toBe(files.reduce((sum, file) => sum + file.lines, 0))
})
