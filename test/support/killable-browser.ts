/** A Chromium of its own process group and profile, which ends as a power cut ends it. */

import { spawn, type ChildProcess } from 'node:child_process'
import { chromium, type Browser, type Page } from 'playwright-core'
import { findChromium } from '../../src/build/chromium.mjs'
import { BROWSER_ARGUMENTS } from './browser.ts'

/** Milliseconds; Chromium repairs its profile after a kill, on a machine that may do something else, too. */
const PATIENCE = 120_000

export class KillableBrowser {
  readonly #process: ChildProcess
  readonly #browser: Browser
  readonly page: Page

  private constructor(process: ChildProcess, browser: Browser, page: Page) {
    this.#process = process
    this.#browser = browser
    this.page = page
  }

  static async launch(profile: string): Promise<KillableBrowser> {
    const program = findChromium()
    if (program === undefined) throw new Error('there is no Chromium')
    const started = spawn(
      program,
      [
        ...BROWSER_ARGUMENTS,
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        '--hide-crash-restore-bubble',
        'about:blank',
      ],
      { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    try {
      const browser = await chromium.connectOverCDP(await addressOf(started), { timeout: PATIENCE })
      const context = browser.contexts()[0]
      if (context === undefined) throw new Error('the browser has no context')
      return new KillableBrowser(started, browser, context.pages()[0] ?? (await context.newPage()))
    } catch (error) {
      endGroup(started)
      throw error
    }
  }

  /** SIGKILL to every process of the browser, between any two of its instructions. */
  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    endGroup(this.#process)
    await gone
    await this.#browser.close()
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

/** Chromium says on its error output where it listens. */
function addressOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('the browser has no error output')
  return new Promise((resolve, reject) => {
    let said = ''
    stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const address = /DevTools listening on (\S+)/.exec(said)?.[1]
      if (address !== undefined) resolve(address)
    })
    stderr.once('close', () => reject(new Error(`the browser did not come up: ${said.slice(-500)}`)))
  })
}
