/**
 * The paravirtual panic device, as QEMU specifies it (docs/specs/pvpanic.rst): PCI 1b36:0011 with one byte-wide
 * register behind BAR 0. Reading tells which events the machine understands; a guest kernel in its panic writes one.
 *
 * QEMU's BAR is memory; ours is I/O space, where v86 can hang a register of one byte. Linux maps either with
 * pcim_iomap() and does not know the difference.
 */

import type { IoSpace, PciDevice, Pci } from './v86-internals.ts'

/** Bits of the register. */
const PANICKED = 1
/** A crash kernel has been loaded and takes over: the guest goes on. */
const CRASH_LOADED = 2

/** Device 14 on bus 0 and I/O ports 0xbf00–0xbf03: neither is used by any other device of v86. */
const PCI_ID = 14 << 3
const PORT = 0xbf00
const PORTS = 4

/** Bytes of a type 0 configuration header, by offset; the others are 0. */
const CONFIGURATION: Readonly<Record<number, number>> = {
  // Vendor 1b36 (Red Hat), device 0011.
  0x00: 0x36,
  0x01: 0x1b,
  0x02: 0x11,
  // Command: I/O decoding. Revision 1. Class 0880: system peripheral, other.
  0x04: 0x01,
  0x08: 0x01,
  0x0a: 0x80,
  0x0b: 0x08,
  // BAR 0: I/O space.
  0x10: (PORT & 0xff) | 1,
  0x11: PORT >> 8,
  // Subsystem 1af4:1100, as of every device of QEMU.
  0x2c: 0xf4,
  0x2d: 0x1a,
  0x2f: 0x11,
}

/** Adds the device to a machine; `onPanic` may be called from within a slice, once per write of a panic. */
export function attachPvpanic(io: IoSpace, pci: Pci, onPanic: () => void): void {
  const device: PciDevice = {
    pci_id: PCI_ID,
    pci_space: Array.from({ length: 64 }, (_, offset) => CONFIGURATION[offset] ?? 0),
    pci_bars: [{ size: PORTS }],
    name: 'pvpanic',
  }
  // Registered on the ports before the device: it takes along what stands on its BAR's ports.
  io.register_read(PORT, device, () => PANICKED | CRASH_LOADED)
  io.register_write(PORT, device, (untrustedEvents) => {
    if ((untrustedEvents & PANICKED) !== 0) onPanic()
  })
  pci.register_device(device)
}
