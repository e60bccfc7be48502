/**
 * Where the time of a start goes: every mark of the page, of HyperCore and of each guest's worker on one clock, with the
 * processor time that its thread had used by then, which other work on the machine changes far less than the clock's.
 */

import { fileURLToPath } from 'node:url'
import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { preview } from 'vite'
import { withProfile } from './profile.ts'
import { kept, rested } from './start.ts'

/** The first fills the caches: the others are warm. */
const VISITS = 3

/** Of Chromium's trace event format: microseconds; `tts` is the thread's own clock. */
type TraceEvent = {
  readonly name: string
  readonly cat: string
  readonly ts: number
  readonly tts?: number
  readonly args?: { readonly data?: { readonly documentLoaderURL?: string } }
}

type Mark = { readonly name: string; readonly atMs: number; readonly cpuMs: number }

async function traced(session: CDPSession, action: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = []
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the trace event format, as above
  const collect = ({ value }: { value: object[] }): void => void events.push(...(value as TraceEvent[]))
  session.on('Tracing.dataCollected', collect)
  await session.send('Tracing.start', { transferMode: 'ReportEvents', categories: 'blink.user_timing' })
  await action()
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
  await session.send('Tracing.end')
  await complete
  session.off('Tracing.dataCollected', collect)
  return events
}

async function visit(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.waitForFunction(
    () =>
      globalThis.hypercore?.domains().length !== 0 &&
      globalThis.hypercore?.domains().every(({ ready }) => ready),
    undefined,
    { timeout: 300_000 },
  )
}

/** From the navigation to `url` on; a frame inside the page (a portal's) navigates later. */
function marksOf(events: readonly TraceEvent[]): Mark[] {
  const navigations = events.filter(
    ({ name, args }) =>
      name === 'navigationStart' && args?.data?.documentLoaderURL?.startsWith('http') === true,
  )
  const start = Math.min(...navigations.map(({ ts }) => ts))
  return events
    .filter(({ name, cat }) => cat.includes('user_timing') && name.startsWith('hyperspace:'))
    .map(({ name, ts, tts }) => ({
      name: name.slice('hyperspace:'.length),
      atMs: (ts - start) / 1000,
      cpuMs: (tts ?? Number.NaN) / 1000,
    }))
    .toSorted((a, b) => a.atMs - b.atMs)
}

function report(marks: readonly Mark[]): string {
  const ofGuests = marks.filter(({ name }) => name.startsWith('domain '))
  const lines = marks
    .filter((mark) => !ofGuests.includes(mark))
    .map(({ name, atMs, cpuMs }) => `  ${atMs.toFixed(0).padStart(7)} ms  ${name} (${cpuMs.toFixed(0)})`)
  const steps = new Set(ofGuests.map(({ name }) => name.split(':')[1] ?? ''))
  for (const guest of new Set(ofGuests.map(({ name }) => name.split(':')[0] ?? ''))) {
    const found = [...steps].flatMap((step) => {
      const mark = ofGuests.find(({ name }) => name === `${guest}:${step}`)
      return mark === undefined ? [] : [`${step} ${mark.atMs.toFixed(0)} (${mark.cpuMs.toFixed(0)})`]
    })
    lines.push(`  ${guest.slice('domain '.length).padEnd(12)} ${found.join(' → ')}`)
  }
  return lines.join('\n')
}

async function measure(context: BrowserContext, url: string): Promise<void> {
  for (let round = 0; round < VISITS; round++) {
    const page = await context.newPage()
    const session = await context.newCDPSession(page)
    const events = await traced(session, () => visit(page, url))
    if (round === 0) await kept(page)
    await page.close()
    await rested()
    console.log(`${round === 0 ? 'First visit' : `Warm visit ${round}`}: milliseconds (of processor time)`)
    console.log(report(marksOf(events)))
  }
}

/** Of the product as it was built last. */
export async function main(): Promise<void> {
  const configFile = fileURLToPath(new URL('../../vite.config.ts', import.meta.url))
  const server = await preview({ configFile, logLevel: 'warn', preview: { port: 0, host: '127.0.0.1' } })
  try {
    await withProfile((context) => measure(context, server.resolvedUrls?.local[0] ?? ''))
  } finally {
    await server.close()
  }
}
