/** What v86 is told of a machine before it is built. */

import { assertNever } from '../base/assert.ts'
import type { BootSource, MachineSpec } from '../protocol/guest.ts'
import type { BootOrder, ImageKind } from '../protocol/own-image.ts'
import type { Disk } from './disk.ts'
import type { V86Settings } from './v86-internals.ts'

const MIB = 1024 * 1024

/** Offset of load_addr in a multiboot header, which our images begin with (Multiboot Specification 0.6.96, 3.1.1). */
const MULTIBOOT_LOAD_ADDRESS = 16

/** In CMOS registers 0x38 and 0x3d, as Bochs has them. */
const BOOT_DIGITS: Readonly<Record<ImageKind, number>> = { floppy: 1, 'hard-disk': 2, cdrom: 3 }

/** A hexadecimal digit a drive, the lowest tried first. */
export function bootDigits(order: BootOrder): number {
  return order.reduce((digits, drive, place) => digits | (BOOT_DIGITS[drive] << (4 * place)), 0)
}

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
  const card = spec.card === 'ne2000' ? 'ne2k' : 'virtio'
  return {
    memory_size: spec.memoryMiB * MIB,
    vga_memory_size: spec.vgaMemoryMiB * MIB,
    ...bootSettings(spec.boot),
    ...(disks.fda === undefined ? {} : { fda: disks.fda }),
    ...(disks.hda === undefined ? {} : { hda: disks.hda }),
    ...(disks.hdb === undefined ? {} : { hdb: disks.hdb }),
    ...(disks.cdrom === undefined ? {} : { cdrom: disks.cdrom }),
    net_device: { type: spec.mac === undefined ? 'none' : card },
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
        ...(boot.order === undefined ? {} : { boot_order: bootDigits(boot.order) }),
      }
    case 'none':
      return {}
    default:
      return assertNever(boot)
  }
}
