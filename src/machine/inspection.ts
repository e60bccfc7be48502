/** What an inspector sees of a machine from outside: registers and guest physical memory. */

import type { Registers } from '../protocol/domain.ts'
import { at, type Cpu } from './v86-internals.ts'

/** Registers as they are between two slices. Values are unsigned. */
export function registersOf(cpu: Cpu): Registers {
  const register = (index: number): number => at(cpu.reg32, index) >>> 0
  const control = (index: number): number => at(cpu.cr, index) >>> 0
  const selector = (index: number): number => at(cpu.sreg, index)
  return {
    eax: register(0),
    ecx: register(1),
    edx: register(2),
    ebx: register(3),
    esp: register(4),
    ebp: register(5),
    esi: register(6),
    edi: register(7),
    eip: cpu.get_real_eip() >>> 0,
    eflags: cpu.get_eflags() >>> 0,
    es: selector(0),
    cs: selector(1),
    ss: selector(2),
    ds: selector(3),
    fs: selector(4),
    gs: selector(5),
    cr0: control(0),
    cr2: control(2),
    cr3: control(3),
    cr4: control(4),
    cpl: at(cpu.cpl, 0),
    halted: at(cpu.in_hlt, 0) !== 0,
  }
}

/**
 * The guest's RAM itself, not a copy. Valid until the next slice: WebAssembly memory that grows leaves old views
 * without bytes. Copy what is to cross a thread.
 */
export function guestMemory(cpu: Cpu): Uint8Array {
  return new Uint8Array(cpu.wasm_memory.buffer, cpu.mem8.byteOffset, at(cpu.memory_size, 0))
}

/** Of a machine that ended: after some traps the engine cannot translate the instruction pointer any more. */
export function readableRegisters(cpu: Cpu): Registers | undefined {
  try {
    return registersOf(cpu)
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return undefined
    throw error
  }
}
