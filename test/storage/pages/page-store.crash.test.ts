/** The page store against a model, with the power failing in any operation on its file. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PageStore } from '../../../src/storage/pages/page-store.ts'
import { PAGE_BYTES } from '../../../src/storage/pages/slot-file.ts'
import { Crash, CrashFile } from './crash-file.ts'
import { draft, openStore, ramOf, read, value, whole } from './store-model.ts'

const PAGES = 6

/** What the store must hold: by name of the snapshot the contents of its pages. */
type Model = ReadonlyMap<string, readonly number[]>

type Step =
  | { readonly kind: 'save'; readonly contents: readonly number[]; readonly base: number }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'collect' }

const contents = fc.array(fc.nat(12), { minLength: PAGES, maxLength: PAGES })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('save' as const), contents, base: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('collect' as const) }) },
)

async function contentsOf(store: PageStore): Promise<Model> {
  const found = new Map<string, readonly number[]>()
  for (const { id, name, state } of store.list()) {
    expect(state).toBe('sound')
    const { ram, deviceState } = await read(store, id, PAGES * PAGE_BYTES)
    expect(new TextDecoder().decode(deviceState)).toBe(`device state of ${name}`)
    const words = new Uint32Array(ram.buffer)
    // The first word of a page is its content, and the page must be that all through.
    const pages = Array.from({ length: PAGES }, (_, page) => words[page * (PAGE_BYTES / 4)] ?? -1)
    expect(Buffer.compare(ram, ramOf(pages))).toBe(0)
    found.set(name, pages)
  }
  return found
}

function after(model: Model, step: Step, name: string): Model {
  const next = new Map(model)
  if (step.kind === 'save') next.set(name, step.contents)
  if (step.kind === 'remove') {
    const gone = [...model.keys()][step.which % Math.max(1, model.size)]
    if (gone !== undefined) next.delete(gone)
  }
  return next
}

async function run(store: PageStore, step: Step, name: string): Promise<void> {
  const kept = store.list()
  if (step.kind === 'collect') return value(await store.collect())
  if (step.kind === 'remove') {
    const gone = kept[step.which % Math.max(1, kept.length)]
    if (gone !== undefined) value(await store.remove(gone.id))
    return
  }
  const ram = ramOf(step.contents)
  const base = step.base < kept.length ? kept[step.base] : undefined
  // With a base every page is handed over all the same; the store must not write what it has.
  value(await store.save(draft(name, { parent: base?.id }), { ...whole(ram), base: base?.id }))
}

/** Runs until the power fails or the steps end; the states that are right afterwards. */
async function runUntilCrash(
  file: CrashFile,
  steps: readonly Step[],
  model: Model,
  prefix: string,
): Promise<Model[]> {
  let now = model
  try {
    const store = await openStore(file)
    for (const [index, step] of steps.entries()) {
      const next = after(now, step, `${prefix}${index}`)
      try {
        await run(store, step, `${prefix}${index}`)
      } catch (error) {
        if (isCrash(error)) return [now, next]
        throw error
      }
      now = next
    }
  } catch (error) {
    if (!isCrash(error)) throw error
  }
  return [now]
}

/** The store says what its file said. */
function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && error.cause instanceof Crash)
}

describe('the page store, when the power fails', () => {
  it('has the old state or the new one, never a mix, and goes on from there', async () => {
    let crashes = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 }),
        fc.array(fc.nat(60), { minLength: 4, maxLength: 4 }),
        fc.integer(),
        fc.boolean(),
        async (lives, instants, seed, isOrdered) => {
          let file = new CrashFile()
          let model: Model = new Map()
          for (const [life, steps] of lives.entries()) {
            file.crashAt = instants[life] ?? Infinity
            const allowed = await runUntilCrash(file, steps, model, `${life}.`)
            if (file.operations > file.crashAt) crashes += 1
            file = file.afterCrash(seed + life, isOrdered)
            const store = await openStore(new CrashFile(file.bytes))
            const found = await contentsOf(store)
            const match = allowed.find(
              (candidate) => JSON.stringify([...candidate]) === JSON.stringify([...found]),
            )
            expect(match, `${JSON.stringify([...found])} is no state it may have`).toBeDefined()
            model = found
          }
        },
      ),
      { numRuns: 100 },
    )
    // The test is about crashes: most lives must have had one.
    expect(crashes).toBeGreaterThan(100)
  })

  it('survives a failure in each single operation of a save, a removal and a collection', async () => {
    const filled = new CrashFile()
    const first = await openStore(filled)
    for (const [index, pages] of [
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 0, 0, 7],
      [8, 8, 8, 8, 8, 8],
    ].entries())
      value(await first.save(draft(`s${index}`), whole(ramOf(pages))))
    const steps: Step[] = [
      { kind: 'save', contents: [1, 9, 3, 4, 10, 0], base: 0 },
      { kind: 'remove', which: 0 },
      { kind: 'collect' },
    ]
    const model = await contentsOf(await openStore(new CrashFile(filled.bytes)))
    const rehearsal = new CrashFile(filled.bytes)
    await runUntilCrash(rehearsal, steps, model, 'n')
    expect(rehearsal.operations).toBeGreaterThan(15)
    for (let instant = 0; instant < rehearsal.operations; instant += 1)
      for (let seed = 0; seed < 6; seed += 1) {
        const file = new CrashFile(filled.bytes)
        file.crashAt = instant
        const allowed = (await runUntilCrash(file, steps, model, 'n')).map((m) => JSON.stringify([...m]))
        const store = await openStore(file.afterCrash(seed * 1000 + instant, seed === 0))
        expect(allowed).toContain(JSON.stringify([...(await contentsOf(store))]))
      }
  })
})
