/**
 * Snapshots of the primary in the built product: how long it stands still, how long the store takes, how soon a clone and a
 * restored guest answer a key, and what twenty snapshots take beside twenty full ones. Beside them, bare v86's own save_state,
 * which copies everything while the guest stands still, and restore_state, of the same guest with the same memory.
 */

import type { Browser } from 'playwright-core'
import { withQuietBrowser } from './quiet-browser.ts'
import { REST_MS } from './start.ts'
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
  /** Bare v86: until the state is a buffer in memory, and from the call to restore it to the answer to a key. */
  readonly bareSaveMs: number
  readonly bareRestoreMs: number
  readonly count: number
  readonly storeBytes: number
  /** What as many full snapshots would take, pages of zeros left out. */
  readonly separateBytes: number
}

const COUNT = 20
const ROUNDS = 3

/** What the goals are said of. */
const MEMORY_MIB = 96

async function measureBare(browser: Browser, url: string) {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${url}?primary`)
  const figures = await page.evaluate(async (rounds) => {
    const guest = await globalThis.barePrimary
    if (guest === undefined) throw new Error('no machine')
    const shows = async (text: string): Promise<void> => {
      while (!guest.text().includes(text)) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    let marks = 0
    const answer = async (): Promise<void> => {
      marks += 1
      guest.type(`echo mark-$((${marks} + 0))-\r`)
      await shows(`mark-${marks}-`)
    }
    const time = async (act: () => Promise<unknown>): Promise<number> => {
      const startedAt = performance.now()
      await act()
      return performance.now() - startedAt
    }
    await shows('# ')
    const [saves, restores]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      await answer()
      let state = new ArrayBuffer()
      saves.push(
        await time(async () => {
          state = await guest.save()
        }),
      )
      restores.push(
        await time(async () => {
          await guest.restore(state)
          await answer()
        }),
      )
    }
    return { saves, restores }
  }, ROUNDS)
  await context.close()
  return { bareSaveMs: median(figures.saves), bareRestoreMs: median(figures.restores) }
}

export async function measureSnapshots(
  browser: Browser,
  url: string,
  bareUrl: string,
): Promise<SnapshotFigures> {
  const bare = await measureBare(browser, bareUrl)
  const raw = await withQuietBrowser(async (open) => {
    const page = await open()
    await page.visit(`${url}?boot=primary`, (marks) => marks['ready:primary'] !== undefined)
    return page.run(
      async ({ count, rounds, memoryMiB, restMs }) => {
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
        // What ended is cleared away, and nobody clones twice within a second.
        const rest = () => new Promise((resolve) => setTimeout(resolve, restMs))
        const clones: number[] = []
        for (let round = 0; round < rounds; round += 1) {
          await rest()
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
        for (let round = 0; round < rounds; round += 1) {
          await rest()
          restores.push(
            await time(async () => {
              await api.restore(ids[round] ?? '')
              await answer(guest)
            }),
          )
        }
        return { fulls, incremental, clones, restores, pauses, storeBytes, separateBytes, count: ids.length }
      },
      { count: COUNT, rounds: ROUNDS, memoryMiB: MEMORY_MIB, restMs: REST_MS },
    )
  })
  return {
    fullPauseMs: median(raw.pauses.slice(0, ROUNDS)),
    fullMs: median(raw.fulls),
    incrementalPauseMs: median(raw.pauses.slice(ROUNDS)),
    incrementalMs: median(raw.incremental),
    cloneMs: median(raw.clones),
    restoreMs: median(raw.restores),
    ...bare,
    count: raw.count,
    storeBytes: raw.storeBytes,
    separateBytes: raw.separateBytes,
  }
}
