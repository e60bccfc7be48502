/** The disk overlay against an array of bytes, with the power failing in any operation on its file. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Crash, CrashFile } from '../pages/crash-file.ts'
import { value } from '../pages/store-model.ts'
import { filled, memoryBase, openOverlay, patternOf } from './overlay-model.ts'

const SECTOR = 512
const SECTORS = 80
const BASE = patternOf(SECTORS * SECTOR)

type Step =
  | { readonly kind: 'write'; readonly sector: number; readonly count: number; readonly seed: number }
  | { readonly kind: 'zero'; readonly sector: number; readonly count: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'import'; readonly seed: number }

const sector = fc.nat(SECTORS - 1)
const count = fc.integer({ min: 1, max: 24 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('write' as const), sector, count, seed: fc.nat(99) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('zero' as const), sector, count }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('import' as const), seed: fc.nat(99) }) },
)

/** `now` is what a guest reads, `durable` what must be there after a crash. */
type Model = { readonly now: Uint8Array<ArrayBuffer>; readonly durable: Uint8Array<ArrayBuffer> }

function bytesOf(step: { sector: number; count: number; seed?: number }): Uint8Array<ArrayBuffer> {
  const length = Math.min(step.count, SECTORS - step.sector) * SECTOR
  return step.seed === undefined ? new Uint8Array(length) : filled(length, step.seed)
}

function after({ now, durable }: Model, step: Step): Model {
  if (step.kind === 'flush') return { now, durable: now }
  if (step.kind === 'reset') return { now: BASE, durable: BASE }
  if (step.kind === 'import') {
    const image = filled(BASE.length, step.seed)
    return { now: image, durable: image }
  }
  const next = now.slice()
  next.set(bytesOf(step), step.sector * SECTOR)
  return { now: next, durable }
}

/** The store says what its file said. */
function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && error.cause instanceof Crash)
}

async function runUntilCrash(
  file: CrashFile,
  steps: readonly Step[],
  start: Uint8Array<ArrayBuffer>,
  late: boolean,
): Promise<Uint8Array[]> {
  let model: Model = { now: start, durable: start }
  let next = model
  try {
    const disk = await openOverlay(file, memoryBase(BASE, late))
    for (const step of steps) {
      next = after(model, step)
      if (step.kind === 'flush') await disk.flush()
      else if (step.kind === 'reset') value(await disk.reset())
      else if (step.kind === 'import') value(await disk.import(new Blob([filled(BASE.length, step.seed)])))
      else await disk.write(step.sector * SECTOR, bytesOf(step))
      model = next
      expect(Buffer.compare(await disk.read(0, disk.size), model.now)).toBe(0)
    }
  } catch (error) {
    if (!isCrash(error)) throw error
    return [model.durable, next.durable]
  }
  return [model.durable]
}

describe('the disk overlay, when the power fails', () => {
  it('is what it was at the last flush that returned, or at the one under way', async () => {
    let crashes = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 14 }), { minLength: 2, maxLength: 4 }),
        fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }),
        fc.integer(),
        fc.boolean(),
        fc.boolean(),
        async (lives, instants, seed, isOrdered, late) => {
          let file = new CrashFile()
          let content: Uint8Array<ArrayBuffer> = BASE
          for (const [life, steps] of lives.entries()) {
            file.crashAt = instants[life] ?? Infinity
            const allowed = await runUntilCrash(file, steps, content, late)
            if (file.operations > file.crashAt) crashes += 1
            // Where the steps ended first, the power fails now.
            else file.crashAt = file.operations
            file = file.afterCrash(seed + life, isOrdered)
            const disk = await openOverlay(new CrashFile(file.bytes), memoryBase(BASE, late))
            const found = await disk.read(0, disk.size)
            expect(allowed.some((candidate) => Buffer.compare(candidate, found) === 0)).toBe(true)
            content = new Uint8Array(found)
          }
        },
      ),
      { numRuns: 150 },
    )
    // The test is about crashes: many lives must have had one.
    expect(crashes).toBeGreaterThan(100)
  })
})
