/**
 * Snapshots of the primary in the built product: how long it stands still, how long the store takes, how soon a clone and a
 * restored guest answer a key, and what twenty snapshots take beside twenty full ones.
 */

import type { Browser } from 'playwright-core'
import { median } from './statistics.ts'

export type SnapshotFigures = {
  /** Milliseconds that the guest stood still, and until the snapshot was stored. */
  readonly fullPauseMs: number
  readonly fullMs: number
  readonly incrementalPauseMs: number
  readonly incrementalMs: number
  /** From the call to the answer to a key. */
  readonly cloneMs: number
  readonly restoreMs: number
  readonly count: number
  readonly storeBytes: number
  /** What as many full snapshots would take, pages of zeros left out. */
  readonly separateBytes: number
}

const COUNT = 20
const ROUNDS = 3

/** What the goals are said of. */
const MEMORY_MIB = 96

/** A cold boot on a machine that does something else, too. */
const PATIENCE = 110_000

export async function measureSnapshots(browser: Browser, url: string): Promise<SnapshotFigures> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(`${url}?boot=primary`)
  await page.waitForFunction(
    () => globalThis.hypercore?.domains().some(({ id, ready }) => id === 'primary' && ready),
    undefined,
    { timeout: PATIENCE },
  )
  const raw = await page.evaluate(
    async ({ count, rounds, memoryMiB }) => {
      const api = globalThis.hypercore
      const pauses: number[] = []
      api.on('log', ({ text }) => {
        const pause = / taken; (\d+) ms of pause/.exec(text)?.[1]
        if (pause !== undefined) pauses.push(Number(pause))
      })
      let separateBytes = 0
      let storeBytes = 0
      api.on('snapshots', ({ storage }) => {
        if (storage.kind !== 'open') return
        separateBytes = storage.usage.separateBytes
        storeBytes = storage.usage.liveBytes
      })
      let marks = 0
      const answer = async (id: string) => {
        marks += 1
        const shell = api.console(id)
        shell.write(`echo mark-$((${marks} + 0))-\r`)
        await shell.waitFor(new RegExp(`^mark-${marks}-`, 'm'))
      }
      const time = async (act: () => Promise<unknown>) => {
        const startedAt = performance.now()
        await act()
        return performance.now() - startedAt
      }
      const ready = (id: string) =>
        new Promise<void>((resolve) => {
          const look = () => {
            if (api.domains().some((domain) => domain.id === id && domain.ready)) resolve()
          }
          api.on('domain', look)
          look()
        })
      // The first of a guest is whole: of several guests, one after the other.
      const fulls: number[] = []
      let ids: string[] = []
      let guest = ''
      const take = async () => void ids.push(await api.snapshot(guest, `round ${ids.length}`))
      while (fulls.length < rounds) {
        if (guest !== '') {
          for (const id of ids) await api.removeSnapshot(id)
          await api.kill(guest)
          await api.remove(guest)
        }
        ids = []
        guest = await api.create({ appliance: 'primary', memoryMiB })
        await api.start(guest)
        await ready(guest)
        await answer(guest)
        fulls.push(await time(take))
      }
      const incremental: number[] = []
      while (ids.length < count) {
        await answer(guest)
        incremental.push(await time(take))
      }
      const clones: number[] = []
      for (let round = 0; round < rounds; round += 1) {
        let id = ''
        clones.push(
          await time(async () => {
            id = await api.clone(guest)
            await answer(id)
          }),
        )
        await api.kill(id)
        await api.remove(id)
      }
      const restores: number[] = []
      for (let round = 0; round < rounds; round += 1)
        restores.push(
          await time(async () => {
            await api.restore(ids[round] ?? '')
            await answer(guest)
          }),
        )
      return { fulls, incremental, clones, restores, pauses, storeBytes, separateBytes, count: ids.length }
    },
    { count: COUNT, rounds: ROUNDS, memoryMiB: MEMORY_MIB },
  )
  await context.close()
  return {
    fullPauseMs: median(raw.pauses.slice(0, ROUNDS)),
    fullMs: median(raw.fulls),
    incrementalPauseMs: median(raw.pauses.slice(ROUNDS)),
    incrementalMs: median(raw.incremental),
    cloneMs: median(raw.clones),
    restoreMs: median(raw.restores),
    count: raw.count,
    storeBytes: raw.storeBytes,
    separateBytes: raw.separateBytes,
  }
}
