/**
 * Snapshots are taken of a running guest one after another; the browser is killed with SIGKILL at a random instant and
 * opened again with the same profile. The store then lists every snapshot that was answered, perhaps the one that was under
 * way, and nothing else; and every listed one loads, whole. SNAPSHOT_KILLS sets how many, SNAPSHOT_KILL_SEED the instants.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, inject, test } from 'vitest'
import { randomFrom } from '../storage/pages/crash-file.ts'
import { KillableBrowser } from '../support/killable-browser.ts'
import { untilReady } from './driver.ts'

const KILLS = Number(process.env['SNAPSHOT_KILLS'] ?? 8)
const SEED = Number(process.env['SNAPSHOT_KILL_SEED'] ?? Date.now() % 1_000_000)

/** Longest time from a run's first answered snapshot to its kill: one or two more are begun in it. Milliseconds. */
const AFTER_FIRST = 2000

const folder = mkdtempSync(join(tmpdir(), 'hyperspace-snapshot-kill-'))
const profile = join(folder, 'profile')
let browser: KillableBrowser | undefined

afterAll(async () => {
  await browser?.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** The browser with a guest of its own in it, and the names of the snapshots that the store lists. */
async function open(): Promise<{ page: Page; id: string; listed: string[] }> {
  browser = await KillableBrowser.launch(profile)
  const { page } = browser
  await page.goto(`${inject('productUrl')}?boot=primary`)
  const id = await page.evaluate(async () => {
    const api = globalThis.hypercore
    await api.ready
    const id = await api.create({ appliance: 'management' })
    await api.start(id)
    return id
  })
  await untilReady(page, [id])
  const listed = await page.evaluate(async () => {
    const api = globalThis.hypercore
    // Asking for one that is not there waits until the store is open.
    await api.removeSnapshot('00'.repeat(16)).catch(() => undefined)
    return api.snapshots().map(({ name, state }) => (state === 'sound' ? name : `damaged: ${name}`))
  })
  return { page, id, listed }
}

test(
  `has the old list or the new one after each of ${KILLS} kills, and everything in it loads (seed ${SEED})`,
  async () => {
    const random = randomFrom(SEED)
    const answered: string[] = []
    let underWay: string | undefined
    for (let round = 0; round <= KILLS; round += 1) {
      const { page, id, listed } = await open()
      const isThere = underWay !== undefined && listed.includes(underWay)
      if (underWay !== undefined && isThere) answered.push(underWay)
      expect(listed).toEqual(answered)
      const loaded = await page.evaluate(async () => {
        const api = globalThis.hypercore
        // Exporting reads every page and checks it.
        const sizes = await Promise.all(
          api.snapshots().map(async ({ id }) => (await api.exportSnapshot(id)).size),
        )
        return sizes.every((size) => size > 100_000)
      })
      expect(loaded).toBe(true)
      if (round === KILLS) break
      const said: string[] = []
      let first: () => void = () => undefined
      const firstTaken = new Promise<void>((resolve) => {
        first = resolve
      })
      await page.exposeFunction('said', (words: string) => {
        said.push(words)
        if (words.startsWith('taken ')) first()
      })
      const running = page.evaluate(
        async ([id, round]) => {
          const api = globalThis.hypercore
          const tell: unknown = Reflect.get(globalThis, 'said')
          if (typeof tell !== 'function') throw new Error('nobody listens')
          for (let at = 0; ; at += 1) {
            const name = `${round}-${at}`
            await tell(`begun ${name}`)
            api.console(id).write(`head -c 200000 /dev/urandom > /tmp/f${at % 3}\r`)
            await api.snapshot(id, name)
            await tell(`taken ${name}`)
          }
        },
        [id, round] as const,
      )
      // It ends with the browser.
      running.catch(() => undefined)
      await firstTaken
      await new Promise((resolve) => setTimeout(resolve, random() * AFTER_FIRST))
      await browser?.kill()
      browser = undefined
      answered.push(...said.flatMap((words) => /^taken (.*)/.exec(words)?.[1] ?? []))
      const last = said.at(-1)
      underWay = last?.startsWith('begun ') === true ? last.slice('begun '.length) : undefined
    }
    expect(answered.length).toBeGreaterThan(0)
  },
  120_000 + KILLS * 60_000,
)
