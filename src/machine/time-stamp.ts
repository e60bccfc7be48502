/** The guest's time-stamp counter, which v86 derives from the host's clock: nanoseconds, less an offset. */

import { at, type Cpu } from './v86-internals.ts'

const TICKS_PER_MS = 1_000_000

type Counter = Pick<Cpu, 'current_tsc' | 'store_current_tsc' | 'set_tsc'>

export function timeStampOf(cpu: Counter): bigint {
  cpu.store_current_tsc()
  return (BigInt(at(cpu.current_tsc, 1)) << 32n) | BigInt(at(cpu.current_tsc, 0))
}

/** Whatever the counter showed before: what v86's own `set_tsc` sets comes on top of the offset that there was. */
export function setTimeStamp(cpu: Counter, wanted: bigint): void {
  const host = BigInt(Math.round(performance.now() * TICKS_PER_MS))
  const offset = host - timeStampOf(cpu)
  const value = BigInt.asUintN(64, wanted - offset)
  cpu.set_tsc(Number(value & 0xffff_ffffn), Number(value >> 32n))
}
