import { describe, expect, it } from 'vitest'
import { PageStore } from '../../../src/storage/pages/page-store.ts'
import { RamShadow } from '../../../src/storage/pages/ram-shadow.ts'
import { PAGE_BYTES } from '../../../src/storage/pages/slot-file.ts'
import { CrashFile } from './crash-file.ts'
import { draft, fillPage, kindOf, MACHINE, openStore, ramOf, read, value, whole } from './store-model.ts'

async function loaded(store: PageStore, id: string, pages: number): Promise<Uint8Array> {
  return (await read(store, id, pages * PAGE_BYTES)).ram
}

/** Vitest's own comparison takes seconds for megabytes. */
function isSame(found: Uint8Array, wanted: Uint8Array): boolean {
  return Buffer.compare(found, wanted) === 0
}

describe('the page store', () => {
  it('gives back what was saved, after being opened again', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    const ram = ramOf([0, 1, 2, 1, 0, 3])
    const id = value(
      await store.save(draft('one', { note: 'a note', thumbnail: Uint8Array.of(1, 2, 3) }), whole(ram)),
    )
    const again = await openStore(new CrashFile(file.bytes))
    expect(again.list()).toMatchObject([
      {
        id,
        name: 'one',
        note: 'a note',
        domain: 'primary',
        appliance: 'primary',
        imageBytes: ram.length,
        machine: MACHINE,
        automatic: false,
        state: 'sound',
      },
    ])
    const back = await read(again, id, ram.length)
    expect(Buffer.compare(back.ram, ram)).toBe(0)
    expect([...back.filled]).toEqual([1, 2, 3, 5])
    expect(new TextDecoder().decode(back.deviceState)).toBe('device state of one')
    expect(value(await again.thumbnail(id))).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('keeps equal pages once and pages of zeros not at all', async () => {
    const store = await openStore(new CrashFile())
    value(await store.save(draft('one'), whole(ramOf([7, 7, 7, 0, 0, 0, 0, 7]))))
    const before = store.usage().liveBytes / PAGE_BYTES
    // One page of RAM, the table, the record, the device state, the catalogue.
    expect(before).toBe(5)
    value(await store.save(draft('two'), whole(ramOf([0, 7, 7, 0, 0, 0, 0, 7]))))
    // A table and a record more; the page and the catalogue's number stay.
    expect(store.usage().liveBytes / PAGE_BYTES).toBe(before + 3)
  })

  it('writes in proportion to what changed', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    const ram = ramOf(Array.from({ length: 2000 }, (_, page) => page + 1))
    const shadow = new RamShadow(ram.length)
    const full = shadow.capture(ram)
    expect(full.changedPages).toBe(2000)
    const first = value(await store.save(draft('full'), full))
    full.settle(first)
    expect(file.writtenBytes).toBeGreaterThan(2000 * PAGE_BYTES)
    fillPage(ram, 3, 9_999)
    fillPage(ram, 1999, 0)
    const before = file.writtenBytes
    const next = shadow.capture(ram)
    expect(next.changedPages).toBe(2)
    const second = value(await store.save(draft('next', { parent: first }), next))
    next.settle(second)
    expect(file.writtenBytes - before).toBeLessThan(14 * PAGE_BYTES)
    expect(isSame(await loaded(store, second, 2000), ram)).toBe(true)
    fillPage(ram, 3, 4)
    fillPage(ram, 1999, 2000)
    expect(isSame(await loaded(store, first, 2000), ram)).toBe(true)
  })

  it('hands over again what could not be stored', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    const ram = ramOf(Array.from({ length: 600 }, (_, page) => page + 1))
    const shadow = new RamShadow(ram.length)
    const first = shadow.capture(ram)
    const id = value(await store.save(draft('one'), first))
    first.settle(id)
    for (let page = 0; page < 600; page += 2) fillPage(ram, page, 10_000 + page)
    file.quota = file.getSize()
    const refused = shadow.capture(ram)
    const before = store.usage()
    expect(kindOf(await store.save(draft('two'), refused))).toBe('quota')
    refused.settle(undefined)
    expect(store.usage()).toEqual(before)
    file.quota = Infinity
    const again = shadow.capture(ram)
    expect(again.changedPages).toBe(300)
    const saved = value(await store.save(draft('two'), again))
    expect(isSame(await loaded(store, saved, 600), ram)).toBe(true)
    const opened = await openStore(new CrashFile(file.bytes))
    expect(isSame(await loaded(opened, saved, 600), ram)).toBe(true)
    expect(opened.usage()).toEqual(store.usage())
  })

  it('has a first capture begun while the guest runs', async () => {
    const store = await openStore(new CrashFile())
    // Three parts, and zeros in each of them.
    const ram = ramOf(Array.from({ length: 2500 }, (_, page) => page % 3))
    const shadow = new RamShadow(ram.length)
    let part = 0
    for (const _ of shadow.approach(() => ram)) {
      fillPage(ram, 10 + part, 0)
      fillPage(ram, 2400 + part, 77)
      part += 1
    }
    expect(part).toBe(3)
    const capture = shadow.capture(ram)
    const id = value(await store.save(draft('one'), capture))
    capture.settle(id)
    expect(isSame(await loaded(store, id, 2500), ram)).toBe(true)
    expect(shadow.capture(ram).changedPages).toBe(0)
  })

  it('starts from zeros again where what it differs from is gone', async () => {
    const store = await openStore(new CrashFile())
    const ram = ramOf([1, 0, 3, 0])
    const shadow = new RamShadow(ram.length)
    const first = shadow.capture(ram)
    first.settle(value(await store.save(draft('one'), first)))
    fillPage(ram, 2, 0)
    shadow.forgetBase()
    const again = shadow.capture(ram)
    expect(again).toMatchObject({ base: undefined, changedPages: 2 })
    const id = value(await store.save(draft('two'), again))
    expect(isSame(await loaded(store, id, 4), ram)).toBe(true)
  })

  it('takes the place of an automatic snapshot in one commit', async () => {
    const store = await openStore(new CrashFile())
    const top = value(await store.save(draft('top'), whole(ramOf([1]))))
    const auto = value(await store.save(draft('auto', { parent: top }), whole(ramOf([2]))))
    const child = value(await store.save(draft('child', { parent: auto }), whole(ramOf([3]))))
    const next = value(await store.save(draft('auto', { parent: auto, replaces: auto }), whole(ramOf([4]))))
    expect(new Map(store.list().map(({ id, parent }) => [id, parent]))).toEqual(
      new Map([
        [top, undefined],
        [child, next],
        [next, top],
      ]),
    )
    expect(isSame(await loaded(store, child, 1), ramOf([3]))).toBe(true)
  })

  it('tells what a snapshot has alone and what it shares', async () => {
    const store = await openStore(new CrashFile())
    const one = value(await store.save(draft('one'), whole(ramOf([1, 2, 3, 4]))))
    const two = value(await store.save(draft('two'), whole(ramOf([1, 2, 3, 5]))))
    const used = store.usage().liveBytes
    const own = store.list().find(({ id }) => id === two)?.ownBytes ?? 0
    expect(store.list().map(({ sharedBytes }) => sharedBytes)).toEqual([3 * PAGE_BYTES, 3 * PAGE_BYTES])
    value(await store.remove(two))
    expect(store.usage().liveBytes).toBe(used - own)
    expect(isSame(await loaded(store, one, 4), ramOf([1, 2, 3, 4]))).toBe(true)
  })

  it('gives a removed snapshot’s children to its parent, and says that it is gone', async () => {
    const store = await openStore(new CrashFile())
    const a = value(await store.save(draft('a'), whole(ramOf([1]))))
    const b = value(await store.save(draft('b', { parent: a }), whole(ramOf([2]))))
    const c = value(await store.save(draft('c', { parent: b }), whole(ramOf([3]))))
    value(await store.remove(b))
    expect(store.list().map(({ id, parent }) => [id, parent])).toEqual([
      [a, undefined],
      [c, a],
    ])
    expect(kindOf(await store.load(b, MACHINE, new Uint8Array(PAGE_BYTES)))).toBe('missing')
    expect(kindOf(await store.remove(b))).toBe('missing')
    expect(kindOf(await store.save(draft('d'), { ...whole(ramOf([1])), base: b }))).toBe('missing')
  })

  it('renames', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    const id = value(await store.save(draft('a'), whole(ramOf([1]))))
    value(await store.describe(id, { name: 'b', note: 'why' }))
    expect((await openStore(new CrashFile(file.bytes))).list()).toMatchObject([{ name: 'b', note: 'why' }])
    expect(kindOf(await store.describe(id, { name: 'x'.repeat(201), note: '' }))).toBe('too-large')
  })

  it('refuses a machine that differs', async () => {
    const store = await openStore(new CrashFile())
    const id = value(await store.save(draft('a'), whole(ramOf([1]))))
    const other = { ...MACHINE, engine: 'test-2' }
    const result = await store.load(id, other, new Uint8Array(PAGE_BYTES))
    expect(kindOf(result)).toBe('mismatch')
    expect(result).toMatchObject({ error: { message: expect.stringContaining('engine test-1, not test-2') } })
    expect(kindOf(await store.load(id, MACHINE, new Uint8Array(2 * PAGE_BYTES)))).toBe('mismatch')
  })

  it('gives room back after a collection, every snapshot as it was', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    const big = ramOf(Array.from({ length: 1500 }, (_, page) => page + 1))
    const old = value(await store.save(draft('old'), whole(big)))
    const kept: [string, Uint8Array][] = []
    for (const seed of [10_000, 20_000, 30_000]) {
      const ram = ramOf(Array.from({ length: 1500 }, (_, page) => (page < 40 ? seed + page : page % 7)))
      kept.push([value(await store.save(draft(`at ${seed}`), whole(ram))), ram])
    }
    value(await store.remove(old))
    const before = store.usage()
    value(await store.collect())
    const after = store.usage()
    expect(after.liveBytes).toBe(before.liveBytes)
    expect(after.fileBytes).toBeLessThan(before.fileBytes / 4)
    expect(file.getSize()).toBe(after.fileBytes)
    for (const opened of [store, await openStore(new CrashFile(file.bytes))])
      for (const [id, ram] of kept) expect(isSame(await loaded(opened, id, 1500), ram)).toBe(true)
  })

  it('compares bytes before it believes a hash', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    const first = value(await store.save(draft('one'), whole(ramOf([5, 6]))))
    // The stored page 5 is damaged on the device: its hash still proposes it.
    const bytes = file.bytes
    const at = bytes.findIndex((_, i) => i % PAGE_BYTES === 0 && i > 8192 && isPage(bytes, i, 5))
    file.write(Uint8Array.of(99), { at: at + 100 })
    expect(kindOf(await store.load(first, MACHINE, new Uint8Array(2 * PAGE_BYTES)))).toBe('corrupt')
    const second = value(await store.save(draft('two'), whole(ramOf([5, 6]))))
    expect(isSame(await loaded(store, second, 2), ramOf([5, 6]))).toBe(true)
  })
})

function isPage(bytes: Uint8Array, at: number, content: number): boolean {
  const page = ramOf([content])
  return page.every((byte, i) => bytes[at + i] === byte)
}
