import { describe, expect, it } from 'vitest'
import type { BlockStore } from '../../../src/protocol/block-store.ts'
import { DiskOverlay } from '../../../src/storage/overlay/disk-overlay.ts'
import { imageBlob } from '../../../src/storage/overlay/raw-image.ts'
import { CrashFile } from '../pages/crash-file.ts'
import { kindOf, value } from '../pages/store-model.ts'
import { filled, memoryBase, openOverlay, patternOf } from './overlay-model.ts'

const SIZE = 64 * 4096 + 1536

/** Vitest's own comparison takes seconds for megabytes. */
function isSame(found: Uint8Array, wanted: Uint8Array): boolean {
  return Buffer.compare(found, wanted) === 0
}

async function contentOf(disk: BlockStore): Promise<Uint8Array> {
  return disk.read(0, disk.size)
}

describe.each([
  { kind: 'at once', late: false },
  { kind: 'late', late: true },
])('a disk overlay whose base answers $kind', ({ late }) => {
  it('reads what was written over the base, from sectors to many blocks', async () => {
    const content = patternOf(SIZE)
    const disk = await openOverlay(new CrashFile(), memoryBase(content, late))
    expect(isSame(await contentOf(disk), content)).toBe(true)
    for (const [offset, length] of [
      [512, 512],
      [4096, 4096],
      [4096 * 3 + 1024, 4096 * 5],
      [SIZE - 512, 512],
      [0, 4096],
      [4096 * 3, 512],
    ] as const) {
      const bytes = filled(length, offset + 1)
      content.set(bytes, offset)
      await disk.write(offset, bytes.slice())
      expect(isSame(await disk.read(offset, length), bytes)).toBe(true)
    }
    expect(isSame(await contentOf(disk), content)).toBe(true)
    await disk.flush()
    expect(isSame(await contentOf(disk), content)).toBe(true)
  })

  it('does not let a later write into an earlier read', async () => {
    const content = patternOf(SIZE)
    const disk = await openOverlay(new CrashFile(), memoryBase(content, late))
    await disk.write(512, filled(512, 1))
    const early = disk.read(0, 4096)
    void disk.write(512, filled(512, 2))
    expect(isSame((await early).subarray(512, 1024), filled(512, 1))).toBe(true)
    expect(isSame(await disk.read(512, 512), filled(512, 2))).toBe(true)
  })

  it('keeps what was flushed, and forgets what was not', async () => {
    const content = patternOf(SIZE)
    const file = new CrashFile()
    const disk = await openOverlay(file, memoryBase(content, late))
    await disk.write(512, filled(512, 1))
    await disk.write(4096 * 9, filled(8192, 2))
    await disk.flush()
    const flushed = await contentOf(disk)
    await disk.write(4096 * 9, filled(4096, 3))
    await disk.write(4096 * 20 + 512, filled(512, 4))
    file.crashAt = file.operations
    const again = await openOverlay(file.afterCrash(1), memoryBase(content, late))
    expect(isSame(await contentOf(again), flushed)).toBe(true)
  })

  it('keeps blocks of zeros for nothing', async () => {
    const disk = await openOverlay(new CrashFile(), memoryBase(patternOf(SIZE), late))
    await disk.write(0, new Uint8Array(4096 * 32))
    expect(disk.usage().changedBytes).toBe(4096 * 32)
    // The table: a leaf and a directory page.
    expect(disk.usage().liveBytes).toBe(2 * 4096)
    expect(isSame(await disk.read(0, 4096 * 32), new Uint8Array(4096 * 32))).toBe(true)
  })

  it('resets to the base even when there is no room', async () => {
    const content = patternOf(SIZE)
    const file = new CrashFile()
    const disk = await openOverlay(file, memoryBase(content, late))
    await disk.write(4096, filled(8192, 5))
    await disk.flush()
    file.quota = file.getSize()
    value(await disk.reset())
    expect(isSame(await contentOf(disk), content)).toBe(true)
    expect(disk.usage()).toEqual({ changedBytes: 0, liveBytes: 0, fileBytes: 8192 })
    expect(
      isSame(
        await contentOf(await openOverlay(new CrashFile(file.bytes), memoryBase(content, late))),
        content,
      ),
    ).toBe(true)
  })

  it('exports and imports a raw image', async () => {
    const content = patternOf(SIZE)
    const source = await openOverlay(new CrashFile(), memoryBase(content, late))
    await source.write(4096 * 4, new Uint8Array(4096 * 40))
    await source.write(4096 * 50 + 512, filled(1024, 9))
    const image = await imageBlob(source)
    const wanted = await contentOf(source)
    expect(isSame(new Uint8Array(await image.arrayBuffer()), wanted)).toBe(true)
    const file = new CrashFile()
    const target = await openOverlay(file, memoryBase(content, late))
    value(await target.import(image))
    expect(
      isSame(
        await contentOf(await openOverlay(new CrashFile(file.bytes), memoryBase(content, late))),
        wanted,
      ),
    ).toBe(true)
    // Only what differs from the base is kept: zeros cost nothing, one block was written.
    expect(target.usage()).toMatchObject({ changedBytes: 41 * 4096, liveBytes: 3 * 4096 })
  })
})

describe('a disk overlay', () => {
  // A private window loses what it was given, and says nothing.
  it.each([
    ['a window', false],
    ['a private window', true],
  ])(
    'of %s refuses a write when there is no room, stays what it was, and takes it later',
    async (_, isPrivate) => {
      const content = patternOf(2 ** 21)
      const file = new CrashFile()
      file.isPrivate = isPrivate
      const disk = await openOverlay(file, memoryBase(content))
      await disk.write(0, filled(4096, 1))
      await disk.flush()
      file.quota = file.getSize()
      const before = await contentOf(disk)
      // 300 blocks; a group of the file has 256 slots.
      const written = filled(300 * 4096, 7)
      expect(() => disk.write(4096, written.slice())).toThrow(expect.objectContaining({ kind: 'quota' }))
      const after = await contentOf(disk)
      for (let block = 0; block < after.length / 4096; block += 1) {
        const at = block * 4096
        const now = after.subarray(at, at + 4096)
        const isOld = Buffer.compare(now, before.subarray(at, at + 4096)) === 0
        const isNew = block >= 1 && block <= 300 && Buffer.compare(now, written.subarray(at - 4096, at)) === 0
        expect(isOld || isNew).toBe(true)
      }
      // The flush needs no more room: it was reserved with the first block.
      await disk.flush()
      expect(
        isSame(await contentOf(await openOverlay(new CrashFile(file.bytes), memoryBase(content))), after),
      ).toBe(true)
      file.quota = Infinity
      await disk.write(4096, written.slice())
      await disk.flush()
      expect(isSame(await disk.read(4096, written.length), written)).toBe(true)
    },
  )

  it('leaves the disk as it was when an import fails', async () => {
    const content = patternOf(2 ** 21)
    const file = new CrashFile()
    const disk = await openOverlay(file, memoryBase(content))
    await disk.write(4096, filled(4096, 1))
    await disk.flush()
    const before = await contentOf(disk)
    file.quota = file.getSize()
    expect(kindOf(await disk.import(new Blob([filled(2 ** 21, 3)])))).toBe('quota')
    expect(isSame(await contentOf(disk), before)).toBe(true)
    expect(kindOf(await disk.import(new Blob([new Uint8Array(2 ** 21 + 512)])))).toBe('too-large')
    expect(kindOf(await disk.import(new Blob([new Uint8Array(1000)])))).toBe('truncated')
    expect(isSame(await contentOf(disk), before)).toBe(true)
  })

  it('refuses another base, a foreign file, and a damaged one', async () => {
    const content = patternOf(SIZE)
    const file = new CrashFile()
    const disk = await openOverlay(file, memoryBase(content))
    await disk.write(4096, filled(4096, 1))
    await disk.flush()
    const open = (
      bytes: Uint8Array<ArrayBuffer>,
      fingerprint = 'base',
    ): ReturnType<typeof DiskOverlay.open> =>
      DiskOverlay.open(new CrashFile(bytes), memoryBase(content), fingerprint, 'disk')
    expect(kindOf(await open(file.bytes))).toBe('ok')
    expect(kindOf(await open(file.bytes, 'other'))).toBe('mismatch')
    expect(kindOf(await open(patternOf(20_000)))).toBe('foreign')
    const noRoots = file.bytes.fill(1, 100, 8192)
    expect(kindOf(await open(noRoots))).toBe('corrupt')
  })

  it('gives the guest an error instead of a damaged block', async () => {
    const content = patternOf(SIZE)
    const file = new CrashFile()
    const disk = await openOverlay(file, memoryBase(content))
    await disk.write(4096, filled(4096, 1))
    await disk.flush()
    const bytes = file.bytes
    const at = bytes.findIndex(
      (_, i) => i % 4096 === 0 && Buffer.compare(bytes.subarray(i, i + 4096), filled(4096, 1)) === 0,
    )
    bytes[at + 10] = 0xaa
    const again = await openOverlay(new CrashFile(bytes), memoryBase(content))
    expect(() => again.read(4096, 4096)).toThrow(expect.objectContaining({ kind: 'io' }))
    expect(isSame(await again.read(0, 4096), content.subarray(0, 4096))).toBe(true)
  })
})
