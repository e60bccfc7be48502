/** The page's longest frame while guests end badly beside it: one is killed, one panics, one spins with interrupts off. */

import { openProfile } from './profile.ts'

export type TroubleFigures = {
  readonly longestFrameMs: number
  /** Of the page's own thread; a longer frame without one was the browser's or the machine's. 0: none above 50 ms. */
  readonly longestTaskMs: number
}

const VICTIMS = 3

export async function measureTrouble(url: string): Promise<TroubleFigures> {
  const context = await openProfile()
  const page = await context.newPage()
  await page.goto(`${url}?boot=primary`)
  await page.waitForFunction(() => globalThis.hypercore?.domains().some(({ ready }) => ready))
  const [killed, panicked, spinning] = await page.evaluate(async (count) => {
    const api = globalThis.hypercore
    const ids: string[] = []
    for (let made = 0; made < count; made++) {
      const id = await api.create({ appliance: 'management' })
      await api.start(id)
      ids.push(id)
    }
    return ids
  }, VICTIMS)
  if (killed === undefined || panicked === undefined || spinning === undefined)
    throw new Error('three were made')
  await page.waitForFunction(
    (ids) => globalThis.hypercore.domains().every(({ id, ready }) => ready || !ids.includes(id)),
    [killed, panicked, spinning],
  )
  const figures = await page.evaluate(
    async ([killed, panicked, spinning]) => {
      const api = globalThis.hypercore
      let longestFrameMs = 0
      let longestTaskMs = 0
      const tasks = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, duration)
      })
      tasks.observe({ entryTypes: ['longtask'] })
      let last = performance.now()
      let over = false
      const frame = (): void => {
        const now = performance.now()
        longestFrameMs = Math.max(longestFrameMs, now - last)
        last = now
        if (!over) requestAnimationFrame(frame)
      }
      requestAnimationFrame(frame)
      const until = (holds: () => boolean): Promise<void> =>
        new Promise((resolve) => {
          const stop = api.on('domain', () => {
            if (!holds()) return
            stop()
            resolve()
          })
        })
      const find = (id: string) => api.domains().find((domain) => domain.id === id)
      await api.kill(killed)
      const hasPanicked = until(() => find(panicked)?.state === 'crashed')
      api.console(panicked).write('echo c > /proc/sysrq-trigger\r')
      await hasPanicked
      const spins = until(() => find(spinning)?.health.kind === 'spinning')
      api.console(spinning).write('haltcli spin --yes\r')
      await spins
      over = true
      tasks.disconnect()
      return { longestFrameMs, longestTaskMs }
    },
    [killed, panicked, spinning] as const,
  )
  await context.close()
  return figures
}
