import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bootImageMemoryFloor, composeBootImage } from '../../src/machine/boot-image.ts'

const stub = new Uint8Array(readFileSync(new URL('../../images/flash/stub.bin', import.meta.url)))
const kernel = new Uint8Array(5000).fill(0x11)
const initramfs = new Uint8Array(300).fill(0x22)
const parts = { stub, kernel, initramfs, commandLine: 'console=ttyS0' }

function word(image: ArrayBuffer, offset: number): number {
  return new DataView(image).getUint32(offset, true)
}

describe('composeBootImage', () => {
  it('places stub, command line, kernel and initramfs as the layout says', () => {
    const image = composeBootImage(parts)
    const bytes = new Uint8Array(image)
    expect(new TextDecoder().decode(bytes.subarray(2048, 2048 + 14))).toBe('console=ttyS0\0')
    expect(bytes.subarray(4096, 4096 + 5000)).toEqual(kernel)
    expect(bytes.subarray(12288, 12288 + 300)).toEqual(initramfs)
    expect(image.byteLength).toBe(16384)
    expect(bootImageMemoryFloor(image)).toBe(0x00fff000 + 16384)
  })

  it('writes the loaded length and the place of the initramfs into the stub', () => {
    const image = composeBootImage(parts)
    expect(word(image, 0x14)).toBe(0x00fff000 + 16384)
    expect(word(image, 0x28)).toBe(0x00fff000 + 12288)
    expect(word(image, 0x2c)).toBe(300)
    expect(word(image, 0x30)).toBe(0)
  })

  it('keeps the multiboot checksum valid', () => {
    const image = composeBootImage(parts)
    expect((word(image, 0) + word(image, 4) + word(image, 8)) >>> 0).toBe(0)
  })

  it('names no initramfs when there is none', () => {
    const image = composeBootImage({ ...parts, initramfs: new Uint8Array(0) })
    expect(word(image, 0x28)).toBe(0)
    expect(word(image, 0x2c)).toBe(0)
  })

  it('asks the stub for a frame buffer of the size given', () => {
    const image = composeBootImage({ ...parts, framebuffer: { width: 1024, height: 768 } })
    expect([word(image, 0x30), word(image, 0x34)]).toEqual([1024, 768])
  })

  it('leaves its inputs untouched', () => {
    const before = stub.slice()
    composeBootImage({ ...parts, framebuffer: { width: 640, height: 480 } })
    expect(stub).toEqual(before)
  })

  it.each([
    ['a stub of another length', { stub: new Uint8Array(100) }, '2048 bytes'],
    ['a stub without a header', { stub: new Uint8Array(2048) }, 'multiboot header'],
    ['an empty kernel', { kernel: new Uint8Array(0) }, 'kernel is empty'],
    ['a command line of 2048 bytes', { commandLine: 'x'.repeat(2048) }, '2048 bytes'],
    ['a command line that is too long in UTF-8 only', { commandLine: 'ä'.repeat(1024) }, '2048 bytes'],
    ['a NUL in the command line', { commandLine: 'a\0b' }, 'NUL'],
    ['a frame buffer with a fraction', { framebuffer: { width: 100.5, height: 768 } }, 'width of 100.5'],
    ['a frame buffer without height', { framebuffer: { width: 1024, height: 0 } }, 'height of 0'],
  ])('refuses %s', (_name, change, words) => {
    expect(() => composeBootImage({ ...parts, ...change })).toThrow(RangeError)
    expect(() => composeBootImage({ ...parts, ...change })).toThrow(words)
  })

  it('accepts a command line of 2047 bytes', () => {
    const image = composeBootImage({ ...parts, commandLine: 'x'.repeat(2047) })
    expect(new Uint8Array(image)[4095]).toBe(0)
  })
})
