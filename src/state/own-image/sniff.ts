/** What a dropped file is, from its first bytes: how it is packed, and which drive it belongs in. All of it is hostile. */

import { err, ok, type Result } from '../../base/result.ts'
import { FLOPPY_BYTES, IMAGE_LIMIT_BYTES, type ImageKind } from '../../protocol/own-image.ts'

export type Packing = 'none' | 'gzip' | 'zstd' | 'xz'

/** As much as is looked at: a CD-ROM's descriptors begin at 32 KiB. */
export const HEAD_BYTES = 40 * 1024

const CD_SECTOR = 2048

export type Sniffed = {
  readonly kind: ImageKind
  /** A BIOS finds something to start in it. */
  readonly bootable: boolean
}

function hasBytes(head: Uint8Array, at: number, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => head[at + index] === byte)
}

function hasText(head: Uint8Array, at: number, text: string): boolean {
  return hasBytes(head, at, [...new TextEncoder().encode(text)])
}

/** By the magic numbers of RFC 1952, RFC 8878 and the .xz format 1.2. */
export function packingOf(untrustedHead: Uint8Array): Packing {
  if (hasBytes(untrustedHead, 0, [0x1f, 0x8b, 8])) return 'gzip'
  if (hasBytes(untrustedHead, 0, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd'
  if (hasBytes(untrustedHead, 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])) return 'xz'
  return 'none'
}

/** Images that other programs keep in formats of their own, and archives: by name, what to do. */
const FOREIGN: readonly { readonly at: number; readonly magic: string; readonly words: string }[] = [
  { at: 0, magic: 'QFI\u00fb', words: 'a qcow2 image: convert it with “qemu-img convert -O raw”.' },
  { at: 0, magic: 'KDMV', words: 'a VMDK image: convert it with “qemu-img convert -O raw”.' },
  { at: 0, magic: '# Disk Desc', words: 'a VMDK description: convert it with “qemu-img convert -O raw”.' },
  { at: 0, magic: 'conectix', words: 'a VHD image: convert it with “qemu-img convert -O raw”.' },
  { at: 0, magic: 'vhdxfile', words: 'a VHDX image: convert it with “qemu-img convert -O raw”.' },
  { at: 0, magic: '<<< ', words: 'a VirtualBox image: convert it with “qemu-img convert -O raw”.' },
  { at: 0, magic: 'PK\u0003\u0004', words: 'a zip archive: unpack it first.' },
  { at: 0, magic: '7z\u00bc\u00af', words: 'a 7z archive: unpack it first.' },
  { at: 0, magic: 'Rar!', words: 'a rar archive: unpack it first.' },
  { at: 0, magic: 'BZh', words: 'packed with bzip2: unpack it first.' },
  { at: 257, magic: 'ustar', words: 'a tar archive: unpack it first.' },
]

function isForeign(head: Uint8Array, at: number, magic: string): boolean {
  return hasBytes(
    head,
    at,
    Array.from(magic, (character) => character.charCodeAt(0)),
  )
}

/** What an unpacked image of `size` bytes is. The error is a sentence for a person. */
export function sniff(untrustedHead: Uint8Array, size: number): Result<Sniffed, string> {
  const foreign = FOREIGN.find(({ at, magic }) => isForeign(untrustedHead, at, magic))
  if (foreign !== undefined) return err(`This is ${foreign.words}`)
  if (size < 512) return err('This file is too small: it holds not even one sector.')
  if (size > IMAGE_LIMIT_BYTES) return err('This file is too large: an image here has 8 GiB at most.')
  if (hasText(untrustedHead, 16 * CD_SECTOR + 1, 'CD001')) {
    const bootRecord = hasText(untrustedHead, 17 * CD_SECTOR + 1, 'CD001')
    const bootable = bootRecord && hasText(untrustedHead, 17 * CD_SECTOR + 7, 'EL TORITO SPECIFICATION')
    return ok({ kind: 'cdrom', bootable })
  }
  const bootable = hasBytes(untrustedHead, 510, [0x55, 0xaa])
  return ok({ kind: FLOPPY_BYTES.includes(size) ? 'floppy' : 'hard-disk', bootable })
}
