/**
 * A guest writes numbered records to its disk, syncs, and says each number on its console; the browser is killed with
 * SIGKILL at a random instant and opened again with the same profile. The disk is then exported and looked at outside:
 *
 * - every record whose number had come out is there, whole and in order;
 * - the file system is sound. The image is of a disk that lost its power, so that its journal is still to be replayed, as
 *   any mount would do first: `e2fsck -p` does that on a copy and must need nothing beyond (it ends with 4 or more where a
 *   person would have to decide), and `e2fsck -fn` then finds nothing at all.
 *
 * Every third kill falls into the guest's boot, when the journal of the kill before is replayed. DISK_KILLS sets how many
 * (200 for a long run), DISK_KILL_SEED the instants.
 */

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, inject, test } from 'vitest'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { encodeNvram } from '../../src/firmware/nvram.ts'
import { randomFrom } from '../storage/pages/crash-file.ts'
import { KillableBrowser } from '../support/killable-browser.ts'

declare global {
  var exported: Blob
}

const KILLS = Number(process.env['DISK_KILLS'] ?? 8)
const SEED = Number(process.env['DISK_KILL_SEED'] ?? Date.now() % 1_000_000)

/** Longest time from the first record, or from the start of a boot, to a kill. Milliseconds. */
const AFTER_FIRST_RECORD = 2500
const AFTER_START = 3000

/** Numbers of eight digits. */
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

/** No guest starts by itself. */
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
}

/** Saves the primary's disk to `file`; its holes stay holes. */
async function save(page: Page, file: string): Promise<void> {
  const size = await page.evaluate(async () => {
    globalThis.exported = await globalThis.hypercore.exportDisk('primary')
    return globalThis.exported.size
  })
  const out = openSync(file, 'w')
  for (let at = 0; at < size; at += 16 * 2 ** 20) {
    const pieces = await page.evaluate(async (at) => {
      const bytes = new Uint8Array(await globalThis.exported.slice(at, at + 16 * 2 ** 20).arrayBuffer())
      const found: [number, string][] = []
      for (let from = 0; from < bytes.length; from += 2 ** 16) {
        const piece = bytes.subarray(from, from + 2 ** 16)
        if (piece.every((byte) => byte === 0)) continue
        found.push([at + from, btoa(Array.from(piece, (byte) => String.fromCharCode(byte)).join(''))])
      }
      return found
    }, at)
    for (const [offset, text] of pieces) {
      const piece = Buffer.from(text, 'base64')
      writeSync(out, piece, 0, piece.length, offset)
    }
  }
  closeSync(out)
  truncateSync(file, size)
}

function tool(name: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error !== undefined)
    throw new Error(`this test needs ${name}, of the package e2fsprogs: ${error.message}`)
  return { status, output: stdout + stderr }
}

/** Every record of an image, in the order of its file. */
function recordsIn(image: string): string[] {
  const copy = `${image}.copy`
  copyFileSync(image, copy)
  // 1: put right without a question.
  const replayed = tool('e2fsck', '-p', copy)
  if (replayed.status !== 0 && replayed.status !== 1) throw new Error(replayed.output)
  expect(tool('e2fsck', '-fn', copy)).toMatchObject({ status: 0 })
  const { output } = tool('debugfs', '-R', 'cat /upper/root/records', copy)
  return output.split('\n').filter((line) => line.startsWith('record '))
}

/** Every record up to `promised` is on the primary's disk; answers how many there are. */
async function checkDisk(page: Page, promised: number): Promise<number> {
  const image = join(folder, 'disk.img')
  await save(page, image)
  const records = recordsIn(image)
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

/** Lets the guest write until the instant has come; answers the last number that was seen on its console. */
async function writeUntilKilled(page: Page, random: () => number): Promise<number> {
  let last = 0
  let first: (() => void) | undefined
  const begun = new Promise<void>((resolve) => {
    first = resolve
  })
  page.on('console', (message) => {
    const number = /^on disk: (\d+)$/.exec(message.text())?.[1]
    if (number === undefined) return
    last = Number(number)
    first?.()
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
  await passes(random() * AFTER_FIRST_RECORD)
  await browser?.kill()
  browser = undefined
  return last
}

test(
  `a browser killed ${KILLS} times loses nothing that a guest had synced`,
  { timeout: 60_000 + KILLS * 60_000 },
  async () => {
    process.stdout.write(`DISK_KILL_SEED=${SEED}\n`)
    const random = randomFrom(SEED)
    let promised = FIRST
    let seen = 0
    for (let kill = 0; kill <= KILLS; kill += 1) {
      browser = await KillableBrowser.launch(profile)
      const { page } = browser
      if (kill === 0) await settle(page)
      await page.goto(inject('productUrl'))
      await page.evaluate(() => globalThis.hypercore.ready)
      if (promised > FIRST) seen = await checkDisk(page, promised)
      if (kill === KILLS) break
      if (kill % 3 === 2) {
        await page.evaluate(() => void globalThis.hypercore.start('primary'))
        await passes(random() * AFTER_START)
        await browser.kill()
        browser = undefined
      } else promised = Math.max(promised, await writeUntilKilled(page, random))
    }
    process.stdout.write(`${promised - FIRST} records were promised, ${seen} are there\n`)
    expect(seen).toBeGreaterThan(0)
  },
)
