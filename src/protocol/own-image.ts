/** A person's own disk image, and the machines that one can be put into. */

/** Which drive it goes into. */
export type ImageKind = 'hard-disk' | 'cdrom' | 'floppy'

export const IMAGE_KINDS: Readonly<Record<ImageKind, string>> = {
  'hard-disk': 'Hard disk',
  cdrom: 'CD-ROM',
  floppy: 'Floppy',
}

/** Sizes of floppies that the controller knows, bytes: 160 KiB to 2.88 MiB. What is smaller than one is padded. */
export const FLOPPY_BYTES: readonly number[] = [160, 180, 320, 360, 720, 1200, 1440, 2880].map(
  (k) => k * 1024,
)

/** As large as a disk's table of changes goes; a CD-ROM could be 4 GiB, a DVD more. */
export const IMAGE_LIMIT_BYTES = 2 ** 33

/** The model of a network card; `none`: the machine is on no network at all. */
export type NetworkCard = 'ne2000' | 'virtio' | 'none'

export const NETWORK_CARDS: Readonly<Record<NetworkCard, string>> = {
  ne2000: 'NE2000',
  virtio: 'virtio',
  none: 'None',
}

/** The order in which the BIOS tries the drives. Empty ones are passed over. */
export type BootOrder = readonly [ImageKind, ImageKind, ImageKind]

/** All there are. */
export const BOOT_ORDERS: readonly BootOrder[] = [
  ['cdrom', 'hard-disk', 'floppy'],
  ['cdrom', 'floppy', 'hard-disk'],
  ['hard-disk', 'cdrom', 'floppy'],
  ['hard-disk', 'floppy', 'cdrom'],
  ['floppy', 'hard-disk', 'cdrom'],
  ['floppy', 'cdrom', 'hard-disk'],
]

/** What a machine for one family of systems has. Sizes are in MiB, and powers of two where the engine wants that. */
export type Profile = {
  readonly title: string
  readonly memoryMiB: number
  readonly vgaMemoryMiB: number
  readonly card: NetworkCard
  readonly acpi: boolean
  readonly bootOrder: BootOrder
  /** What of it was really started on this machine, by whom; undefined: nothing. */
  readonly tried: string | undefined
  /** What others report of this engine, and what to expect: nothing of it was tried here. */
  readonly reported: string
}

export type ProfileName = 'linux' | 'dos' | 'windows-9x' | 'windows-nt' | 'bsd' | 'other'

/**
 * All have a 32-bit processor without 64-bit mode, PS/2 keyboard and mouse, and a Bochs VBE display. The NE2000 is the
 * card that each of these systems has a driver for.
 */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  linux: {
    title: 'Linux, 32-bit',
    memoryMiB: 256,
    vgaMemoryMiB: 8,
    card: 'ne2000',
    acpi: true,
    bootOrder: ['cdrom', 'hard-disk', 'floppy'],
    tried:
      'The appliances’ own Linux runs on this engine, but is started without a BIOS. No distribution is among this product’s tests.',
    reported:
      'Kernels for i386 to i686 start; a 64-bit one stops and says so. A distribution’s own kernel takes tens of seconds.',
  },
  dos: {
    title: 'DOS',
    memoryMiB: 32,
    vgaMemoryMiB: 2,
    card: 'ne2000',
    acpi: false,
    bootOrder: ['floppy', 'hard-disk', 'cdrom'],
    tried:
      'Small programs that know nothing but the BIOS start from floppy, hard disk and CD-ROM and hear their keys, in this product’s tests. No DOS is among them.',
    reported: 'FreeDOS and MS-DOS run well.',
  },
  'windows-9x': {
    title: 'Windows 3.1, 95, 98, ME',
    memoryMiB: 128,
    vgaMemoryMiB: 8,
    card: 'ne2000',
    acpi: false,
    bootOrder: ['floppy', 'hard-disk', 'cdrom'],
    tried: undefined,
    reported: 'They run once installed elsewhere without ACPI. There is no sound.',
  },
  'windows-nt': {
    title: 'Windows NT, 2000, XP',
    memoryMiB: 512,
    vgaMemoryMiB: 8,
    card: 'ne2000',
    acpi: false,
    bootOrder: ['hard-disk', 'cdrom', 'floppy'],
    tried: undefined,
    reported:
      'They run from a disk installed elsewhere as “Standard PC”. With an ACPI installation, and from XP’s CD-ROM, expect them to stop.',
  },
  bsd: {
    title: 'BSD, 32-bit',
    memoryMiB: 256,
    vgaMemoryMiB: 8,
    card: 'ne2000',
    acpi: true,
    bootOrder: ['cdrom', 'hard-disk', 'floppy'],
    tried: undefined,
    reported: 'FreeBSD and OpenBSD for i386 start; NetBSD needs a kernel of its own.',
  },
  other: {
    title: 'Something else',
    memoryMiB: 64,
    vgaMemoryMiB: 4,
    card: 'ne2000',
    acpi: false,
    bootOrder: ['floppy', 'cdrom', 'hard-disk'],
    tried:
      'iPXE’s CD-ROM is started by this product’s tests and reads the portal after “ifconf -c dhcp” (“dhcp” waits 20 seconds for IPv6, too, which is not here). By hand: GRUB’s rescue CD-ROM starts, Memtest86+ 6 stops the engine.',
    reported: 'What a PC of about 2000 starts may start here.',
  },
}

export type OwnImage = {
  readonly kind: ImageKind
  /** Raw, unpacked. It is read while the guest runs and never written. */
  readonly file: Blob
  readonly profile: ProfileName
  /** Instead of the profile’s. */
  readonly card?: NetworkCard
  readonly bootOrder?: BootOrder
}
