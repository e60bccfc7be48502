import { afterAll, expect, test } from 'vitest'
import { preview, type PreviewServer } from 'vite'
import { focusedId, openMachine, typeLine, untilReady, untilShown } from './driver.ts'

let server: PreviewServer | undefined
afterAll(() => server?.close())

/** A server of this test's own, to be killed. */
async function serve(): Promise<{ url: string; kill(): Promise<void> }> {
  const configFile = new URL('../../vite.config.ts', import.meta.url).pathname
  const started = await preview({ configFile, logLevel: 'warn', preview: { port: 0, host: '127.0.0.1' } })
  server = started
  const url = started.resolvedUrls?.local[0]
  if (url === undefined) throw new Error('the preview server gave no address')
  return {
    url,
    kill: async () => {
      const closed = started.close()
      // A browser opens a connection in place of every one it lost.
      if ('closeAllConnections' in started.httpServer) started.httpServer.closeAllConnections()
      await closed
      server = undefined
      await expect(fetch(url)).rejects.toThrow('fetch failed')
    },
  }
}

test('after one visit the product starts without its server, and its guests answer', async () => {
  const served = await serve()
  const { page, complaints } = await openMachine(`${served.url}?boot=primary`)
  await untilReady(page, ['primary'])
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))

  // A kept file that is damaged is refused by its hash and forgotten; the next start fetches it anew, and that one is kept.
  const damaged = await page.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0] ?? '')
    const request = (await cache.keys()).find(({ url }) => /\/vault-[^/]*\.sqfs/.test(url))
    if (request === undefined) throw new Error('the volume is not kept')
    const kept = await cache.match(request)
    if (kept === undefined) throw new Error('the volume is not kept')
    const bytes = new Uint8Array(await kept.arrayBuffer())
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    await cache.put(request, new Response(bytes))
    return request.url
  })
  const refused = async () => {
    await page.reload()
    return page.evaluate(async () => {
      await globalThis.hypercore.ready
      return globalThis.hypercore.handOff()?.refused.map(({ name, reason }) => `${name} ${reason.kind}`)
    })
  }
  const isKept = (url: string) => caches.match(url).then((kept) => kept !== undefined)
  expect(await refused()).toEqual(['vault mismatch'])
  await page.waitForFunction((url) => caches.match(url).then((kept) => kept === undefined), damaged)
  expect(await refused()).toEqual([])
  expect(await page.evaluate(isKept, damaged)).toBe(true)

  await served.kill()
  await page.reload()
  // Loaded, with every script and style: what was not kept would be named here.
  expect(complaints).toEqual([])
  await untilReady(page, ['primary'])
  expect(await focusedId(page)).toBe('primary')
  await typeLine(page, 'uname -a')
  await untilShown(page, 'primary', /Linux primary .* i686/)

  // Any link works, not only the one that was visited: the page is one file whatever follows its “?”.
  await page.goto(`${served.url}?boot=primary&embed`)
  await untilReady(page, ['primary'])
  expect(complaints).toEqual([])
})
