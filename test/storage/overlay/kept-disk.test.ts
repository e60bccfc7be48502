import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BlockStore } from '../../../src/protocol/block-store.ts'
import { BlankBase } from '../../../src/storage/overlay/blank-base.ts'
import { DiskOverlay } from '../../../src/storage/overlay/disk-overlay.ts'
import { KeptDisk } from '../../../src/storage/overlay/kept-disk.ts'
import { memoryHandle } from '../../../src/storage/overlay/memory-handle.ts'
import { fakeFile, type FakeOptions } from '../fake-opfs.ts'
import { filled, memoryBase } from './overlay-model.ts'

const BYTES = 2 ** 17

async function overlay(file: ReturnType<typeof fakeFile>, base: BlockStore = new BlankBase(BYTES)) {
  const opened = await DiskOverlay.open(await file.createSyncAccessHandle(), base, 'blank', 'disk test')
  if (!opened.ok) throw opened.error
  return opened.value
}

/** A disk in use, what the person was told of it, and what a next life would find. */
async function inUse(options: FakeOptions = {}, base?: BlockStore) {
  const file = fakeFile(options)
  const told: string[] = []
  const disk = new KeptDisk(await overlay(file, base), (words) => told.push(words))
  const afterKill = async (): Promise<Uint8Array> => {
    const left = fakeFile({})
    left.bytes = file.bytes.slice()
    return (await overlay(left, base)).read(0, 4096)
  }
  return { disk, told, afterKill, file }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a disk that a guest uses', () => {
  it('keeps what a guest wrote that never flushes', async () => {
    const { disk, afterKill, told } = await inUse()
    await disk.write(0, filled(4096, 1))
    expect(await afterKill()).toEqual(new Uint8Array(4096))
    await vi.runAllTimersAsync()
    expect(await afterKill()).toEqual(filled(4096, 1))
    expect(told).toEqual([])
  })

  it('does not flush again what the guest has flushed', async () => {
    const { disk } = await inUse()
    await disk.write(0, filled(4096, 1))
    await disk.flush()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps what a guest wrote into a block whose rest is still to be read from the base', async () => {
    const { disk, afterKill } = await inUse({}, memoryBase(filled(BYTES, 8), true))
    await disk.write(512, filled(512, 9))
    await vi.runAllTimersAsync()
    const expected = filled(4096, 8)
    expected.set(filled(512, 9), 512)
    expect(await afterKill()).toEqual(expected)
  })

  it('is what a power cut leaves when it is closed', async () => {
    const { disk, afterKill, file } = await inUse()
    await disk.write(0, filled(4096, 1))
    disk.close()
    await vi.runAllTimersAsync()
    expect(file.open).toBe(0)
    expect(await afterKill()).toEqual(new Uint8Array(4096))
  })

  it('tells the person once that there is no room, and the guest each time', async () => {
    const options: FakeOptions = {}
    const { disk, told } = await inUse(options)
    options.quota = 8192
    for (let time = 0; time < 3; time += 1)
      expect(() => disk.write(0, filled(4096, 1))).toThrowError(expect.objectContaining({ kind: 'quota' }))
    await vi.runAllTimersAsync()
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('space')
    delete options.quota
    await disk.write(0, filled(4096, 1))
    await disk.flush()
    expect(await disk.read(0, 4096)).toEqual(filled(4096, 1))
  })

  it('tells the person what a look has shown, where the failure itself says something else', async () => {
    const removed: BlockStore = {
      ...memoryBase(new Uint8Array(BYTES)),
      readOnly: false,
      write: () => {
        throw new Error('no space')
      },
      reasonOf: async () => new Error('the file was removed'),
    }
    const told: string[] = []
    const disk = new KeptDisk(removed, (words) => told.push(words))
    expect(() => disk.write(0, filled(512, 1))).toThrow('no space')
    await vi.runAllTimersAsync()
    expect(told).toEqual(['the file was removed'])
  })

  it('tells the person when a flush that nobody asked for fails, and the guest at its next one', async () => {
    const broken: BlockStore = {
      ...memoryBase(new Uint8Array(BYTES)),
      readOnly: false,
      write: () => undefined,
      flush: () => {
        throw new Error('evicted')
      },
    }
    const told: string[] = []
    const disk = new KeptDisk(broken, (words) => told.push(words))
    await disk.write(0, filled(512, 1))
    await vi.runAllTimersAsync()
    expect(told).toEqual(['evicted'])
    expect(() => disk.flush()).toThrow('evicted')
  })

  it('tells of a read that fails later', async () => {
    const gone: BlockStore = {
      ...memoryBase(new Uint8Array(BYTES)),
      read: () => Promise.reject(new Error('the file was moved')),
    }
    const { disk, told } = await inUse({}, gone)
    await expect(disk.read(0, 512)).rejects.toThrow('moved')
    expect(told).toEqual(['the file was moved'])
  })
})

describe('a file in memory', () => {
  it('holds a disk as a file does', async () => {
    const handle = memoryHandle()
    const opened = await DiskOverlay.open(handle, memoryBase(filled(BYTES, 1)), 'base', 'disk test')
    if (!opened.ok) throw opened.error
    await opened.value.write(20 * 1024, filled(60 * 1024, 2))
    await opened.value.flush()
    const again = await DiskOverlay.open(handle, memoryBase(filled(BYTES, 1)), 'base', 'disk test')
    if (!again.ok) throw again.error
    expect(await again.value.read(20 * 1024, 60 * 1024)).toEqual(filled(60 * 1024, 2))
    expect(await again.value.read(0, 512)).toEqual(filled(512, 1))
    handle.truncate(5000)
    handle.truncate(9000)
    const rest = new Uint8Array(9000).fill(1)
    expect(handle.read(rest)).toBe(9000)
    expect(rest.subarray(5000)).toEqual(new Uint8Array(4000))
  })
})
