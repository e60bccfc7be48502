/**
 * The reset line of the chipset: every way in which a guest asks for a reset. v86 would restart in place, which its
 * Linux guests do not survive; a machine that is reset ends here instead, and its domain is given a fresh one.
 */

import { at, type Cpu } from './v86-internals.ts'

/** Thrown through the guest's compiled code to leave the slice at the very instruction that pulled the line. */
export class ResetRequested extends Error {
  override readonly name = 'ResetRequested'
}

/** System control port A: bit 0 resets at once (PS/2 and every chipset since). */
const SYSTEM_CONTROL_PORT_A = 0x92

/** v86's stand-in for kvm-unit-tests: a test exit at 0xf4, interrupt lines at 0x2000–0x200f. No PC has them. */
const TEST_PORTS: readonly number[] = [
  ...Array.from({ length: 4 }, (_, index) => 0xf4 + index),
  ...Array.from({ length: 16 }, (_, index) => 0x2000 + index),
]

/** Keyboard controller, port 0xcf9 and port 0x92 all end in a `ResetRequested` from now on. */
export function interceptReset(cpu: Cpu): void {
  cpu.reboot_internal = () => {
    throw new ResetRequested()
  }
  const control = cpu.io.ports[SYSTEM_CONTROL_PORT_A]
  if (control !== undefined) {
    const write = control.write8
    control.write8 = function (this: unknown, value) {
      if ((value & 1) !== 0) throw new ResetRequested()
      write.call(this, value)
    }
  }
  for (const port of TEST_PORTS) cpu.io.ports[port] = cpu.io.create_empty_entry()
}

/**
 * Whether an engine fault is the guest's triple fault. With an interrupt table of no length no exception can be
 * delivered, not even the double fault's: the idiom by which a kernel without other means resets. v86 knows no triple
 * fault and traps in its own code then.
 */
export function isTripleFault(cpu: Cpu, error: unknown): boolean {
  return (
    error instanceof WebAssembly.RuntimeError && at(cpu.protected_mode, 0) !== 0 && at(cpu.idtr_size, 0) === 0
  )
}
