/** Registers as a debugger prints them. */

import type { Registers } from '../../protocol/domain.ts'

/** Hexadecimal with its width's zeroes; registers come as signed or unsigned 32-bit numbers. */
export function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, '0')
}

const FLAGS = [
  [0, 'CF'],
  [2, 'PF'],
  [4, 'AF'],
  [6, 'ZF'],
  [7, 'SF'],
  [8, 'TF'],
  [9, 'IF'],
  [10, 'DF'],
  [11, 'OF'],
] as const

/** The set flags of EFLAGS by name, lowest bit first. */
export function flagNames(eflags: number): string[] {
  return FLAGS.filter(([bit]) => ((eflags >>> bit) & 1) === 1).map(([, name]) => name)
}

export type RegisterGroup = readonly (readonly [name: string, value: string])[]

/** General, segment and control registers, each group a row or two of the table. */
export function registerGroups(registers: Registers): readonly RegisterGroup[] {
  const { eax, ebx, ecx, edx, esi, edi, ebp, esp, eip } = registers
  const { cs, ds, es, fs, gs, ss, cr0, cr2, cr3, cr4 } = registers
  const wide = (entries: Record<string, number>): RegisterGroup =>
    Object.entries(entries).map(([name, value]) => [name, hex(value, 8)])
  const narrow = (entries: Record<string, number>): RegisterGroup =>
    Object.entries(entries).map(([name, value]) => [name, hex(value, 4)])
  return [
    wide({ eax, ebx, ecx, edx, esi, edi, ebp, esp }),
    wide({ eip, cr0, cr2, cr3, cr4 }),
    narrow({ cs, ds, es, fs, gs, ss }),
  ]
}
