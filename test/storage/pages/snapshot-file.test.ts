import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { PAGE_BYTES } from '../../../src/storage/pages/slot-file.ts'
import { PageStore } from '../../../src/storage/pages/page-store.ts'
import { CrashFile } from './crash-file.ts'
import { draft, kindOf, MACHINE, openStore, ramOf, read, value, whole } from './store-model.ts'

const RAM = ramOf([1, 0, 2, 3, 3, 0, 4])

async function exported(): Promise<Uint8Array<ArrayBuffer>> {
  const store = await openStore(new CrashFile())
  const more = { note: 'n', thumbnail: Uint8Array.of(9, 8, 7) }
  const id = value(await store.save(draft('to go', more), whole(RAM)))
  return new Uint8Array(await value(await store.export(id)).arrayBuffer())
}

async function importInto(file: CrashFile, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return kindOf(await (await openStore(file)).import(new Blob([bytes]), 'clone'))
}

/** What becomes of each snapshot of a store whose file is `bytes`; then all are removed and one is saved anew. */
async function outcomesOf(
  bytes: Uint8Array<ArrayBuffer>,
  wanted: ReadonlyMap<string, Uint8Array>,
): Promise<string[]> {
  const opened = await PageStore.open(new CrashFile(bytes))
  if (!opened.ok) return [opened.error.kind === 'io' ? 'io' : 'refused']
  const store = opened.value
  const outcomes: string[] = []
  for (const { id, name } of store.list()) {
    const ram = new Uint8Array(3 * PAGE_BYTES)
    const result = await store.load(id, MACHINE, ram)
    const isSame = Buffer.compare(ram, wanted.get(name) ?? new Uint8Array()) === 0
    outcomes.push(result.ok ? (isSame ? 'same' : 'different') : result.error.kind)
  }
  for (const { id } of store.list()) value(await store.remove(id))
  value(await store.save(draft('new'), whole(RAM)))
  return outcomes
}

describe('an exported snapshot', () => {
  let bytes: Uint8Array<ArrayBuffer>
  beforeAll(async () => {
    bytes = await exported()
  })

  it('is the same snapshot in another store, of the domain asked for', async () => {
    const store = await openStore(new CrashFile())
    const id = value(await store.import(new Blob([bytes]), 'clone'))
    expect(store.list()).toMatchObject([
      { id, domain: 'clone', parent: undefined, name: 'to go', note: 'n', machine: MACHINE },
    ])
    const { ram, deviceState } = await read(store, id, RAM.length)
    expect(Buffer.compare(ram, RAM)).toBe(0)
    expect(new TextDecoder().decode(deviceState)).toBe('device state of to go')
    expect(value(await store.thumbnail(id))).toEqual(Uint8Array.of(9, 8, 7))
  })

  it('shares its pages with those that are there already', async () => {
    const store = await openStore(new CrashFile())
    value(await store.import(new Blob([bytes]), 'a'))
    const before = store.usage().liveBytes
    value(await store.import(new Blob([bytes]), 'b'))
    // A record alone: table, pages, device state and picture are the same.
    expect(store.usage().liveBytes).toBe(before + PAGE_BYTES)
  })

  it('is refused as truncated wherever it ends early, and leaves the store as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 1 }), async (length) => {
        const file = new CrashFile()
        const store = await openStore(file)
        const before = store.usage()
        expect(kindOf(await store.import(new Blob([bytes.slice(0, length)]), 'x'))).toBe('truncated')
        expect(store.usage()).toEqual(before)
        expect(store.list()).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('is refused for any changed byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] ?? 0) ^ mask
        const expected = at < 8 ? 'foreign' : at < 12 ? 'version' : 'corrupt'
        expect(await importInto(new CrashFile(), damaged)).toBe(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('is refused when something follows, and when it is no file of ours', async () => {
    expect(await importInto(new CrashFile(), new Uint8Array([...bytes, 0]))).toBe('corrupt')
    expect(await importInto(new CrashFile(), new Uint8Array())).toBe('foreign')
    expect(await importInto(new CrashFile(), new TextEncoder().encode('PK\u0003\u0004 a zip'))).toBe(
      'foreign',
    )
    const huge = new Blob(['HSSNAP'])
    Object.defineProperty(huge, 'size', { value: 2 ** 33 })
    const store = await openStore(new CrashFile())
    expect(kindOf(await store.import(huge, 'x'))).toBe('too-large')
  })
})

describe('a store file', () => {
  it('is refused when it is another’s, of a newer version, or has lost its roots', async () => {
    const file = new CrashFile()
    const store = await openStore(file)
    value(await store.save(draft('a'), whole(RAM)))
    const open = async (change: (bytes: Uint8Array) => void): Promise<string> => {
      const { bytes } = file
      change(bytes)
      return kindOf(await PageStore.open(new CrashFile(bytes)))
    }
    expect(await open(() => {})).toBe('ok')
    expect(await open((bytes) => bytes.fill(0x41, 0, 8192))).toBe('foreign')
    expect(await open((bytes) => bytes.fill(0x41, 500, 8192))).toBe('corrupt')
  })

  it('never gives out damaged pages, whichever byte of it changes, and keeps what is sound', async () => {
    const filled = new CrashFile()
    const store = await openStore(filled)
    value(await store.save(draft('one'), whole(ramOf([1, 2, 3]))))
    value(await store.save(draft('two'), whole(ramOf([4, 5, 3]))))
    const wanted = new Map([
      ['one', ramOf([1, 2, 3])],
      ['two', ramOf([4, 5, 3])],
    ])
    const used = 8192 + 4096 + store.usage().liveBytes + 4096
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(fc.nat(used), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const { bytes } = filled
        bytes[at] = (bytes[at] ?? 0) ^ mask
        const outcomes = await outcomesOf(bytes, wanted)
        for (const outcome of outcomes) seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      }),
      { numRuns: 200 },
    )
    // A changed byte in a free slot or a spare root record harms nothing; all else is noticed, and nothing else happens.
    expect([...seen.keys()].toSorted()).toEqual(['corrupt', 'refused', 'same'])
    expect(seen.get('corrupt')).toBeGreaterThan(20)
  })
})
