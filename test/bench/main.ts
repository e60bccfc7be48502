/**
 * The bench: every figure is taken in this one run, and speed is a ratio against a bare v86 page with the same kernel
 * and the same work. Machines are noisy: rounds alternate between the two and medians are compared.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import { dirname, join } from 'node:path'
import process, { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build, preview } from 'vite'
import { ensureChromium } from '../../src/build/chromium.mjs'
import { nodeParts } from '../../src/build/node-parts.ts'
import { measureBiosCost } from './bios-cost.ts'
import { measureBoots } from './boots.ts'
import { measureFrameCost } from './frame-cost.ts'
import { measureInput } from './input.ts'
import {
  biosLines,
  bootLines,
  frameLines,
  inputLines,
  pageLines,
  restoreLines,
  snapshotLines,
  speedLines,
  startLines,
  switchLines,
  troubleLines,
} from './lines.ts'
import { networkLines } from './network-lines.ts'
import { measureNetwork } from './network.ts'
import { measurePages } from './pages.ts'
import { measureRestores } from './restores.ts'
import { measureSnapshots } from './snapshots.ts'
import { measureSpeed } from './speed.ts'
import { BROWSER_ARGUMENTS } from './profile.ts'
import { measureStart } from './start.ts'
import { measureSwitches } from './switching.ts'
import { measureTrouble } from './trouble.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules/.cache/bench')

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
    plugins: [nodeParts()],
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

/** What the measurements share. */
type Bench = { readonly browser: Browser; readonly productUrl: string; readonly bareUrl: string }

/** A part of the bench, which can be asked for by its name. */
type Section = {
  readonly title: string
  /** Its figures, for JSON, and their lines. */
  readonly measure: (bench: Bench) => Promise<{ readonly figures: unknown; readonly lines: string[] }>
}

function section<T>(
  title: string,
  measure: (bench: Bench) => Promise<T>,
  lines: (figures: T) => string[],
): Section {
  return {
    title,
    measure: async (bench) => {
      const figures = await measure(bench)
      return { figures, lines: lines(figures) }
    },
  }
}

const SECTIONS: Readonly<Record<string, Section>> = {
  boots: section('Cold boots under Node, one guest at a time', () => measureBoots(), bootLines),
  bios: section(
    'The same kernel and base to a shell, entered by the stub and by SeaBIOS, under Node',
    () => measureBiosCost(),
    biosLines,
  ),
  restores: section(
    'Restores under Node, one guest at a time, from the packed file to the agent’s word; beside bare v86’s own',
    () => measureRestores(),
    restoreLines,
  ),
  start: section(
    'From navigation, warm (median of rounds)',
    ({ productUrl }) => measureStart(productUrl),
    startLines,
  ),
  speed: section(
    'Guest speed against a bare v86 page (same kernel, same work; above 1 is faster than bare)',
    ({ browser, productUrl, bareUrl }) => measureSpeed(browser, productUrl, bareUrl),
    speedLines,
  ),
  switching: section(
    'Switching by key, from the key event to the other guest’s picture',
    ({ productUrl }) => measureSwitches(productUrl),
    switchLines,
  ),
  input: section(
    'Keys to a guest that floods the page, by the browser’s timestamp of each',
    ({ productUrl }) => measureInput(productUrl),
    inputLines,
  ),
  trouble: section(
    'While one guest is killed, one panics and one spins',
    ({ productUrl }) => measureTrouble(productUrl),
    troubleLines,
  ),
  frames: section(
    'A frame between two guests, under Node: nanoseconds of the supervisor’s thread',
    () => measureFrameCost(),
    frameLines,
  ),
  network: section(
    'Network: two guests through the fabric, beside two bare v86 wired to each other on one page',
    ({ browser, productUrl, bareUrl }) => measureNetwork(browser, productUrl, bareUrl),
    networkLines,
  ),
  pages: section(
    'Pages on the browser’s own screen',
    ({ productUrl }) => measurePages(productUrl),
    pageLines,
  ),
  snapshots: section(
    'Snapshots of a running primary of 96 MB, beside bare v86’s own of the same guest',
    ({ browser, productUrl, bareUrl }) => measureSnapshots(browser, productUrl, bareUrl),
    snapshotLines,
  ),
}

async function inBrowser(measure: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: BROWSER_ARGUMENTS,
  })
  try {
    await measure(browser)
  } finally {
    await browser.close()
  }
}

/** Measures the sections that the command line names, or all. */
export async function main(): Promise<void> {
  const names = argv.length > 2 ? argv.slice(2) : Object.keys(SECTIONS)
  const unknown = names.filter((name) => SECTIONS[name] === undefined)
  if (unknown.length > 0) {
    console.error(
      `The bench has no ${unknown.join(', ')}. It has: ${Object.keys(SECTIONS).join(', ')}; timeline.`,
    )
    process.exitCode = 2
    return
  }
  const [product, bare] = [await serveProduct(), await serveBare()]
  try {
    await inBrowser((browser) => measure({ browser, productUrl: product.url, bareUrl: bare.url }, names))
  } finally {
    await Promise.all([product.close(), bare.close()])
  }
}

async function measure(bench: Bench, names: readonly string[]): Promise<void> {
  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    platform: `${platform()} ${arch()}`,
    browser: `Chromium ${bench.browser.version()}`,
  }
  console.log(`On ${machine.cores} × ${machine.model}, ${machine.browser}`)
  const report: Record<string, unknown> = { at: new Date().toISOString(), machine }
  for (const name of names) {
    const found = SECTIONS[name]
    if (found === undefined) continue
    const { figures, lines } = await found.measure(bench)
    report[name] = figures
    console.log(['', found.title, ...lines].join('\n'))
  }
  const file = join(cache, 'report.json')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  console.log(`\nWritten as JSON to ${file}`)
}
