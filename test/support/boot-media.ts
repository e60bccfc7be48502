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

/** Real mode, too: says what stands in the PROM of the NE2000 in slot 5, each of the six bytes as two digits, on COM1. */
const PROM_READER = Buffer.from(
  [
    '66b810280080', // 0       mov eax, 0x80002810   its first base address
    'baf80c', // 6       mov dx, 0xcf8
    '66ef', // 9       out dx, eax
    'bafc0c', // 11      mov dx, 0xcfc
    '66ed', // 14      in eax, dx
    '24fc', // 16      and al, 0xfc
    '89c3', // 18      mov bx, ax
    '89da', // 20      mov dx, bx
    'b022', // 22      mov al, 0x22          the card on, no remote DMA
    'ee', // 24      out dx, al
    '8d5708', // 25      lea dx, [bx + 8]      from address 0 …
    '31c0', // 28      xor ax, ax
    'ee42ee42', // 30      out dx, al; inc dx; twice
    'b00c', // 34      mov al, 12            … so many bytes
    'ee42', // 36      out dx, al; inc dx
    '88e0ee', // 38      mov al, ah; out dx, al
    '89da', // 41      mov dx, bx
    'b00a', // 43      mov al, 0x0a          remote read
    'ee', // 45      out dx, al
    'b90600', // 46      mov cx, 6
    '8d5710', // 49 next: lea dx, [bx + 16]
    'ec', // 52      in al, dx             each byte stands there twice
    '88c4', // 53      mov ah, al
    'ec', // 55      in al, dx
    '88e0', // 56      mov al, ah
    'e80500', // 58      call say
    'e2f2', // 61      loop next
    'f4', // 63 stop: hlt
    'ebfd', // 64      jmp stop
    'd410', // 66 say:  aam 16
    '50', // 68      push ax
    '88e0', // 69      mov al, ah
    'e80100', // 71      call digit
    '58', // 74      pop ax
    '3c0a', // 75 digit: cmp al, 10
    '1c69', // 77      sbb al, 0x69
    '2f', // 79      das
    'baf803', // 80      mov dx, 0x3f8
    'ee', // 83      out dx, al
    'c3', // 84      ret
  ].join(''),
  'hex',
)

/** Real mode, too: says of each device on PCI bus 0 what it is, device and vendor as eight digits, on COM1. */
const PCI_READER = Buffer.from(
  [
    '6631db', // 0       xor ebx, ebx
    '66b800000080', // 3 next: mov eax, 0x80000000   its first register
    '6609d8', // 9       or eax, ebx
    'baf80c', // 12      mov dx, 0xcf8
    '66ef', // 15      out dx, eax
    'bafc0c', // 17      mov dx, 0xcfc
    '66ed', // 20      in eax, dx
    '83f8ff', // 22      cmp ax, 0xffff        nobody is there
    '7413', // 25      je skip
    'b90400', // 27      mov cx, 4
    '66c1c008', // 30 byte: rol eax, 8
    '6650', // 34      push eax
    'e82000', // 36      call say
    '6658', // 39      pop eax
    'e2f3', // 41      loop byte
    'b020', // 43      mov al, ' '
    'ee', // 45      out dx, al
    '6681c300080000', // 46 skip: add ebx, 0x800       the next of 32 devices
    '66f7c300000100', // 53      test ebx, 0x10000
    '74c5', // 60      jz next
    'b02e', // 62      mov al, '.'
    'baf803', // 64      mov dx, 0x3f8
    'ee', // 67      out dx, al
    'f4', // 68 stop: hlt
    'ebfd', // 69      jmp stop
    'd410', // 71 say:  aam 16
    '50', // 73      push ax
    '88e0', // 74      mov al, ah
    'e80100', // 76      call digit
    '58', // 79      pop ax
    '3c0a', // 80 digit: cmp al, 10
    '1c69', // 82      sbb al, 0x69
    '2f', // 84      das
    'baf803', // 85      mov dx, 0x3f8
    'ee', // 88      out dx, al
    'c3', // 89      ret
  ].join(''),
  'hex',
)

/** Real mode, too: says the words and what stands in the disk's second sector; each key is put there instead, and read out. */
const NOTEBOOK = Buffer.from(
  [
    '31c0', // 0       xor ax, ax
    '8ed8', // 2       mov ds, ax
    '8ec0', // 4       mov es, ax
    'b402', // 6       mov ah, 2             read
    'e82000', // 8       call sector
    'be4d7c', // 11      mov si, words
    'e82700', // 14      call say
    'be007e', // 17      mov si, 0x7e00
    'e82100', // 20      call say
    '31c0', // 23 key:  xor ax, ax
    'cd16', // 25      int 0x16              a key
    'a2007e', // 27      mov [0x7e00], al
    'b403', // 30      mov ah, 3             write
    'e80800', // 32      call sector
    'be007e', // 35      mov si, 0x7e00
    'e80f00', // 38      call say
    'ebec', // 41      jmp key
    'b001', // 43 sector: mov al, 1
    'bb007e', // 45      mov bx, 0x7e00
    'b90200', // 48      mov cx, 2             cylinder 0, sector 2
    'b600', // 51      mov dh, 0             head 0 of the drive that it was started from
    'cd13', // 53      int 0x13
    'c3', // 55      ret
    'ac', // 56 say:  lodsb
    '84c0', // 57      test al, al
    '740f', // 59      jz done
    'b40e', // 61      mov ah, 0x0e
    'bb0700', // 63      mov bx, 7
    'cd10', // 66      int 0x10              a character on the screen
    '52', // 68      push dx
    'baf803', // 69      mov dx, 0x3f8
    'ee', // 72      out dx, al            and on COM1
    '5a', // 73      pop dx
    'ebec', // 74      jmp say
    'c3', // 76 done: ret
  ].join(''),
  'hex',
) // 77 words: …, 0

function floppyOf(code: Uint8Array): Blob {
  const image = new Uint8Array(FLOPPY_BYTES[6] ?? 0)
  image.set(code)
  image.set([0x55, 0xaa], SECTOR - 2)
  return new Blob([image])
}

/** Tells on COM1 which devices its machine has, and ends with a full stop. */
export function pciReader(): Blob {
  return floppyOf(PCI_READER)
}

/** Tells on COM1 which address its network card has. */
export function promReader(): Blob {
  return floppyOf(PROM_READER)
}

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

/** A hard disk that says `words` and the key that it was told last, and writes down every key. It never flushes. */
export function notebookDisk(words: string): Blob {
  const image = new Uint8Array(2 ** 20)
  image.set(NOTEBOOK)
  image.set(new TextEncoder().encode(words), NOTEBOOK.length)
  image.set([0x55, 0xaa], SECTOR - 2)
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
