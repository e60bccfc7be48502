/** Things that a BIOS starts, of our own: they say a word on the screen and on COM1, and echo every key to both. */

import { FLOPPY_BYTES } from '../../src/protocol/own-image.ts'

const ORIGIN = 0x7c00
const SECTOR = 512
const CD_SECTOR = 2048

/** Real mode, at 0000:7c00 as a BIOS leaves it. */
const CODE = Buffer.from(
  [
    '31c0', // 0       xor ax, ax
    '8ed8', // 2       mov ds, ax
    'be267c', // 4       mov si, words
    'ac', // 7  next: lodsb
    '84c0', // 8       test al, al
    '7405', // 10      jz key
    'e80b00', // 12      call put
    'ebf6', // 15      jmp next
    '31c0', // 17 key:  xor ax, ax
    'cd16', // 19      int 0x16            a key
    'e80200', // 21      call put
    'ebf7', // 24      jmp key
    'b40e', // 26 put:  mov ah, 0x0e
    'bb0700', // 28      mov bx, 7
    'cd10', // 31      int 0x10            a character on the screen
    'baf803', // 33      mov dx, 0x3f8
    'ee', // 36      out dx, al          and on COM1
    'c3', // 37      ret
  ].join(''),
  'hex',
) // 38 words: …, 0

function bootSector(words: string): Uint8Array {
  if (ORIGIN + CODE.length !== 0x7c26) throw new Error('the words are not where the code looks for them')
  const sector = new Uint8Array(SECTOR)
  sector.set(CODE)
  sector.set(new TextEncoder().encode(`${words}\r\n`), CODE.length)
  sector.set([0x55, 0xaa], SECTOR - 2)
  return sector
}

export function bootableFloppy(words: string): Blob {
  const image = new Uint8Array(FLOPPY_BYTES[6] ?? 0)
  image.set(bootSector(words))
  return new Blob([image])
}

/** With a partition table, as a BIOS that looks for one wants it. */
export function bootableDisk(words: string, bytes = 2 ** 20): Blob {
  const image = new Uint8Array(bytes)
  image.set(bootSector(words))
  // One active partition of type 0x83 from sector 63 on.
  image.set([0x80, 1, 1, 0, 0x83, 0xfe, 0xff, 0xff, 63, 0, 0, 0, 0xff, 0, 0, 0], 446)
  return new Blob([image])
}

/** A CD-ROM by “El Torito” 1.0, no emulation: the catalogue leads to one sector of code. */
export function bootableCd(words: string): Blob {
  const image = new Uint8Array(32 * CD_SECTOR)
  const text = (sector: number, at: number, value: string): void =>
    image.set(new TextEncoder().encode(value), sector * CD_SECTOR + at)
  const bytes = (sector: number, at: number, values: readonly number[]): void =>
    image.set(values, sector * CD_SECTOR + at)
  for (const [sector, type] of [
    [16, 1],
    [17, 0],
    [18, 255],
  ] as const) {
    bytes(sector, 0, [type])
    text(sector, 1, 'CD001')
    bytes(sector, 6, [1])
  }
  text(17, 7, 'EL TORITO SPECIFICATION')
  bytes(17, 0x47, [19])
  // Validation entry: the sum of its words is 0.
  bytes(19, 0, [1, 0])
  bytes(19, 28, [0xaa, 0x55, 0x55, 0xaa])
  // Default entry: bootable, no emulation, four sectors of 512 bytes from sector 20.
  bytes(19, 32, [0x88, 0, 0, 0, 0, 0, 4, 0, 20])
  image.set(bootSector(words), 20 * CD_SECTOR)
  return new Blob([image])
}
