import { expect, test } from 'vitest'
import { newLines } from '../../../src/ui/boot/announce-lines.ts'

test('a screen reader is told the lines that are new, without the box around them', () => {
  const before = 'HyperSpace Firmware\n┌────────┐\n│ kernel  OK │\n'
  const now = 'HyperSpace Firmware\n┌────────┐\n│ kernel  OK │\n│ web   MISMATCH │\n└────────┘\n\n'
  expect(newLines(before, now)).toEqual(['web MISMATCH'])
})

test('a screen that scrolled says only what came in', () => {
  expect(newLines('one\ntwo\nthree', 'two\nthree\nfour')).toEqual(['four'])
})

test('the first screen is told whole', () => {
  expect(newLines('', 'one\n\n  two')).toEqual(['one', 'two'])
})
