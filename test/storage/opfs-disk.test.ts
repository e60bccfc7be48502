import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openOpfsDisk } from '../../src/storage/opfs-disk.ts'
import { StorageError } from '../../src/storage/storage-error.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import { FakeDirectory } from './fake-opfs.ts'

async function open(root: FakeDirectory, bytes = 4096, path = 'disks/primary.img'): Promise<BlockStore> {
  const disk = await openOpfsDisk(path, bytes, async () => root)
  if (!disk.ok) throw disk.error
  return disk.value
}

async function refusal(root: FakeDirectory, bytes = 4096): Promise<StorageError | undefined> {
  const disk = await openOpfsDisk('disks/primary.img', bytes, async () => root)
  return disk.ok ? undefined : disk.error
}

describe('a disk in the origin private file system', () => {
  it('is made at its full size, zero where never written', async () => {
    const root = new FakeDirectory()
    const disk = await open(root)
    expect(disk.size).toBe(4096)
    expect(await disk.read(512, 512)).toEqual(new Uint8Array(512))
    expect(root.folders.get('disks')?.files.get('primary.img')?.bytes.length).toBe(4096)
  })

  it('reads what was written, across a close and a reopening', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(7), fc.uint8Array({ minLength: 512, maxLength: 512 })), { maxLength: 20 }),
        async (writes) => {
          const root = new FakeDirectory()
          const model = new Uint8Array(4096)
          const disk = await open(root)
          for (const [sector, bytes] of writes) {
            await disk.write(sector * 512, bytes)
            model.set(bytes, sector * 512)
            expect(await disk.read(sector * 512, 512)).toEqual(bytes)
          }
          await disk.flush()
          disk.close()
          expect(await (await open(root)).read(0, 4096)).toEqual(model)
        },
      ),
    )
  })

  it('refuses a second opener until the first has closed, and says that another tab has it', async () => {
    const root = new FakeDirectory()
    const first = await open(root)
    const error = await refusal(root)
    expect(error?.kind).toBe('busy')
    expect(error?.message).toContain('another tab')
    first.close()
    expect(await refusal(root)).toBeUndefined()
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
    expect((await second).size).toBe(4096)
  })

  it('keeps a larger image at its own size', async () => {
    const root = new FakeDirectory()
    ;(await open(root, 8192)).close()
    expect((await open(root, 4096)).size).toBe(8192)
  })

  it('reports a quota at opening, and leaves no handle open', async () => {
    const root = new FakeDirectory({ quota: 1024 })
    expect((await refusal(root))?.kind).toBe('quota')
    expect(root.folders.get('disks')?.files.get('primary.img')?.open).toBe(0)
  })

  it('reports a write that the quota cut short', async () => {
    const root = new FakeDirectory()
    const disk = await open(root)
    root.options.quota = 4000
    expect(() => disk.write(3584, new Uint8Array(512))).toThrowError(
      expect.objectContaining({ name: 'StorageError', kind: 'quota' }),
    )
  })

  it('reports a window without storage', async () => {
    const denied = await openOpfsDisk('disks/a.img', 512, () =>
      Promise.reject(new DOMException('no', 'SecurityError')),
    )
    expect(denied).toMatchObject({ ok: false, error: { kind: 'unavailable' } })
  })

  it.each(['../a', 'disks//a', '/a', 'disks/A', ''])('refuses the path “%s” as a bug', async (path) => {
    await expect(openOpfsDisk(path, 512, async () => new FakeDirectory())).rejects.toThrow(RangeError)
  })

  it.each([0, -512, 100, Number.NaN, 2 ** 38])('refuses the size %d as a bug', async (bytes) => {
    await expect(openOpfsDisk('a.img', bytes, async () => new FakeDirectory())).rejects.toThrow(RangeError)
  })
})
