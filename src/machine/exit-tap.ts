/**
 * The exit tap: counts every way in which a guest leaves its compiled code, by reason and device.
 *
 * v86 hands its device model to WebAssembly as imported functions; a guest instruction that needs the outside leaves
 * through one of them, as a guest on VT-x leaves by a VM exit. What v86 handles inside (byte access to the two PICs,
 * APIC registers, page faults, writes to the linear frame buffer) does not leave and is not counted.
 *
 * The hot path increments one array element per exit. Ports are given to devices only when the counts are taken, since
 * a guest may move a device by its PCI BARs; what was counted until then goes to the device that has the port by then.
 */

import type { ExitCount, ExitReason, VmExit } from '../protocol/domain.ts'
import type { Cpu, EngineImports } from './v86-internals.ts'

const PORTS = 0x10000
/** v86 maps MMIO in pieces of 128 KiB. */
const MMIO_SHIFT = 17
const MMIO_PIECES = 1 << (32 - MMIO_SHIFT)

const PIO_IN = 0
const PIO_OUT = 1
const MMIO_READ = 2
const MMIO_WRITE = 3
const REASONS: readonly ExitReason[] = ['pio-in', 'pio-out', 'mmio-read', 'mmio-write']

/** Counts of one reason, by port or piece of the address space; `touched` lists where a count is not zero. */
type Tally = { readonly counts: Float64Array; readonly touched: number[] }

function tally(size: number): Tally {
  return { counts: new Float64Array(size), touched: [] }
}

export class ExitTap {
  readonly #tallies: readonly Tally[] = [tally(PORTS), tally(PORTS), tally(MMIO_PIECES), tally(MMIO_PIECES)]
  /** Totals by device, one map a reason, fed when counts are taken. */
  readonly #totals: readonly Map<string, number>[] = REASONS.map(() => new Map<string, number>())
  #cpu: Cpu | undefined
  #names: Map<object, string> | undefined
  #timers = 0
  #halts = 0
  #jitModules = 0
  #interrupts = 0
  /** Gets the size of every module that guest code was compiled into, bytes. */
  compiled: ((bytes: number) => void) | undefined
  /** Gets every port and MMIO exit where one is set; a ring buffer for the inspector belongs here. */
  trace: ((exit: Omit<VmExit, 'device' | 'instruction'>) => void) | undefined

  /** Puts the tap around the functions that v86's module is about to import. */
  intercept(imports: EngineImports): void {
    this.#interceptPorts(imports)
    this.#interceptMemory(imports)
    const { run_hardware_timers, codegen_finalize } = imports
    imports.run_hardware_timers = (acpi, now) => {
      this.#timers++
      return run_hardware_timers(acpi, now)
    }
    imports.codegen_finalize = (index, start, flags, pointer, length) => {
      this.#jitModules++
      this.compiled?.(length)
      codegen_finalize(index, start, flags, pointer, length)
    }
  }

  /** Learns the devices, and counts the interrupts they raise. */
  attach(cpu: Cpu): void {
    this.#cpu = cpu
    const raise = cpu.device_raise_irq
    cpu.device_raise_irq = (irq) => {
      this.#interrupts++
      raise(irq)
    }
  }

  /** HLT is seen after a slice, in `in_hlt`: one that an interrupt ended within its slice is not. */
  countHalt(): void {
    this.#halts++
  }

  get jitModules(): number {
    return this.#jitModules
  }

  get interrupts(): number {
    return this.#interrupts
  }

  /** Totals since the start, in no order. */
  counts(): ExitCount[] {
    const result: ExitCount[] = []
    for (const [index, reason] of REASONS.entries()) {
      this.#settle(index)
      for (const [device, count] of this.#totals[index] ?? []) result.push({ reason, device, count })
    }
    const without: [ExitReason, number][] = [
      ['timer', this.#timers],
      ['hlt', this.#halts],
      ['jit-compile', this.#jitModules],
    ]
    for (const [reason, count] of without) if (count > 0) result.push({ reason, device: '-', count })
    return result
  }

  /** Moves what was counted by address over to the totals by device. */
  #settle(index: number): void {
    const { counts, touched } = this.#tallies[index] ?? tally(0)
    const totals = this.#totals[index]
    for (const place of touched) {
      const device = index <= PIO_OUT ? this.#portDevice(place) : mmioDevice(place)
      totals?.set(device, (totals.get(device) ?? 0) + (counts[place] ?? 0))
      counts[place] = 0
    }
    touched.length = 0
  }

  #portDevice(port: number): string {
    const device = this.#cpu?.io.ports[port]?.device
    if (device === undefined) return 'none'
    if (device === this.#cpu) return 'chipset'
    this.#names ??= deviceNames(this.#cpu)
    const name = this.#names.get(device)
    if (name !== undefined) return name
    return 'name' in device && typeof device.name === 'string' ? device.name : 'none'
  }

  #interceptPorts(imports: EngineImports): void {
    const reads = this.#counter(PIO_IN)
    const writes = this.#counter(PIO_OUT)
    const { io_port_read8, io_port_read16, io_port_read32 } = imports
    imports.io_port_read8 = (port) => {
      reads(port)
      const value = io_port_read8(port)
      if (this.trace !== undefined) this.trace({ reason: 'pio-in', address: port, width: 8, value })
      return value
    }
    imports.io_port_read16 = (port) => {
      reads(port)
      const value = io_port_read16(port)
      if (this.trace !== undefined) this.trace({ reason: 'pio-in', address: port, width: 16, value })
      return value
    }
    imports.io_port_read32 = (port) => {
      reads(port)
      const value = io_port_read32(port)
      if (this.trace !== undefined) this.trace({ reason: 'pio-in', address: port, width: 32, value })
      return value
    }
    const { io_port_write8, io_port_write16, io_port_write32 } = imports
    imports.io_port_write8 = (port, value) => {
      writes(port)
      if (this.trace !== undefined) this.trace({ reason: 'pio-out', address: port, width: 8, value })
      io_port_write8(port, value)
    }
    imports.io_port_write16 = (port, value) => {
      writes(port)
      if (this.trace !== undefined) this.trace({ reason: 'pio-out', address: port, width: 16, value })
      io_port_write16(port, value)
    }
    imports.io_port_write32 = (port, value) => {
      writes(port)
      if (this.trace !== undefined) this.trace({ reason: 'pio-out', address: port, width: 32, value })
      io_port_write32(port, value)
    }
  }

  #interceptMemory(imports: EngineImports): void {
    const reads = this.#counter(MMIO_READ)
    const writes = this.#counter(MMIO_WRITE)
    const { mmap_read8, mmap_read32 } = imports
    imports.mmap_read8 = (address) => {
      reads(address >>> MMIO_SHIFT)
      const value = mmap_read8(address)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-read', address, 8, value))
      return value
    }
    imports.mmap_read32 = (address) => {
      reads(address >>> MMIO_SHIFT)
      const value = mmap_read32(address)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-read', address, 32, value))
      return value
    }
    const { mmap_write8, mmap_write16, mmap_write32, mmap_write64, mmap_write128 } = imports
    imports.mmap_write8 = (address, value) => {
      writes(address >>> MMIO_SHIFT)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-write', address, 8, value))
      mmap_write8(address, value)
    }
    imports.mmap_write16 = (address, value) => {
      writes(address >>> MMIO_SHIFT)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-write', address, 16, value))
      mmap_write16(address, value)
    }
    imports.mmap_write32 = (address, value) => {
      writes(address >>> MMIO_SHIFT)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-write', address, 32, value))
      mmap_write32(address, value)
    }
    imports.mmap_write64 = (address, low, high) => {
      writes(address >>> MMIO_SHIFT)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-write', address, 64, low))
      mmap_write64(address, low, high)
    }
    imports.mmap_write128 = (address, value0, value1, value2, value3) => {
      writes(address >>> MMIO_SHIFT)
      if (this.trace !== undefined) this.trace(memoryExit('mmio-write', address, 128, value0))
      mmap_write128(address, value0, value1, value2, value3)
    }
  }

  #counter(index: number): (place: number) => void {
    const { counts, touched } = this.#tallies[index] ?? tally(0)
    return (place) => {
      const count = counts[place] ?? 0
      if (count === 0) touched.push(place)
      counts[place] = count + 1
    }
  }
}

function memoryExit(
  reason: 'mmio-read' | 'mmio-write',
  address: number,
  width: number,
  value: number,
): Omit<VmExit, 'device' | 'instruction'> {
  return { reason, address: address >>> 0, width, value }
}

/** v86's devices under the names of its `cpu.devices`, and the parts of them that listen on ports by themselves. */
function deviceNames(cpu: Cpu | undefined): Map<object, string> {
  const names = new Map<object, string>()
  for (const [name, device] of Object.entries((cpu?.devices ?? {}) as Record<string, unknown>)) {
    if (typeof device !== 'object' || device === null) continue
    names.set(device, name)
    if ('virtio' in device && typeof device.virtio === 'object' && device.virtio !== null)
      names.set(device.virtio, name.replace('_', '-'))
  }
  const { primary, secondary } = cpu?.devices.ide ?? {}
  if (primary !== undefined) names.set(primary, 'ide0')
  if (secondary !== undefined) names.set(secondary, 'ide1')
  return names
}

/** The PC's address space above memory, in v86's pieces: 0xA0000 VGA window, 0xFEB00000 VGA ROM, 0xFFF00000 BIOS. */
function mmioDevice(piece: number): string {
  const address = piece * 2 ** MMIO_SHIFT
  if (address === 0xa0000) return 'vga'
  if (address >= 0xfeb00000 && address < 0xfec00000) return 'vga-rom'
  if (address >= 0xfff00000) return 'bios-rom'
  return 'none'
}
