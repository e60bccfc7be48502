/**
 * A browser whose pages nobody looks into while they start. Playwright holds up every worker until it has attached to it, puts
 * 330 kB of script into a page to wait for something, and asks with each frame: on two processors a tenth of a start. Here a page
 * is navigated and asked four times a second for its marks, by the DevTools protocol alone.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { WebSocket } from 'ws'
import { ensureChromium } from '../../src/build/chromium.mjs'
import { BROWSER_ARGUMENTS } from './profile.ts'

const ASK_EVERY_MS = 250
/** A window that has just been opened is still being made; nobody types an address that soon. */
const SETTLE_MS = 1000
const PATIENCE_MS = 120_000

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

type Answer = { readonly result?: unknown; readonly error?: { readonly message: string } }

/** One connection to the browser; its answers are found by their number. */
class DevTools {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the browser's own answer
      const message = JSON.parse(data.toString()) as Answer & { readonly id?: number }
      if (message.id === undefined) return
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    })
  }

  static async connect(address: string): Promise<DevTools> {
    const socket = new WebSocket(address)
    await once(socket, 'open')
    return new DevTools(socket)
  }

  /** @throws (rejects) Error with the browser's words */
  async call<Result>(method: string, params: object, sessionId?: string): Promise<Result> {
    this.#last += 1
    const id = this.#last
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    const { result, error } = await answered
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the protocol describes it
    return result as Result
  }
}

export class QuietPage {
  readonly #tools: DevTools
  readonly #targetId: string
  readonly #sessionId: string

  constructor(tools: DevTools, targetId: string, sessionId: string) {
    this.#tools = tools
    this.#targetId = targetId
    this.#sessionId = sessionId
  }

  /** Of an expression that can be written as JSON, awaited. @throws (rejects) Error where it throws */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.#tools.call<{
      readonly result: { readonly value?: Value }
      readonly exceptionDetails?: { readonly text: string }
    }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, this.#sessionId)
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller knows its expression
    return result.value as Value
  }

  /** Runs `action` in the page, which sees nothing of its surroundings here but the argument. */
  run<Argument, Value>(action: (argument: Argument) => Promise<Value>, argument: Argument): Promise<Value> {
    return this.evaluate(`(${String(action)})(${JSON.stringify(argument)})`)
  }

  /** The page's own marks in milliseconds from navigation, once `done` finds them complete. */
  async visit(
    url: string,
    done: (marks: Readonly<Record<string, number>>) => boolean,
  ): Promise<Record<string, number>> {
    const before = await this.evaluate<number>('performance.timeOrigin')
    await this.#tools.call('Page.navigate', { url }, this.#sessionId)
    for (let waited = 0; waited < PATIENCE_MS; waited += ASK_EVERY_MS) {
      await sleep(ASK_EVERY_MS)
      const { origin, marks } = await this.evaluate<{
        origin: number
        marks: Record<string, number>
      }>(
        `({ origin: performance.timeOrigin, marks: Object.fromEntries(performance.getEntriesByType('mark')
          .filter(({ name }) => name.startsWith('hyperspace:'))
          .map(({ name, startTime }) => [name.slice('hyperspace:'.length), startTime])) })`,
      )
      if (origin !== before && done(marks)) return marks
    }
    throw new Error(`${url} was not up after ${PATIENCE_MS / 1000} s`)
  }

  async close(): Promise<void> {
    await this.#tools.call('Target.closeTarget', { targetId: this.#targetId })
  }
}

/** Hands `use` something that opens pages, in a profile of its own on disk that has never seen any. */
export async function withQuietBrowser<Result>(
  use: (open: () => Promise<QuietPage>) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'hyperspace-bench-'))
  const browser = spawn(
    ensureChromium(),
    [
      ...BROWSER_ARGUMENTS,
      '--headless',
      '--remote-debugging-port=0',
      `--user-data-dir=${folder}`,
      '--window-size=1440,900',
    ],
    { stdio: 'ignore' },
  )
  // By then the browser's last process has ended, too.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const ended = once(browser, 'exit')
  try {
    const tools = await DevTools.connect(await addressOf(browser, folder))
    const answer = await use(() => openPage(tools))
    await tools.call('Browser.close', {})
    await ended
    return answer
  } finally {
    browser.kill()
  }
}

async function openPage(tools: DevTools): Promise<QuietPage> {
  const { targetId } = await tools.call<{ targetId: string }>('Target.createTarget', {
    url: 'about:blank',
    width: 1440,
    height: 900,
  })
  const { sessionId } = await tools.call<{ sessionId: string }>('Target.attachToTarget', {
    targetId,
    flatten: true,
  })
  await sleep(SETTLE_MS)
  return new QuietPage(tools, targetId, sessionId)
}

/** The browser writes it into its profile once it listens: a line with the port, one with the path. */
async function addressOf(browser: ChildProcess, folder: string): Promise<string> {
  const file = join(folder, 'DevToolsActivePort')
  for (let waited = 0; waited < PATIENCE_MS && browser.exitCode === null; waited += 50) {
    const [port, path] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    if (port !== undefined && path !== undefined) return `ws://127.0.0.1:${port}${path}`
    await sleep(50)
  }
  throw new Error('the browser does not listen')
}
