import process from 'node:process'
import { crc32, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { assert } from '../../../src/base/assert.ts'
import { FLOPPY_BYTES } from '../../../src/protocol/own-image.ts'
import { HEAD_BYTES, packingOf, sniff } from '../../../src/state/own-image/sniff.ts'
import { unpack, UnpackError } from '../../../src/state/own-image/unpack.ts'
import { filled } from '../../storage/overlay/overlay-model.ts'
import { bootableCd, bootableDisk, bootableFloppy } from '../../support/boot-media.ts'
import { CASES, damaged, fuzz, fuzzAsync } from '../../support/fuzz.ts'

/** “hello” and a line's end, 4,000 times, packed by zstd 1.5 and xz 5.4 (`--check=crc32`). */
const CONTENT = new TextEncoder().encode('hello\n'.repeat(4000))
const PACKED = {
  gzip: new Uint8Array(gzipSync(CONTENT)),
  zstd: fromBase64('KLUv/QRodQAAMGhlbGxvCgEAt132UgT8GwQM'),
  xz: fromBase64(
    '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4F2/AENdADQZSe6N3V3x8PcXRFCFYsMIgtxhE2Az4ZG1aVMlHrpxT6vxiN23j3MhBj5pvwwG7hucRSg/Kf4YdGNuas/Gi3s/9QAAAOWpUosAAVvAuwEAAJ5nuIc+MA2LAgAAAAABWVo=',
  ),
}

/** A few dozen bytes each, so that many are tried: packed by the same tools (`zstd --no-check`, `xz --check=crc32`). */
const TINY_CONTENT = new TextEncoder().encode('hello hyperspace\n'.repeat(20))
const TINY = {
  gzip: new Uint8Array(gzipSync(TINY_CONTENT)),
  zstd: fromBase64('KLUv/QBYxQAAiGhlbGxvIGh5cGVyc3BhY2UKAQCBSJ1L'),
  xz: fromBase64(
    '/Td6WFoAAAFpIt42AgAhAQgAAADYDyMT4AFTABpdADQZSduFXGNlUfw6Xc7SsXG28JqxT1FbAAAAAAAA9VKSiAABMtQCAAAAaWObXD4wDYsCAAAAAAFZWg==',
  ),
}

/** Makes the checksums of an .xz file's two headers right again, so that what they say is read. */
function mendXz(packed: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(packed.buffer)
  const blockEnd = 12 + 4 * ((packed[12] ?? 0) + 1)
  if (packed.length < blockEnd) return
  view.setUint32(8, crc32(packed.subarray(6, 8)), true)
  view.setUint32(blockEnd - 4, crc32(packed.subarray(12, blockEnd - 4)), true)
}

/** As a file is read, at a tenth of what Node’s Blob takes. */
function lean(packed: Uint8Array<ArrayBuffer>): Pick<Blob, 'stream'> {
  return {
    stream: () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(packed)
          controller.close()
        },
      }),
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

async function sniffed(image: Blob) {
  return sniff(new Uint8Array(await image.slice(0, HEAD_BYTES).arrayBuffer()), image.size)
}

describe('what a dropped file is', () => {
  it('is told from its first bytes', async () => {
    expect(await sniffed(bootableCd('x'))).toEqual({ ok: true, value: { kind: 'cdrom', bootable: true } })
    expect(await sniffed(bootableDisk('x'))).toEqual({
      ok: true,
      value: { kind: 'hard-disk', bootable: true },
    })
    expect(await sniffed(bootableFloppy('x'))).toEqual({
      ok: true,
      value: { kind: 'floppy', bootable: true },
    })
    expect(await sniffed(new Blob([filled(4096, 1)]))).toEqual({
      ok: true,
      value: { kind: 'hard-disk', bootable: false },
    })
    for (const bytes of FLOPPY_BYTES)
      expect(sniff(new Uint8Array(512), bytes)).toEqual({
        ok: true,
        value: { kind: 'floppy', bootable: false },
      })
  })

  it.each([
    ['QFI\u00fb', 'qcow2'],
    ['KDMV', 'VMDK'],
    ['PK\u0003\u0004', 'zip'],
    ['<<< Oracle', 'VirtualBox'],
  ])('is named where it is an image or archive of another kind: %s', (magic, name) => {
    const head = new Uint8Array(512)
    head.set(Array.from(magic, (character) => character.charCodeAt(0)))
    expect(sniff(head, 1e6)).toEqual({ ok: false, error: expect.stringContaining(name) })
  })

  it('is refused where it is too small or too large', () => {
    expect(sniff(new Uint8Array(100), 100).ok).toBe(false)
    expect(sniff(new Uint8Array(HEAD_BYTES), 2 ** 34).ok).toBe(false)
  })

  it('is an answer for any bytes whatever', async () => {
    const heads = [bootableCd('x'), bootableDisk('x'), bootableFloppy('x'), new Blob([PACKED.xz])]
    const sound = await Promise.all(
      heads.map(async (image) => new Uint8Array(await image.slice(0, HEAD_BYTES).arrayBuffer())),
    )
    const told = new Set<string>()
    fuzz((next) => {
      const head = damaged(sound[next(sound.length)] ?? new Uint8Array(), next)
      const sizes = [head.length, next(2 ** 34), FLOPPY_BYTES[next(FLOPPY_BYTES.length)]]
      const answer = sniff(head, sizes[next(3)] ?? 0)
      assert(answer.ok || answer.error !== '', 'a refusal without a word')
      assert(['none', 'gzip', 'zstd', 'xz'].includes(packingOf(head)), 'a packing that nothing unpacks')
      told.add(answer.ok ? answer.value.kind : 'refused')
    })
    expect([...told].toSorted()).toEqual(['cdrom', 'floppy', 'hard-disk', 'refused'])
  })
})

describe('a packed image', () => {
  it.each(['gzip', 'zstd', 'xz'] as const)('is unpacked from %s, with progress', async (packing) => {
    const packed = PACKED[packing]
    expect(packingOf(packed)).toBe(packing)
    let last = 0
    const image = await unpack(new Blob([packed]), packing, { progress: (bytes) => void (last = bytes) })
    expect(new Uint8Array(await image.arrayBuffer())).toEqual(CONTENT)
    expect(last).toBe(packed.length)
  })

  it.each(['gzip', 'zstd', 'xz'] as const)(
    'of %s is given up at once, though the file’s next bytes never come',
    async (packing) => {
      const giveUp = new AbortController()
      const endless = new ReadableStream({
        start: (controller) => controller.enqueue(PACKED[packing].slice(0, 10)),
      })
      const progress = () => void setTimeout(() => giveUp.abort())
      const { signal } = giveUp
      await expect(unpack({ stream: () => endless }, packing, { progress, signal })).rejects.toMatchObject({
        name: 'AbortError',
      })
    },
  )

  it.each(['gzip', 'zstd', 'xz'] as const)('is refused in words where its %s is cut off', async (packing) => {
    const packed = PACKED[packing]
    const half = new Blob([packed.slice(0, packed.length - 12)])
    await expect(unpack(half, packing)).rejects.toThrow(UnpackError)
  })

  it.each(['gzip', 'zstd', 'xz'] as const)(
    'of %s stops at the limit, however small it came',
    async (packing) => {
      const bomb = unpack(new Blob([PACKED[packing]]), packing, { limitBytes: 10_000 })
      await expect(bomb).rejects.toThrow('too large')
    },
  )

  it('of zstd is refused where a frame asks for too large a window, the first or a later one', async () => {
    const frame = (window: number): number[] => [0x28, 0xb5, 0x2f, 0xfd, 0, window, 9 << 3, 0, 0]
    // Raw blocks: one of nine bytes, then the last, of none; before and behind, a frame to pass over.
    const content = [...Array.from({ length: 9 }, () => 65), 1, 0, 0]
    const skippable = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    const sound = [...frame(0), ...content, ...skippable, ...PACKED.zstd]
    const image = await unpack(new Blob([new Uint8Array([...skippable, ...sound])]), 'zstd')
    expect(image.size).toBe(9 + CONTENT.length)
    for (const large of [(17 << 3) + 1, 18 << 3, 31 << 3]) {
      const packed = new Uint8Array([...sound, ...frame(large), ...content])
      await expect(unpack(new Blob([packed]), 'zstd')).rejects.toThrow('window is larger than 128 MiB')
    }
    // A single segment’s window is its content: 256 MiB.
    const single = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 16, ...PACKED.zstd])
    await expect(unpack(new Blob([single]), 'zstd')).rejects.toThrow('window is larger than 128 MiB')
  })

  it('of zstd is unpacked no further than it is read, so that a bomb takes no more memory than its limit', async () => {
    // Blocks of four bytes, each of which is 128 KiB of one byte: 2 GiB.
    const bomb = new Uint8Array(6 + 4 * 16_384)
    bomb.set([0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3])
    for (let at = 6; at < bomb.length; at += 4) bomb.set([2, 0, 16, 65], at)
    const before = process.resourceUsage().maxRSS
    await expect(unpack(lean(bomb), 'zstd', { limitBytes: 2 ** 24 })).rejects.toThrow('too large')
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(256 * 1024)
  })

  it.each(['gzip', 'zstd', 'xz'] as const)(
    'of %s that is damaged in any way is content within the limit or a refusal, and harms none after it',
    async (packing) => {
      const sound = TINY[packing]
      let [unpacked, refused] = [0, 0]
      await fuzzAsync(CASES / 3, async (next) => {
        const packed = new Uint8Array(damaged(sound, next))
        if (packing === 'xz' && next(2) === 0) mendXz(packed)
        // A window of 100 MiB is lawful, and takes as many milliseconds or more: seldom.
        if (packing === 'zstd' && packed.length > 5 && next(1000) > 0) packed[5] = sound[5] ?? 0
        const limitBytes = next(4) === 0 ? next(TINY_CONTENT.length) : 10 ** 6
        const outcome = await unpack(lean(packed), packing, { limitBytes }).catch((error: unknown) => error)
        assert(outcome instanceof Blob || outcome instanceof UnpackError, 'an error of another kind')
        if (outcome instanceof Blob) assert(outcome.size <= limitBytes, 'more than the limit')
        else assert(outcome.message !== '', 'a refusal without a word')
        if (outcome instanceof Blob) unpacked++
        else refused++
        if (next(100) > 0) return
        const image = await unpack(lean(sound), packing)
        assert(image.size === TINY_CONTENT.length, 'what is sound was refused after what was not')
      })
      expect(unpacked).toBeGreaterThan(CASES / 1000)
      expect(refused).toBeGreaterThan(CASES / 30)
    },
  )
})
