import { describe, expect, it } from 'vitest'
import { createNvramStore, type NvramText } from '../../src/storage/nvram-store.ts'
import { FakeDirectory } from './fake-opfs.ts'

function fakeText(limit = Infinity): NvramText & { readonly stored: Map<string, string> } {
  const stored = new Map<string, string>()
  return {
    stored,
    getItem: (key) => stored.get(key) ?? null,
    setItem(key, value) {
      if (value.length > limit) throw new DOMException('full', 'QuotaExceededError')
      stored.set(key, value)
    },
    removeItem: (key) => {
      stored.delete(key)
    },
  }
}

const OLD = new Uint8Array([1, 2, 3])
const NEW = new Uint8Array([0xfe, 0x00, 0x10, 0x99])

describe('the NVRAM store', () => {
  it('has nothing before the first write', async () => {
    expect(
      await createNvramStore({ directory: async () => new FakeDirectory(), text: fakeText() }).read(),
    ).toBeUndefined()
    expect(await createNvramStore({ directory: undefined, text: undefined }).read()).toBeUndefined()
  })

  it('keeps the bytes in a file', async () => {
    const root = new FakeDirectory()
    const store = createNvramStore({ directory: async () => root, text: undefined })
    await store.write(OLD)
    await store.write(NEW)
    expect(await store.read()).toEqual(NEW)
  })

  it('keeps the old bytes when the tab dies before the swap', async () => {
    const root = new FakeDirectory()
    const store = createNvramStore({ directory: async () => root, text: undefined })
    await store.write(OLD)
    root.options.dieBeforeSwap = true
    await expect(store.write(NEW)).rejects.toMatchObject({ name: 'StorageError', kind: 'io' })
    expect(await store.read()).toEqual(OLD)
  })

  it('keeps the old bytes when the quota is reached, and says so', async () => {
    const root = new FakeDirectory()
    const store = createNvramStore({ directory: async () => root, text: undefined })
    await store.write(OLD)
    root.options.quota = 2
    await expect(store.write(NEW)).rejects.toMatchObject({ kind: 'quota' })
    expect(await store.read()).toEqual(OLD)
  })

  it('falls back to text where a page cannot write files, and back to the file once it can', async () => {
    const root = new FakeDirectory({ withoutWritable: true })
    const text = fakeText()
    await createNvramStore({ directory: async () => root, text }).write(OLD)
    expect(text.stored.get('hyperspace.nvram')).toBe('010203')
    expect(await createNvramStore({ directory: async () => root, text }).read()).toEqual(OLD)
    const newer = new FakeDirectory()
    await createNvramStore({ directory: async () => newer, text }).write(NEW)
    expect(text.stored.size).toBe(0)
    expect(await createNvramStore({ directory: async () => newer, text }).read()).toEqual(NEW)
  })

  it('says when nothing can be kept', async () => {
    await expect(
      createNvramStore({ directory: undefined, text: undefined }).write(NEW),
    ).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await expect(
      createNvramStore({ directory: undefined, text: fakeText(4) }).write(NEW),
    ).rejects.toMatchObject({ kind: 'quota' })
  })

  it('refuses a file that is too large to be settings', async () => {
    const root = new FakeDirectory()
    const folder = await root.getDirectoryHandle('nvram', { create: true })
    ;(await folder.getFileHandle('settings.bin', { create: true })).bytes = new Uint8Array(100_000)
    await expect(
      createNvramStore({ directory: async () => root, text: undefined }).read(),
    ).rejects.toMatchObject({ kind: 'io' })
  })
})
