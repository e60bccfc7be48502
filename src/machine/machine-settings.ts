/** What v86 is told of a machine before it is built. */

import { assertNever } from '../base/assert.ts'
import type { BootSource, MachineSpec } from '../protocol/guest.ts'
import type { Disk } from './disk.ts'
import type { V86Settings } from './v86-internals.ts'

const MIB = 1024 * 1024

/** Offset of load_addr in a multiboot header, which our images begin with (Multiboot Specification 0.6.96, 3.1.1). */
const MULTIBOOT_LOAD_ADDRESS = 16

/** A digit a drive, the lowest tried first: 1 floppy, 2 hard disk, 3 CD-ROM (CMOS registers 0x38 and 0x3d of Bochs). */
const BOOT_ORDERS = { floppy: 0x321, 'hard-disk': 0x312, cdrom: 0x213 } as const

/** v86 would fail half-way through its set-up, with words that help nobody. */
export function checkFit({ boot, memoryMiB }: MachineSpec): void {
  if (boot.kind !== 'multiboot' || boot.image.byteLength < MULTIBOOT_LOAD_ADDRESS + 4) return
  const end = new DataView(boot.image).getUint32(MULTIBOOT_LOAD_ADDRESS, true) + boot.image.byteLength
  if (end > memoryMiB * MIB)
    throw new RangeError(
      `the boot image reaches to ${Math.ceil(end / MIB)} MiB, the machine has ${memoryMiB} MiB`,
    )
}

export function settingsOf(
  spec: MachineSpec,
  disks: {
    readonly hda: Disk | undefined
    readonly hdb: Disk | undefined
    readonly cdrom: Disk | undefined
    readonly fda?: Disk | undefined
  },
): V86Settings {
  // What boots by BIOS is a person's own image: the older NIC is the one that every system has a driver for.
  const nic = spec.boot.kind === 'bios' ? 'ne2k' : 'virtio'
  return {
    memory_size: spec.memoryMiB * MIB,
    vga_memory_size: spec.vgaMemoryMiB * MIB,
    ...bootSettings(spec.boot),
    ...(disks.fda === undefined ? {} : { fda: disks.fda }),
    ...(disks.hda === undefined ? {} : { hda: disks.hda }),
    ...(disks.hdb === undefined ? {} : { hdb: disks.hdb }),
    ...(disks.cdrom === undefined ? {} : { cdrom: disks.cdrom }),
    net_device: { type: spec.mac === undefined ? 'none' : nic },
    virtio_console: true,
  }
}

function bootSettings(
  boot: BootSource,
): Pick<V86Settings, 'multiboot' | 'bios' | 'vga_bios' | 'acpi' | 'boot_order'> {
  switch (boot.kind) {
    case 'multiboot':
      return { multiboot: { buffer: boot.image } }
    case 'bios':
      return {
        bios: { buffer: boot.bios },
        vga_bios: { buffer: boot.vgaBios },
        acpi: boot.acpi === true,
        ...(boot.first === undefined ? {} : { boot_order: BOOT_ORDERS[boot.first] }),
      }
    case 'none':
      return {}
    default:
      return assertNever(boot)
  }
}
