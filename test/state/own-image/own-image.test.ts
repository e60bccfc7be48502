import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assert } from '../../../src/base/assert.ts'
import { FLOPPY_BYTES } from '../../../src/protocol/own-image.ts'
import { HEAD_BYTES, packingOf, sniff } from '../../../src/state/own-image/sniff.ts'
import { unpack, UnpackError } from '../../../src/state/own-image/unpack.ts'
import { filled } from '../../storage/overlay/overlay-model.ts'
import { bootableCd, bootableDisk, bootableFloppy } from '../../support/boot-media.ts'
import { damaged, fuzz } from '../../support/fuzz.ts'

/** “hello” and a line's end, 4,000 times, packed by zstd 1.5 and xz 5.4 (`--check=crc32`). */
const CONTENT = new TextEncoder().encode('hello\n'.repeat(4000))
const PACKED = {
  gzip: new Uint8Array(gzipSync(CONTENT)),
  zstd: fromBase64('KLUv/QRodQAAMGhlbGxvCgEAt132UgT8GwQM'),
  xz: fromBase64(
    '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4F2/AENdADQZSe6N3V3x8PcXRFCFYsMIgtxhE2Az4ZG1aVMlHrpxT6vxiN23j3MhBj5pvwwG7hucRSg/Kf4YdGNuas/Gi3s/9QAAAOWpUosAAVvAuwEAAJ5nuIc+MA2LAgAAAAABWVo=',
  ),
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

  it.each(['gzip', 'zstd', 'xz'] as const)(
    'of %s with any byte changed is content or a refusal',
    async (packing) => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(PACKED[packing].length - 1),
          fc.integer({ min: 1, max: 255 }),
          async (at, by) => {
            const packed = PACKED[packing].slice()
            packed[at] = (packed[at] ?? 0) ^ by
            const outcome = await unpack(new Blob([packed]), packing, { limitBytes: 10 ** 6 }).catch(
              (error: unknown) => error,
            )
            expect(outcome instanceof Blob || outcome instanceof UnpackError).toBe(true)
          },
        ),
        { numRuns: 100 },
      )
    },
  )
})
