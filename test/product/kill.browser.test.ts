/**
 * The browser is killed with SIGKILL at random instants and opened again with the same profile, while one guest writes
 * numbered records to its disk, syncs, and says each number on its console, and while snapshots of another are taken and
 * removed. After each kill
 *
 * - every record whose number had come out is on the disk, whole and in order. The disk is exported for that and looked at
 *   outside: `e2fsck -p` replays the journal on a copy, as any mount would do first, and must need nothing beyond, and
 *   `e2fsck -fn` then finds nothing at all;
 * - the snapshot store lists what it was asked to keep, with or without the step that was under way, and every snapshot
 *   in it loads (support/killed-store.ts).
 *
 * Every third kill falls into the guest's boot, when the journal of the kill before is replayed. KILLS sets how many (200
 * for a long run), KILL_SEED the instants.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, inject, test } from 'vitest'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { encodeNvram } from '../../src/firmware/nvram.ts'
import { randomFrom } from '../storage/pages/crash-file.ts'
import { linesOnDisk, saveDisk } from '../support/exported-disk.ts'
import { KillableBrowser } from '../support/killable-browser.ts'
import { KilledStore } from '../support/killed-store.ts'

const KILLS = Number(process.env['KILLS'] ?? 25)
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000)

/** Longest time from the first record, or from the start of a boot, to a kill. Milliseconds. */
const AFTER_FIRST_RECORD = 1000
const AFTER_START = 2000

/** Before the first: of eight digits, as all of them. */
const FIRST = 10_000_000

/**
 * One line each; a second file is cut off and written anew, so that blocks are freed and taken again. Nothing but the
 * shell and its sync, so that many records are under way.
 */
const WRITER =
  `n=$(tail -n 1 /root/records 2>/dev/null | cut -c 8-15); n=\${n:-${FIRST}}; ` +
  'while n=$((n + 1)); do line="record $n $((n * 7919 % 99999989))"; echo "$line" >> /root/records; ' +
  'echo "$line" > /root/last; sync; echo "on disk: $n"; done'

function isWhole(line: string): boolean {
  const [, number, check] = /^record (\d{8}) (\d+)$/.exec(line) ?? []
  return (Number(number) * 7919) % 99_999_989 === Number(check)
}

const folder = mkdtempSync(join(tmpdir(), 'hyperspace-kill-'))
const profile = join(folder, 'profile')
let browser: KillableBrowser | undefined

afterAll(async () => {
  await browser?.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** No guest starts by itself, and the product is kept, as at any visit but the first: each start is half as long. */
async function settle(page: Page): Promise<void> {
  const nvram = encodeNvram({
    bootOrder: ['hyperspace', 'primary'],
    bootDelayMs: 0,
    quietBoot: true,
    firstScreen: 'primary',
    relayUrl: '',
    appliances: Object.fromEntries(
      APPLIANCES.map(({ name }) => [name, { start: false, memoryMiB: 96, capPercent: 100, weight: 100 }]),
    ),
  })
  await page.goto(`${inject('productUrl')}offline-worker.js`)
  await page.evaluate(
    async (bytes) => {
      const root = await navigator.storage.getDirectory()
      const nvram = await root.getDirectoryHandle('nvram', { create: true })
      const writable = await (await nvram.getFileHandle('settings.bin', { create: true })).createWritable()
      await writable.write(new Uint8Array(bytes))
      await writable.close()
    },
    [...nvram],
  )
  await page.evaluate(async () => {
    await navigator.serviceWorker.register(location.href)
    await navigator.serviceWorker.ready
  })
}

/** Every record up to `promised` is on the primary's disk; answers how many there are. */
async function checkDisk(page: Page, promised: number): Promise<number> {
  const image = join(folder, 'disk.img')
  await saveDisk(page, 'primary', image)
  const records = linesOnDisk(image, '/upper/root/records').filter((line) => line.startsWith('record '))
  const numbers = records.map((line) => Number(line.slice(7, 15)))
  const wanted = promised - FIRST
  expect(numbers.slice(0, wanted)).toEqual(Array.from({ length: wanted }, (_, index) => FIRST + 1 + index))
  expect(records.filter((line) => !isWhole(line))).toEqual([])
  return records.length
}

/** A random instant is what is under test: nothing is waited for here. */
function passes(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Has the guest write, and calls `heard` for the numbers that are seen on its console; settles with the first. */
async function write(page: Page, heard: (number: number) => void): Promise<void> {
  const begun = new Promise<void>((resolve) => {
    page.on('console', (message) => {
      const number = /^on disk: (\d+)$/.exec(message.text())?.[1]
      if (number === undefined) return
      heard(Number(number))
      resolve()
    })
  })
  await page.evaluate(async (writer) => {
    const api = globalThis.hypercore
    await api.start('primary')
    const console = api.console('primary')
    await console.waitFor(/# $/, { timeoutMs: 120_000 })
    console.write(`${writer}\r`)
    let told = ''
    setInterval(() => {
      const newest = [
        ...console
          .text()
          .slice(-2000)
          .matchAll(/^on disk: \d+(?=\r?\n)/gm),
      ].at(-1)?.[0]
      if (newest === undefined || newest === told) return
      told = newest
      globalThis.console.log(newest)
    }, 5)
  }, WRITER)
  await begun
}

test(
  `a browser killed ${KILLS} times loses nothing that a guest had synced, and no snapshot (seed ${SEED})`,
  { timeout: 60_000 + KILLS * 60_000 },
  async () => {
    const random = randomFrom(SEED)
    const store = new KilledStore()
    let promised = FIRST
    let seen = 0
    for (let kill = 0; kill <= KILLS; kill += 1) {
      browser = await KillableBrowser.launch(profile)
      const { page } = browser
      if (kill === 0) await settle(page)
      await page.goto(inject('productUrl'))
      await page.evaluate(() => globalThis.hypercore.ready)
      const [{ found, wanted }, there] = await Promise.all([
        store.check(page),
        promised > FIRST ? checkDisk(page, promised) : 0,
      ])
      expect(found).toEqual(wanted)
      seen = there
      if (kill === KILLS) break
      await store.keepBusy(page, 'management', kill)
      if (kill % 3 === 2) {
        await page.evaluate(() => void globalThis.hypercore.start('primary'))
        await passes(random() * AFTER_START)
      } else {
        await write(page, (number) => {
          promised = Math.max(promised, number)
        })
        await passes(random() * AFTER_FIRST_RECORD)
      }
      await browser.kill()
      browser = undefined
    }
    process.stdout.write(
      `${promised - FIRST} records were promised, ${seen} are there; ${store.steps} steps of the store were answered\n`,
    )
    expect(seen).toBeGreaterThan(0)
    expect(store.steps).toBeGreaterThan(0)
  },
)
