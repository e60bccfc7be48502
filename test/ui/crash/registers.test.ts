import { expect, test } from 'vitest'
import type { Registers } from '../../../src/protocol/domain.ts'
import { flagNames, hex, registerGroups } from '../../../src/ui/crash/registers.ts'

const ZERO: Registers = {
  eax: 0,
  ecx: 0,
  edx: 0,
  ebx: 0,
  esp: 0,
  ebp: 0,
  esi: 0,
  edi: 0,
  eip: 0,
  eflags: 2,
  cs: 0,
  ss: 0,
  ds: 0,
  es: 0,
  fs: 0,
  gs: 0,
  cr0: 0,
  cr2: 0,
  cr3: 0,
  cr4: 0,
  cpl: 0,
  halted: false,
}

test('a register that came as a negative 32-bit number is printed unsigned', () => {
  expect(hex(-1, 8)).toBe('ffffffff')
  expect(hex(0xc1032b8e | 0, 8)).toBe('c1032b8e')
})

test('flags are named from the lowest bit, reserved ones left out', () => {
  expect(flagNames(0x246)).toEqual(['PF', 'ZF', 'IF'])
  expect(flagNames(2)).toEqual([])
})

test('every register is in the table once', () => {
  const { eflags: _eflags, cpl: _cpl, halted: _halted, ...shown } = ZERO
  const names = registerGroups(ZERO).flatMap((group) => group.map(([name]) => name))
  expect(names.toSorted()).toEqual(Object.keys(shown).toSorted())
})

test('segment selectors are 16 bits wide, the others 32', () => {
  const groups = registerGroups({ ...ZERO, eax: 255, cs: 0x60 })
  const entries = Object.fromEntries(groups.flat())
  expect(entries['eax']).toBe('000000ff')
  expect(entries['cs']).toBe('0060')
})
