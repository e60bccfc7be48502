/**
 * The boot image of an appliance: stub, command line, flat kernel and initramfs as one multiboot module, put together at
 * start so that one kernel serves every appliance and no guest needs a BIOS.
 *
 *   offset in the image   guest physical    what
 *   0x000                 0x00fff000        stub (images/src/stub), 2048 bytes
 *   0x800                 0x00fff800        kernel command line, UTF-8, NUL, 2048 bytes
 *   0x1000                0x01000000        flat kernel, its zeroed memory included
 *   next 4 KiB page                         initramfs, cpio "newc", not compressed
 *
 * Fields of the stub, u32 little endian; those marked * are written here:
 *
 *   0x00 multiboot magic   0x04 flags   0x08 checksum   0x0c header   0x10 load   0x14 load end *   0x18 bss end *   0x1c entry
 *   0x20 "HSBT"   0x24 layout version   0x28 initramfs address *   0x2c initramfs bytes *   0x30 frame buffer width *
 *   0x34 frame buffer height *   0x38 kernel address   0x3c command line address
 *
 * Sources: Multiboot Specification 0.6.96 section 3.1; Linux Documentation/x86/boot.rst.
 */

export interface BootImageParts {
  readonly stub: Uint8Array
  readonly kernel: Uint8Array
  /** May be empty: the kernel then finds no userland and panics, which a lesson may want. */
  readonly initramfs: Uint8Array
  readonly commandLine: string
  /** Size in pixels of a 32-bit linear frame buffer; without it the guest has no display. */
  readonly framebuffer?: { readonly width: number; readonly height: number }
}

const STUB_BYTES = 2048
const COMMAND_LINE_BYTES = 2048
const PAGE_BYTES = 4096
const KERNEL_OFFSET = STUB_BYTES + COMMAND_LINE_BYTES
const STUB_ADDRESS = 0x00fff000
const KERNEL_ADDRESS = 0x01000000
const LAYOUT_VERSION = 1
const MULTIBOOT_MAGIC = 0x1badb002
/** "HSBT" read as u32, little endian. */
const PARAMETERS_MAGIC = 0x54425348

/** Above any appliance's volumes many times over; a larger part is a mistaken file. */
const PART_LIMIT_BYTES = 128 * 1024 * 1024
/** The Bochs VBE device of v86 takes no more. */
const FRAMEBUFFER_LIMIT_PIXELS = 2560

/**
 * @returns a buffer for v86's `multiboot` option
 * @throws RangeError naming the part that does not fit this layout
 */
export function composeBootImage(parts: BootImageParts): ArrayBuffer {
  const { stub, kernel, initramfs, framebuffer } = parts
  checkStub(stub)
  checkSize('kernel', kernel.length, 1)
  checkSize('initramfs', initramfs.length, 0)
  const commandLine = encodeCommandLine(parts.commandLine)
  if (framebuffer !== undefined) {
    checkPixels('width', framebuffer.width)
    checkPixels('height', framebuffer.height)
  }

  const initramfsOffset = alignToPage(KERNEL_OFFSET + kernel.length)
  const imageBytes = alignToPage(initramfsOffset + initramfs.length)
  const image = new Uint8Array(imageBytes)
  image.set(stub, 0)
  image.set(commandLine, STUB_BYTES)
  image.set(kernel, KERNEL_OFFSET)
  image.set(initramfs, initramfsOffset)

  const fields = new DataView(image.buffer)
  fields.setUint32(0x14, STUB_ADDRESS + imageBytes, true)
  fields.setUint32(0x18, STUB_ADDRESS + imageBytes, true)
  fields.setUint32(0x28, initramfs.length === 0 ? 0 : STUB_ADDRESS + initramfsOffset, true)
  fields.setUint32(0x2c, initramfs.length, true)
  fields.setUint32(0x30, framebuffer?.width ?? 0, true)
  fields.setUint32(0x34, framebuffer?.height ?? 0, true)
  return image.buffer
}

/** The least guest memory in bytes with which an image of this size starts; the guest's programs come on top. */
export function bootImageMemoryFloor(image: ArrayBuffer): number {
  return STUB_ADDRESS + image.byteLength
}

function checkStub(stub: Uint8Array): void {
  if (stub.length !== STUB_BYTES) {
    throw new RangeError(`The boot stub must have ${STUB_BYTES} bytes, not ${stub.length}.`)
  }
  const fields = new DataView(stub.buffer, stub.byteOffset, stub.byteLength)
  const word = (offset: number): number => fields.getUint32(offset, true)
  if (word(0x00) !== MULTIBOOT_MAGIC || ((word(0x00) + word(0x04) + word(0x08)) & 0xffffffff) !== 0) {
    throw new RangeError('The boot stub has no valid multiboot header.')
  }
  if (word(0x20) !== PARAMETERS_MAGIC || word(0x24) !== LAYOUT_VERSION) {
    throw new RangeError(`The boot stub does not have layout version ${LAYOUT_VERSION}.`)
  }
  if (word(0x10) !== STUB_ADDRESS || word(0x38) !== KERNEL_ADDRESS) {
    throw new RangeError('The boot stub is linked for another place in memory.')
  }
}

function checkSize(name: string, bytes: number, least: number): void {
  if (bytes < least) throw new RangeError(`The ${name} is empty.`)
  if (bytes > PART_LIMIT_BYTES) {
    throw new RangeError(`The ${name} has ${bytes} bytes; at most ${PART_LIMIT_BYTES} are allowed.`)
  }
}

function checkPixels(name: string, pixels: number): void {
  if (!Number.isInteger(pixels) || pixels < 64 || pixels > FRAMEBUFFER_LIMIT_PIXELS || pixels % 8 !== 0) {
    throw new RangeError(
      `A frame buffer ${name} of ${pixels} is not possible: it must be a multiple of 8 from 64 to ${FRAMEBUFFER_LIMIT_PIXELS} pixels.`,
    )
  }
}

function encodeCommandLine(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.includes(0)) throw new RangeError('The kernel command line contains a NUL.')
  if (bytes.length >= COMMAND_LINE_BYTES) {
    throw new RangeError(
      `The kernel command line has ${bytes.length} bytes; at most ${COMMAND_LINE_BYTES - 1} are allowed.`,
    )
  }
  return bytes
}

function alignToPage(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
}
