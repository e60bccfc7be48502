import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allot, guestProcessors, type Claim } from '../../src/hypercore/scheduler.ts'

const claim = fc.record({
  demandPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  capPercent: fc.integer({ min: 1, max: 100 }),
  weight: fc.integer({ min: 1, max: 1000 }),
})
const rounds = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.array(claim, { maxLength: 12 }))

/** Slack for sums of doubles. */
const EPSILON = 1e-6

type Row = Claim & { share: number; grant: number; compile: number }

function run(processors: number, claims: readonly Claim[]): Row[] {
  const allotments = allot(processors, claims)
  expect(allotments.length).toBe(claims.length)
  return claims.map(({ demandPercent, capPercent, weight }, index) => ({
    demandPercent,
    capPercent,
    weight,
    share: allotments[index]?.sharePercent ?? Number.NaN,
    grant: allotments[index]?.grantPercent ?? Number.NaN,
    compile: allotments[index]?.compilePercent ?? Number.NaN,
  }))
}

function total(rows: readonly Row[]): number {
  return rows.reduce((sum, { share }) => sum + share, 0)
}

/** It wants more and may have more. */
function hungry(row: Row): boolean {
  return row.share < Math.min(row.demandPercent, row.capPercent) - EPSILON
}

/** Checks `law` on random rounds; the answer shows the counterexample. */
function check(law: (rows: readonly Row[], processors: number) => boolean) {
  return fc.check(
    fc.property(rounds, ([processors, claims]) => law(run(processors, claims), processors)),
    { numRuns: 1000 },
  )
}

const busy = (weight = 100, capPercent = 100): Claim => ({ demandPercent: 100, capPercent, weight })
const idle: Claim = { demandPercent: 2, capPercent: 100, weight: 100 }

describe('the scheduler', () => {
  it('never shares out more than the processors have', () => {
    expect(check((rows, processors) => total(rows) <= processors * 100 + EPSILON)).toMatchObject({
      failed: false,
    })
  })

  it('gives nobody more than demand or cap, and grants whole percents within the cap', () => {
    const law = (rows: readonly Row[]): boolean =>
      rows.every(
        ({ share, grant, demandPercent, capPercent }) =>
          share <= Math.min(demandPercent, capPercent) + EPSILON &&
          Number.isInteger(grant) &&
          grant >= 1 &&
          grant <= capPercent,
      )
    expect(check(law)).toMatchObject({ failed: false })
  })

  it('leaves no processor idle while someone wants more and may have it', () => {
    expect(
      check((rows, processors) => !rows.some(hungry) || total(rows) >= processors * 100 - EPSILON),
    ).toMatchObject({ failed: false })
  })

  it('lets nobody go short while another has more for its weight (max-min fairness)', () => {
    const law = (rows: readonly Row[]): boolean =>
      rows
        .filter(hungry)
        .every((poor) => rows.every((rich) => rich.share / rich.weight <= poor.share / poor.weight + EPSILON))
    expect(check(law)).toMatchObject({ failed: false })
  })

  it('grants at least the share, rounding apart', () => {
    expect(check((rows) => rows.every(({ share, grant }) => grant >= share - 0.5))).toMatchObject({
      failed: false,
    })
  })

  it('gives everyone their cap where the processors suffice', () => {
    expect(run(2, [busy(), busy(100, 30), idle]).map(({ grant }) => grant)).toEqual([100, 30, 100])
  })

  it('divides a contended processor by weight', () => {
    expect(run(1, [busy(300), busy(100)]).map(({ grant }) => grant)).toEqual([75, 25])
  })

  it('hands what a cap leaves to the others', () => {
    expect(run(1, [busy(100, 20), busy(), busy()]).map(({ grant }) => grant)).toEqual([20, 40, 40])
  })

  it('lets an idle guest wake at the level of the busy ones', () => {
    expect(run(1, [idle, busy(), busy()])[0]?.grant).toBe(49)
  })

  it('leaves the page half a processor, and a quarter of the only one', () => {
    expect([1, 2, 4, 16].map((count) => guestProcessors(count))).toEqual([0.75, 1.5, 3.5, 15.5])
  })

  it('has what guests leave spent on compiling for the one that works', () => {
    const [worker, other] = run(1.3, [busy(), idle])
    expect(worker?.compile).toBe(30)
    expect(other?.compile).toBe(20)
  })

  it('has no more than two fifths of a processor spent on compiling for one guest, whatever is left', () => {
    expect(run(8, [busy()])[0]?.compile).toBe(40)
  })

  it('has a fifth of each grant spent on compiling where nothing is left', () => {
    expect(run(1.5, [busy(), busy()]).map(({ compile }) => compile)).toEqual([20, 20])
    expect(run(1.5, [busy(), busy(), busy()]).map(({ compile }) => compile)).toEqual([10, 10, 10])
  })

  it('has no more spent on compiling than a guest may execute, in whole tens', () => {
    const law = (rows: readonly Row[]): boolean =>
      rows.every(
        ({ compile, grant }) => compile >= 10 && compile % 10 === 0 && compile <= Math.max(10, grant + 5),
      )
    expect(check(law)).toMatchObject({ failed: false })
  })
})
