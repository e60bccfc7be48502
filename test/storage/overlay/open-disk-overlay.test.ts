import { describe, expect, it } from 'vitest'
import type { PersistentDisk } from '../../../src/protocol/guest.ts'
import { BlankBase } from '../../../src/storage/overlay/blank-base.ts'
import { isBlankDisk } from '../../../src/storage/overlay/blank-disk.ts'
import type { DiskOverlay } from '../../../src/storage/overlay/disk-overlay.ts'
import {
  openDiskOverlay,
  removeDiskOverlay,
  resetDiskOverlay,
} from '../../../src/storage/overlay/open-disk-overlay.ts'
import { FakeDirectory, fakeFile } from '../fake-opfs.ts'
import { filled } from './overlay-model.ts'

const BYTES = 2 ** 17
const DISK: PersistentDisk = {
  kind: 'persistent',
  name: 'primary',
  base: { kind: 'blank', bytes: BYTES },
  formerPath: 'disks/primary.img',
}

async function open(root: FakeDirectory, disk = DISK): Promise<DiskOverlay> {
  const opened = await openDiskOverlay(disk, new BlankBase(BYTES), async () => root)
  if (!opened.ok) throw opened.error
  return opened.value
}

async function refusal(root: FakeDirectory, disk = DISK): Promise<string | undefined> {
  const opened = await openDiskOverlay(disk, new BlankBase(BYTES), async () => root)
  return opened.ok ? undefined : opened.error.kind
}

/** A browser in which an earlier version kept the disk as a raw image. */
async function withFormerImage(content: Uint8Array<ArrayBuffer>, root = new FakeDirectory()) {
  const folder = await root.getDirectoryHandle('disks', { create: true })
  const file = fakeFile(root.options)
  file.bytes = content
  folder.files.set('primary.img', file)
  return { root, images: folder.files }
}

describe('a domain’s disk in the origin private file system', () => {
  it('is zeros at first, and what was flushed is there when it is opened again', async () => {
    const root = new FakeDirectory()
    const first = await open(root)
    expect(first.size).toBe(BYTES)
    expect(await first.read(512, 512)).toEqual(new Uint8Array(512))
    await first.write(512, filled(1024, 1))
    await first.flush()
    await first.write(8192, filled(512, 2))
    first.close()
    const second = await open(root)
    expect(await second.read(512, 1024)).toEqual(filled(1024, 1))
    expect(await second.read(8192, 512)).toEqual(new Uint8Array(512))
  })

  it('waits for a handle that the browser has not given back yet', async () => {
    const root = new FakeDirectory()
    const first = await open(root)
    const second = open(root)
    const outcome = await Promise.race([
      second.then(() => 'opened'),
      new Promise((go) => setTimeout(go, 200)),
    ])
    expect(outcome).toBeUndefined()
    first.close()
    expect((await second).size).toBe(BYTES)
  })

  it('leaves no handle open where it is refused', async () => {
    const root = new FakeDirectory()
    ;(await open(root)).close()
    const file = root.folders.get('overlays')?.files.get('primary.hsd')
    file?.bytes.fill(0xff)
    expect(await refusal(root)).toBe('foreign')
    expect(file?.open).toBe(0)
  })

  it.each(['../a', 'A', '', 'a.b'])('refuses the name “%s” as a bug', async (name) => {
    await expect(open(new FakeDirectory(), { ...DISK, name })).rejects.toThrow(RangeError)
  })

  it('is its base again once it is reset, even where what was stored is damaged', async () => {
    const root = new FakeDirectory()
    const disk = await open(root)
    await disk.write(0, filled(4096, 3))
    await disk.flush()
    disk.close()
    root.folders.get('overlays')?.files.get('primary.hsd')?.bytes.fill(0xff)
    expect(await resetDiskOverlay(DISK, async () => root)).toEqual({ ok: true, value: undefined })
    expect(await (await open(root)).read(0, 4096)).toEqual(new Uint8Array(4096))
  })

  it('goes with its file when it is removed, and removing what is not there is no failure', async () => {
    const root = new FakeDirectory()
    ;(await open(root)).close()
    for (let time = 0; time < 2; time += 1)
      expect((await removeDiskOverlay(DISK, async () => root)).ok).toBe(true)
    expect(root.folders.get('overlays')?.files.size).toBe(0)
  })
})

describe('a disk whose file the browser removes while it is open', () => {
  it('fails each flush from then on, whatever the handle says, and serves what it had', async () => {
    const root = new FakeDirectory()
    const disk = await open(root)
    await disk.write(0, filled(4096, 1))
    await disk.flush()
    root.folders.delete('overlays')
    for (const byte of [2, 3]) {
      await disk.write(4096, filled(4096, byte))
      await expect(disk.flush()).rejects.toMatchObject({
        kind: 'evicted',
        message: expect.stringMatching(/^disk primary: the browser has removed its file.*Files/),
      })
      // A kernel asks again: nothing new was written, and what was is still not kept.
      await expect(disk.flush()).rejects.toMatchObject({ kind: 'evicted' })
    }
    expect(await disk.read(0, 4096)).toEqual(filled(4096, 1))
  })
})

describe('the raw image of an earlier version', () => {
  it('is taken over whole and removed', async () => {
    const { root, images } = await withFormerImage(filled(BYTES, 5))
    const disk = await open(root)
    expect(await disk.read(0, BYTES)).toEqual(filled(BYTES, 5))
    expect(images.size).toBe(0)
    disk.close()
    expect(await (await open(root)).read(0, BYTES)).toEqual(filled(BYTES, 5))
  })

  it('stays where there is no room for it, and the next opening tries again', async () => {
    const { root, images } = await withFormerImage(filled(BYTES, 5))
    root.options.quota = BYTES / 2
    expect(await refusal(root)).toBe('quota')
    expect(images.get('primary.img')?.bytes).toEqual(filled(BYTES, 5))
    delete root.options.quota
    expect(await (await open(root)).read(0, BYTES)).toEqual(filled(BYTES, 5))
  })

  it('never comes back over what was written since, though a tab was killed before it was removed', async () => {
    const { root, images } = await withFormerImage(filled(BYTES, 5))
    const disk = await open(root)
    await disk.write(0, filled(512, 6))
    await disk.flush()
    disk.close()
    await withFormerImage(filled(BYTES, 5), root)
    expect(await (await open(root)).read(0, 512)).toEqual(filled(512, 6))
    expect(images.size).toBe(0)
  })

  it('is gone with a reset', async () => {
    const { root } = await withFormerImage(filled(BYTES, 5))
    await resetDiskOverlay(DISK, async () => root)
    expect(await (await open(root)).read(0, 512)).toEqual(new Uint8Array(512))
  })
})

describe('whether a disk was ever written to, as a page sees it', () => {
  const isBlank = (root: FakeDirectory): Promise<boolean> => isBlankDisk('primary', async () => root)

  it('is told from its first flush on, and again after a reset', async () => {
    const root = new FakeDirectory()
    expect(await isBlank(root)).toBe(true)
    const disk = await open(root)
    expect(await isBlank(root)).toBe(true)
    await disk.write(0, filled(4096, 1))
    expect(await isBlank(root)).toBe(true)
    await disk.flush()
    expect(await isBlank(root)).toBe(false)
    disk.close()
    await resetDiskOverlay(DISK, async () => root)
    expect(await isBlank(root)).toBe(true)
  })

  it('counts the raw image of an earlier version', async () => {
    const { root } = await withFormerImage(filled(BYTES, 5))
    expect(await isBlank(root)).toBe(false)
  })

  it('is not believed of a file that is cut off', async () => {
    const root = new FakeDirectory()
    const folder = await root.getDirectoryHandle('overlays', { create: true })
    const file = fakeFile(root.options)
    file.bytes = filled(100, 1)
    folder.files.set('primary.hsd', file)
    expect(await isBlank(root)).toBe(false)
  })
})
