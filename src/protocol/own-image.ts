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

/** What a machine for one family of systems has. Sizes are in MiB, and powers of two where the engine wants that. */
export type Profile = {
  readonly title: string
  readonly memoryMiB: number
  readonly vgaMemoryMiB: number
  readonly acpi: boolean
  /** What is known to work here, or what to expect: one or two sentences. */
  readonly known: string
}

export type ProfileName = 'linux' | 'dos' | 'windows-9x' | 'windows-nt' | 'bsd' | 'other'

/** All have a 32-bit processor without 64-bit mode, an NE2000 network card, PS/2 keyboard and mouse, and a Bochs VBE display. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  linux: {
    title: 'Linux, 32-bit',
    memoryMiB: 256,
    vgaMemoryMiB: 8,
    acpi: true,
    known:
      'Kernels for i386 to i686 start; a 64-bit one stops and says so. A distribution’s own kernel takes tens of seconds.',
  },
  dos: {
    title: 'DOS',
    memoryMiB: 32,
    vgaMemoryMiB: 2,
    acpi: false,
    known: 'FreeDOS and MS-DOS are reported to run well on this engine, from floppy, hard disk or CD-ROM.',
  },
  'windows-9x': {
    title: 'Windows 3.1, 95, 98, ME',
    memoryMiB: 128,
    vgaMemoryMiB: 8,
    acpi: false,
    known:
      'Reported to run once installed elsewhere without ACPI. Set-up from its CD-ROM is not proved here, and it has no sound.',
  },
  'windows-nt': {
    title: 'Windows NT, 2000, XP',
    memoryMiB: 512,
    vgaMemoryMiB: 8,
    acpi: false,
    known:
      'Reported to run from a disk installed elsewhere as “Standard PC”. With an ACPI installation, and from XP’s CD-ROM, expect it to stop.',
  },
  bsd: {
    title: 'BSD, 32-bit',
    memoryMiB: 256,
    vgaMemoryMiB: 8,
    acpi: true,
    known:
      'FreeBSD and OpenBSD for i386 are reported to start; NetBSD needs a kernel of its own. Not proved here.',
  },
  other: {
    title: 'Something else',
    memoryMiB: 64,
    vgaMemoryMiB: 4,
    acpi: false,
    known:
      'A PC of about 2000. iPXE’s and GRUB’s rescue CD-ROMs start; iPXE has the network after “ifconf -c dhcp” (“dhcp” waits 20 seconds for IPv6, too, which is not here). Memtest86+ 6 stops the engine.',
  },
}

export type OwnImage = {
  readonly kind: ImageKind
  /** Raw, unpacked. It is read while the guest runs and never written. */
  readonly file: Blob
  readonly profile: ProfileName
}
