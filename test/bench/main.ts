/**
 * The bench: every figure is taken in this one run, and speed is a ratio against a bare v86 page with the same kernel
 * and the same work. Machines are noisy: rounds alternate between the two and medians are compared.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build, preview } from 'vite'
import { ensureChromium } from '../../src/build/chromium.mjs'
import { measureBoots, type BootFigure } from './boots.ts'
import { measureSwitches, type SwitchFigures } from './switching.ts'
import { measureSpeed, type SpeedFigures } from './speed.ts'
import { measureRestores, type RestoreFigure } from './restores.ts'
import { measureFrameCost, type FrameCost } from './frame-cost.ts'
import { measureNetwork, type NetworkFigures } from './network.ts'
import { networkLines } from './network-lines.ts'
import { measureSnapshots, type SnapshotFigures } from './snapshots.ts'
import { measureTrouble, type TroubleFigures } from './trouble.ts'
import { measureStart, type StartFigures } from './start.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules/.cache/bench')

export type Report = {
  readonly at: string
  readonly machine: {
    readonly cores: number
    readonly model: string
    readonly platform: string
    readonly browser: string
  }
  readonly start: StartFigures
  readonly speed: SpeedFigures
  readonly switching: SwitchFigures
  readonly trouble: TroubleFigures
  readonly frameCost: FrameCost
  readonly network: NetworkFigures
  readonly snapshots: SnapshotFigures
  readonly boots: readonly BootFigure[]
  readonly restores: readonly RestoreFigure[]
}

type Served = { readonly url: string; close(): Promise<void> }

async function serveProduct(): Promise<Served> {
  const configFile = join(root, 'vite.config.ts')
  await build({ configFile, logLevel: 'warn' })
  const server = await preview({ configFile, logLevel: 'warn', preview: { port: 0, host: '127.0.0.1' } })
  return { url: server.resolvedUrls?.local[0] ?? '', close: () => server.close() }
}

async function serveBare(): Promise<Served> {
  const options = {
    configFile: false as const,
    root: join(root, 'test/bench/bare'),
    logLevel: 'warn' as const,
    build: { outDir: join(cache, 'bare'), emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  }
  await build(options)
  const server = await preview({ ...options, preview: { port: 0, host: '127.0.0.1' } })
  return { url: server.resolvedUrls?.local[0] ?? '', close: () => server.close() }
}

/** A page of its own profile, ready for measuring. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(url)
  return page
}

function ms(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`
}

function goal(met: boolean, text: string): string {
  return `${met ? 'met' : 'MISSED'}: ${text}`
}

function snapshotLines(figures: SnapshotFigures): string[] {
  const { fullPauseMs, fullMs, incrementalPauseMs, incrementalMs, cloneMs, restoreMs } = figures
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    `  full                  stands still ${ms(fullPauseMs)}, stored after ${ms(fullMs)}   ${goal(fullPauseMs <= 100, '≤ 100 ms')}`,
    `  incremental           stands still ${ms(incrementalPauseMs)}, stored after ${ms(incrementalMs)}   ${goal(incrementalPauseMs <= 30, '≤ 30 ms')}`,
    `  clone answers a key   ${ms(cloneMs)}   ${goal(cloneMs <= 500, '≤ 0.5 s')}`,
    `  restore answers a key ${ms(restoreMs)}`,
    `  ${figures.count} of them take       ${mb(figures.storeBytes)}; as many full ones ${mb(figures.separateBytes)}`,
  ]
}

function frameLines(cost: FrameCost): string[] {
  const ns = (value: number): string => `${Math.round(value)} ns`
  return [
    `  of an open one        ${ns(cost.frameNs)}, the policy’s part of it ${ns(cost.lookupNs)}`,
    `  that opens one        ${ns(cost.openingNs)}; by a yes without the table ${ns(cost.openingWithoutTableNs)}`,
    `  denied                ${ns(cost.deniedNs)}`,
  ]
}

function print(report: Report): void {
  const { start, speed, switching, trouble } = report
  const lines = [
    `On ${report.machine.cores} × ${report.machine.model}, ${report.machine.browser}`,
    '',
    'From navigation, warm (median of rounds)',
    `  firmware painted      ${ms(start.firmwarePaintedMs)}   ${goal(start.firmwarePaintedMs <= 300, '≤ 0.3 s')}`,
    `  hand-off              ${ms(start.handOffMs)}`,
    ...start.readyMs.map(
      ({ id, milliseconds }) => `  ${id.padEnd(20)}  ${ms(milliseconds)} to its first screen`,
    ),
    `  all live, warm        ${ms(start.allLiveMs)}   ${goal(start.allLiveMs <= 2000, '≤ 2 s')}`,
    `  all live, reloaded    ${ms(start.reloadedAllLiveMs)}`,
    `  all live, first visit ${ms(start.firstVisitAllLiveMs)}   ${goal(start.firstVisitAllLiveMs <= 4000, '≤ 4 s')}`,
    `  booted, not resumed   ${start.booted.length === 0 ? 'none' : start.booted.join(', ')}`,
    '',
    'Guest speed against a bare v86 page (same kernel, same work; above 1 is faster than bare)',
    ...speed.loads.map(
      ({ name, bareMs, productMs, ratio }) =>
        `  ${name.padEnd(20)}  bare ${ms(bareMs)}, here ${ms(productMs)}, ratio ${ratio.toFixed(3)}`,
    ),
    `  slowest of them       ratio ${speed.ratio.toFixed(3)}   ${goal(speed.ratio >= 0.98, '≥ 0.98')}`,
    '',
    `Switching, ${switching.count} times with ${switching.busyGuests} guests busy`,
    `  median ${ms(switching.medianMs)}, p99 ${ms(switching.p99Ms)}   ${goal(switching.p99Ms <= 1000 / 60, 'p99 ≤ one frame at 60 Hz')}`,
    '',
    'While one guest is killed, one panics and one spins',
    troubleLine(trouble),
    '',
    'A frame between two guests, under Node: nanoseconds of the supervisor’s thread',
    ...frameLines(report.frameCost),
    '',
    'Network: two guests through the fabric, beside two bare v86 wired to each other on one page',
    ...networkLines(report.network),
    '',
    'Snapshots of the running primary, 96 MB; bare v86’s own save and restore are below',
    ...snapshotLines(report.snapshots),
    '',
    'Cold boots under Node, one guest at a time',
    ...report.boots.map(
      ({ name, readyMs, instructionsMi, ramUsedMiB, ramMiB, volumeBytes, goalMs }) =>
        `  ${name.padEnd(12)} ${ms(readyMs).padStart(9)}  ${instructionsMi.toFixed(0).padStart(5)} Mi  RAM ${ramUsedMiB.toFixed(1)} of ${ramMiB} MiB  volume ${(volumeBytes / 2 ** 20).toFixed(2)} MiB   ${goal(readyMs <= goalMs, `≤ ${ms(goalMs)}`)}`,
    ),
    '',
    'Restores under Node, one guest at a time, from the packed file to the agent’s word; beside bare v86’s own',
    ...report.restores.map(
      ({ name, stage, packedBytes, restoreMs, unpackMs, bareSaveMs, bareRestoreMs }) =>
        `  ${name.padEnd(12)} ${ms(restoreMs).padStart(9)}  (unpacking ${ms(unpackMs)} of it; ${(packedBytes / 2 ** 20).toFixed(1)} MiB, ${stage})   bare restore ${ms(bareRestoreMs)}, bare save ${ms(bareSaveMs)}   ${goal(restoreMs <= 300, '≤ 0.3 s')}`,
    ),
  ]
  console.log(lines.join('\n'))
}

function troubleLine({ longestFrameMs, longestTaskMs }: TroubleFigures): string {
  return `  the page’s longest frame ${ms(longestFrameMs)}, its own longest task ${ms(longestTaskMs)}   ${goal(longestFrameMs < 100, '< 100 ms')}`
}

async function inBrowser(measure: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  try {
    await measure(browser)
  } finally {
    await browser.close()
  }
}

export async function main(): Promise<void> {
  const [product, bare] = [await serveProduct(), await serveBare()]
  try {
    if (argv[2] === 'network')
      await inBrowser(async (browser) =>
        console.log(networkLines(await measureNetwork(browser, product.url, bare.url)).join('\n')),
      )
    else if (argv[2] === 'trouble')
      await inBrowser(async (browser) => console.log(troubleLine(await measureTrouble(browser, product.url))))
    else await measureAll(product.url, bare.url)
  } finally {
    await Promise.all([product.close(), bare.close()])
  }
}

async function measureAll(productUrl: string, bareUrl: string): Promise<void> {
  const boots = await measureBoots()
  const restores = await measureRestores()
  await inBrowser(async (browser) => {
    const report: Report = {
      at: new Date().toISOString(),
      machine: {
        cores: cpus().length,
        model: cpus()[0]?.model ?? 'unknown',
        platform: `${platform()} ${arch()}`,
        browser: `Chromium ${browser.version()}`,
      },
      start: await measureStart(browser, productUrl),
      speed: await measureSpeed(browser, productUrl, bareUrl),
      switching: await measureSwitches(browser, productUrl),
      frameCost: await measureFrameCost(),
      network: await measureNetwork(browser, productUrl, bareUrl),
      trouble: await measureTrouble(browser, productUrl),
      snapshots: await measureSnapshots(browser, productUrl),
      boots,
      restores,
    }
    print(report)
    const file = join(cache, 'report.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
    console.log(`\nWritten as JSON to ${file}`)
  })
}
