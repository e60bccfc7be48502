import { createServer, type Server } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../../support/browser.ts'
import type { DiskAnswer, DiskRequest } from './disk-worker.ts'

const root = join(import.meta.dirname, '../../..')
const outDir = join(root, 'node_modules/.cache', `disk-worker-${process.pid}`)

declare global {
  interface Window {
    diskWorkers: Map<string, Worker>
  }
}

let browser: Browser
let server: Server
let url: string

beforeAll(async () => {
  await build({
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'warn',
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      lib: { entry: join(import.meta.dirname, 'disk-worker.ts'), formats: ['es'], fileName: 'disk-worker' },
    },
  })
  const script = await readFile(join(outDir, 'disk-worker.js'))
  server = createServer((request, response) => {
    const isScript = request.url === '/disk-worker.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><title>disks</title>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  url = `http://127.0.0.1:${address.port}/`
  browser = await launchChromium()
})

afterAll(async () => {
  await browser.close()
  server.close()
})

async function openPage(): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(url)
  await page.evaluate(() => {
    window.diskWorkers = new Map()
  })
  return page
}

/** Asks the worker of this name, which is spawned at its first request. */
function ask(page: Page, name: string, request: DiskRequest): Promise<DiskAnswer> {
  return page.evaluate(
    ([name, request]) => {
      const worker = window.diskWorkers.get(name) ?? new Worker('disk-worker.js', { type: 'module' })
      window.diskWorkers.set(name, worker)
      return new Promise<DiskAnswer>((resolve) => {
        worker.addEventListener('message', ({ data }: MessageEvent<DiskAnswer>) => resolve(data), {
          once: true,
        })
        worker.postMessage(request)
      })
    },
    [name, request] as const,
  )
}

/** Ends the worker and, in the same task, spawns its successor with the same request that the first began with. */
function replace(page: Page, from: string, to: string, request: DiskRequest): Promise<DiskAnswer> {
  return page.evaluate(
    ([from, to, request]) => {
      window.diskWorkers.get(from)?.terminate()
      const worker = new Worker('disk-worker.js', { type: 'module' })
      window.diskWorkers.set(to, worker)
      return new Promise<DiskAnswer>((resolve) => {
        worker.addEventListener('message', ({ data }: MessageEvent<DiskAnswer>) => resolve(data), {
          once: true,
        })
        worker.postMessage(request)
      })
    },
    [from, to, request] as const,
  )
}

const PRIMARY: DiskRequest = { kind: 'open', name: 'primary', bytes: 64 * 2 ** 20 }

describe('a disk in Chromium', () => {
  it('survives its worker’s end and is opened by the next worker at once, ten times in a row', async () => {
    const page = await openPage()
    expect(await ask(page, 'life 0', PRIMARY)).toMatchObject({ ok: true, value: String(64 * 2 ** 20) })
    for (let life = 0; life < 10; life++) {
      const offset = life * 4096
      expect(await ask(page, `life ${life}`, { kind: 'write', offset, value: life + 1 })).toMatchObject({
        ok: true,
      })
      expect(await ask(page, `life ${life}`, { kind: 'flush' })).toMatchObject({ ok: true })
      // Ended in the middle of its work, as a guest that is killed.
      await ask(page, `life ${life}`, { kind: 'spin' })
      expect(await replace(page, `life ${life}`, `life ${life + 1}`, PRIMARY)).toMatchObject({ ok: true })
      const read = await ask(page, `life ${life + 1}`, { kind: 'read', offset })
      expect(read).toMatchObject({ ok: true, value: String(life + 1) })
    }
    await page.context().close()
  })

  it('belongs to one worker: a second is told that it is busy', async () => {
    const page = await openPage()
    await ask(page, 'first', PRIMARY)
    expect(await ask(page, 'second', PRIMARY)).toMatchObject({ ok: false, value: 'busy' })
    await page.context().close()
  })

  it('survives the tab', async () => {
    const page = await openPage()
    await ask(page, 'worker', PRIMARY)
    await ask(page, 'worker', { kind: 'write', offset: 512, value: 77 })
    await ask(page, 'worker', { kind: 'flush' })
    const next = await page.context().newPage()
    await page.close({ runBeforeUnload: false })
    await next.goto(url)
    await next.evaluate(() => {
      window.diskWorkers = new Map()
    })
    expect(await ask(next, 'worker', PRIMARY)).toMatchObject({ ok: true })
    expect(await ask(next, 'worker', { kind: 'read', offset: 512 })).toMatchObject({ ok: true, value: '77' })
    await next.context().close()
  })

  it('is taken over from the raw image of an earlier version, which is then gone', async () => {
    const page = await openPage()
    await page.evaluate(async () => {
      const folder = await (
        await navigator.storage.getDirectory()
      ).getDirectoryHandle('disks', { create: true })
      const writable = await (await folder.getFileHandle('primary.img', { create: true })).createWritable()
      await writable.write({ type: 'write', position: 4096, data: new Uint8Array(512).fill(55) })
      await writable.truncate(64 * 2 ** 20)
      await writable.close()
    })
    expect(await ask(page, 'worker', PRIMARY)).toMatchObject({ ok: true, value: String(64 * 2 ** 20) })
    expect(await ask(page, 'worker', { kind: 'read', offset: 4096 })).toMatchObject({ value: '55' })
    expect(await ask(page, 'worker', { kind: 'read', offset: 0 })).toMatchObject({ value: '0' })
    const left = await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('disks')
      const names: string[] = []
      for await (const name of folder.keys()) names.push(name)
      return names
    })
    expect(left).toEqual([])
    await page.context().close()
  })
})
