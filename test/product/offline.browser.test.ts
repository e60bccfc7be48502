/** Any static host does: plain HTTP, under some path, without a header of ours; and after one visit none is needed. */

import { afterAll, expect, inject, test, vi } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../src/build/content-security-policy.ts'
import { serveStatically, type StaticHost } from '../support/static-server.ts'
import { focusedId, openMachine, typeLine, untilReady, untilShown } from './driver.ts'

/** Where somebody put it, beside whatever else that host has. */
const BASE = '/some/sub/path/'

let host: StaticHost | undefined
afterAll(() => host?.close())

test('a plain host serves it, and after one visit it starts without that, and its guests answer', async () => {
  const served = await serveStatically(BASE)
  host = served
  const { page, complaints } = await openMachine(`${served.url}?boot=primary`)
  await untilReady(page, ['primary'])
  const scope = await page.evaluate(() => navigator.serviceWorker.ready.then(({ scope }) => scope))
  expect(scope).toBe(served.url)

  // The page's own policy is all that holds here.
  const response = await page.request.get(served.url)
  const special = Object.keys(response.headers()).filter((name) => /policy|origin|cache|worker/.test(name))
  expect(special).toEqual([])
  const policies = await page
    .locator('meta[http-equiv="Content-Security-Policy"]')
    .evaluateAll((found) =>
      found.map((meta) => [meta.getAttribute('content'), meta.matches('head > :first-child')]),
    )
  expect(policies).toEqual([[CONTENT_SECURITY_POLICY, true]])
  const elsewhere = inject('productUrl')
  const tried = await page.evaluate(async (elsewhere) => {
    const violated: string[] = []
    // They are told some time after the act.
    const told = new Promise<void>((resolve) => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        violated.push(effectiveDirective)
        if (violated.length === 3) resolve()
      })
    })
    // In a task of the page's own: what the debugger calls may evaluate what it likes.
    const outcome = await new Promise((resolve) => {
      setTimeout(() => {
        const script = document.createElement('script')
        script.textContent = 'globalThis.injected = true'
        document.body.append(script)
        let evaluated: unknown
        try {
          // oxlint-disable-next-line no-eval -- that it may not is what is asked
          evaluated = (0, eval)('6 * 7')
        } catch (error) {
          evaluated = error instanceof Error ? error.name : 'refused'
        }
        fetch(elsewhere, { mode: 'no-cors' }).then(
          () => resolve({ evaluated, fetched: true }),
          () => resolve({ evaluated, fetched: false }),
        )
      })
    })
    await told
    return { outcome, injected: Reflect.get(globalThis, 'injected'), violated: violated.toSorted() }
  }, elsewhere)
  expect(tried).toEqual({
    outcome: { evaluated: 'EvalError', fetched: false },
    injected: undefined,
    violated: ['connect-src', 'script-src', 'script-src-elem'],
  })
  expect(complaints.every((text) => text.includes('Content Security Policy'))).toBe(true)
  complaints.length = 0

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
  await vi.waitFor(async () => expect(await page.evaluate(isKept, damaged)).toBe(false))
  expect(await refused()).toEqual([])
  expect(await page.evaluate(isKept, damaged)).toBe(true)

  // The browser looks for what is kept itself, without waiting for the service worker to start (Service Workers, static routing).
  const routed = await page.evaluate(() => {
    const [visit] = performance.getEntriesByType('navigation')
    return visit && Number(Reflect.get(visit, 'workerRouterEvaluationStart')) > 0
  })
  expect(routed).toBe(true)

  await served.close()
  await expect(fetch(served.url)).rejects.toThrow('fetch failed')
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
