import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { safeFileName } from '../../../src/hypercore/broker/file-name.ts'
import { CASES } from '../../support/fuzz.ts'

it.each([
  ['notes.txt', 'notes.txt'],
  ['/home/me/notes.txt', 'notes.txt'],
  ['C:\\Users\\me\\notes.txt', 'notes.txt'],
  ['../../etc/passwd', 'passwd'],
  ['.profile', '_profile'],
  ['..', '_.'],
  ['a\u0000b\nc\u202Egpj.exe', 'a_b_c_gpj.exe'],
  ['  Grüße an alle .txt ', 'Grüße an alle .txt'],
  ['a\uD800', 'a_'],
])('makes %j the name %j', (given, expected) => {
  expect(safeFileName(given)).toBe(expected)
})

it.each(['', '/', 'folder/', ' ', 'a/ '])('finds no name in %j', (given) => {
  expect(safeFileName(given)).toBeUndefined()
})

it('cuts a long name at a character’s border and keeps its extension', () => {
  const name = safeFileName(`${'ü'.repeat(200)}.tar.gz`)
  expect(name).toMatch(/^ü{98}\.gz$/u)
})

it('answers one plain part of a path, whatever it is given', () => {
  const any = fc.property(
    fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'grapheme', maxLength: 400 })),
    (given) => {
      const name = safeFileName(given)
      if (name === undefined) return true
      const bytes = new TextEncoder().encode(name)
      return bytes.length >= 1 && bytes.length <= 200 && !/[/\\\p{C}]/u.test(name) && !name.startsWith('.')
    },
  )
  expect(fc.check(any, { numRuns: CASES })).toMatchObject({ failed: false })
})
