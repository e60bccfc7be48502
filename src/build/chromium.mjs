/** Finds a Chromium for the tests, or gets one: an installed browser, then Playwright's own, then Debian's package. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { chromium } from 'playwright-core'

/** Debian's headless shell goes first: it draws no window, so that a test's context costs a third of the time. */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
  'microsoft-edge',
]
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** Path of a usable Chromium, or undefined. CHROMIUM_PATH goes before everything. @returns {string | undefined} */
export function findChromium() {
  const chosen = process.env['CHROMIUM_PATH']
  if (chosen !== undefined && existsSync(chosen)) return chosen
  for (const name of NAMES) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const candidate = join(folder, name)
      if (folder !== '' && existsSync(candidate)) return candidate
    }
  }
  return [...PLACES, chromium.executablePath()].find((place) => existsSync(place))
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  return (
    spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status === 0
  )
}

/** Finds or installs a Chromium; ends the process with words when there is none to be had. @returns {string} */
export function ensureChromium() {
  const found = findChromium()
  if (found !== undefined) return found
  console.log('No Chromium is installed. Trying Playwright’s own build …')
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js')
  run(process.execPath, [cli, 'install', 'chromium'])
  const downloaded = findChromium()
  if (downloaded !== undefined) return downloaded
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('Trying Debian’s packages …')
    run('apt-get', ['update', '-qq'])
    for (const name of ['chromium-headless-shell', 'chromium']) {
      run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name])
      const packaged = findChromium()
      if (packaged !== undefined) return packaged
    }
  }
  console.error(
    'The tests need a Chromium and none could be got. Install Chromium or Google Chrome (on Debian or Ubuntu: ' +
      'sudo apt-get install chromium), or set CHROMIUM_PATH to one, and run the command again.',
  )
  return process.exit(1)
}
