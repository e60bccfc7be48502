/**
 * The firmware: power-on to hand-off. It runs POST, shows it on a text screen of 80×25, takes keys for Setup and the
 * boot menu, and ends with what HyperCore gets, or with a halt in words.
 */

import { assertNever } from '../base/assert.ts'
import type { BootPath, FirmwareSettings, HandOff, RefusedVolume } from '../protocol/hand-off.ts'
import { BOOT_PATH_NAMES, BootMenu, unavailable } from './boot-menu.ts'
import { Style } from './brand.ts'
import { HELP_TITLE, POST_HELP } from './help.ts'
import type { FirmwareKey } from './keys.ts'
import type { FirmwarePlatform } from './platform.ts'
import { drawPopup, popupKey, speakPopup, type Popup } from './popup.ts'
import {
  drawBlank,
  drawHalt,
  drawHandOff,
  drawLogo,
  drawPost,
  logRows,
  LOG_ROWS,
  type PostPicture,
} from './post-screen.ts'
import type { Halt } from './post-step.ts'
import { Post, type Configuration, type PostReport, type Weights } from './post.ts'
import { setupFacts } from './setup-facts.ts'
import { SetupSession } from './setup-session.ts'
import { AnsiPainter, TextScreen } from './text-screen.ts'
import { listed, milliseconds, seconds } from './words.ts'

export type { FirmwareKey } from './keys.ts'

export type FirmwareOutcome =
  | { readonly kind: 'hand-off'; readonly handOff: HandOff }
  | {
      readonly kind: 'halted'
      readonly message: string
      readonly action: string
      /** Volumes refused until then: a copy of them that something keeps is better forgotten. */
      readonly refused: readonly RefusedVolume[]
    }

export type FirmwareOptions = {
  /** From a deep link: decides the boot path of this once, or opens Setup as soon as it can. */
  readonly bootOverride?: 'hyperspace' | 'primary' | 'setup'
  /** What each appliance gets of the processors by default: its definition's. */
  readonly weights?: Weights
  /** Text and escape sequences for a terminal of 80 columns and 25 rows. */
  readonly onOutput: (ansi: string) => void
  /** The self-test has ended and the boot delay has not: what the hand-off will be if nobody presses a key. */
  readonly onBootable?: (handOff: HandOff) => void
}

/** What the person asked for by a key while the self-test ran or the delay passed. */
type Request = 'setup' | 'menu' | 'help' | 'boot'

type Mode =
  | { readonly kind: 'post' }
  | { readonly kind: 'setup'; readonly setup: SetupSession }
  | {
      readonly kind: 'menu'
      readonly menu: BootMenu
      readonly leave: (chosen: BootPath | 'setup' | undefined) => void
    }
  | { readonly kind: 'help'; readonly leave: () => void }
  | { readonly kind: 'hand-off'; readonly handOff: HandOff }
  | { readonly kind: 'halted'; readonly halt: Halt }

export class Firmware {
  readonly #platform: FirmwarePlatform
  readonly #manifest: unknown
  readonly #goldens: unknown
  readonly #options: FirmwareOptions
  readonly #post: Post
  readonly #painter = new AnsiPainter()
  #screen = new TextScreen()
  #mode: Mode = { kind: 'post' }
  /** Self-test lines or logo; undefined until NVRAM or the Esc key has told. */
  #details: boolean | undefined
  #scroll = 0
  #request: Request | undefined
  /** Ends whatever `run` waits for when a key asks for something. */
  #wake = new AbortController()
  /** The wait for keys at the end of POST, in ms, while it lasts. */
  #waiting: number | undefined
  #endedAfterMs: number | undefined
  #announced = false

  constructor(platform: FirmwarePlatform, manifest: unknown, goldens: unknown, options: FirmwareOptions) {
    this.#platform = platform
    this.#manifest = manifest
    this.#goldens = goldens
    this.#options = options
    // A picture costs the page more than most of the tests cost: one for all that end at about the same time.
    const changed = (): void => {
      if (platform.soon === undefined) this.#show()
      else platform.soon(() => this.#show())
    }
    this.#post = new Post(platform, changed, options.weights)
  }

  /** Runs once, from power-on to the outcome. */
  async run(): Promise<FirmwareOutcome> {
    const startedAt = this.#platform.now()
    this.#show()
    // The display first, as in every PC: the self-test takes all processors, and a picture would wait behind it.
    await this.#platform.displayUp?.()
    // The prompt stands on that first screen, so the boot delay runs from here, beside the self-test.
    if (this.#options.bootOverride === 'setup') this.#request = 'setup'
    const { configured, finished } = this.#post.start(this.#manifest, this.#goldens)
    const configuration = await configured
    if (!configuration.ok) return this.#halt(configuration.error)
    let { settings } = configuration.value
    this.#details ??= !settings.quietBoot
    this.#show()

    const ended = finished.then((report) => {
      this.#endedAfterMs = this.#platform.now() - startedAt
      this.#show()
      return report
    })
    let chosen: BootPath | undefined
    let atOnce = false
    let promptedAt = startedAt
    for (;;) {
      const request = this.#takeRequest()
      if (request === 'setup') {
        settings = await this.#runSetup(configuration.value, settings)
        atOnce = true
      } else if (request === 'menu') {
        const entry = await this.#runMenu(settings)
        if (entry === 'setup') this.#request = 'setup'
        else chosen = entry ?? chosen
        atOnce = true
      } else if (request === 'help') {
        await new Promise<void>((leave) => this.#enter({ kind: 'help', leave }))
        this.#enter({ kind: 'post' })
        // Nobody reads of F2 in order to find it gone: the keys are waited for anew.
        promptedAt = this.#platform.now()
      } else {
        atOnce ||= request === 'boot'
        const report = await Promise.race([ended, this.#woken()])
        if (report === 'woken') continue
        if (!report.ok) return this.#halt(report.error)
        const elapsed = this.#platform.now() - promptedAt
        const compose = (): HandOff =>
          this.#compose(startedAt, configuration.value, settings, chosen, report.value)
        if (!atOnce && (await this.#wait(settings.bootDelayMs - elapsed, compose))) continue
        const handOff = compose()
        this.#enter({ kind: 'hand-off', handOff })
        return { kind: 'hand-off', handOff }
      }
    }
  }

  /** `character`: what the key types, where a line of text is asked for; there are keys that do nothing else. */
  key(key: FirmwareKey | undefined, character?: string): void {
    const mode = this.#mode
    if (key === undefined && mode.kind !== 'setup') return
    switch (mode.kind) {
      case 'post':
        if (key !== undefined) this.#postKey(key)
        break
      case 'setup':
        mode.setup.key(key, character)
        break
      case 'menu': {
        const result = key === undefined ? undefined : mode.menu.key(key)
        if (result?.kind === 'boot') mode.leave(result.path)
        else if (result?.kind === 'setup') mode.leave('setup')
        else if (result?.kind === 'cancelled') mode.leave(undefined)
        break
      }
      case 'help':
        if (popupKey(HELP, key).kind !== 'open') mode.leave()
        break
      case 'hand-off':
      case 'halted':
        break
      default:
        assertNever(mode)
    }
    this.#show()
  }

  /** Whether a line of text is being typed. */
  takesText(): boolean {
    return this.#mode.kind === 'setup' && this.#mode.setup.takesText
  }

  /** The 25 rows of the screen, without trailing blanks, joined by newlines. */
  text(): string {
    return this.#screen.text()
  }

  /** The same for ears: what has the focus or has just been found, without frames and columns. */
  spoken(): string {
    const mode = this.#mode
    switch (mode.kind) {
      case 'post': {
        const line = this.#post.lines.at(-1)
        const last =
          line === undefined
            ? ''
            : `${line.label}: ${line.summary}, ${line.badge}. ${(line.notes ?? []).join(' ')}`
        return this.#endedAfterMs === undefined ? last : this.#status().text
      }
      case 'setup':
        return mode.setup.spoken()
      case 'menu':
        return mode.menu.spoken()
      case 'help':
        return speakPopup(HELP)
      case 'hand-off':
        return `Handing over to HyperCore. ${BOOT_PATH_NAMES[mode.handOff.bootPath]} boots.`
      case 'halted':
        return `System halted. ${mode.halt.message} ${mode.halt.action}`
      default:
        return assertNever(mode)
    }
  }

  /** Sends the whole screen again: for a terminal that has been cleared, resized or attached anew. */
  redraw(): void {
    this.#painter.reset()
    this.#show()
  }

  #postKey(key: FirmwareKey): void {
    const rows = Math.max(0, logRows(this.#post.lines) - LOG_ROWS)
    const keys: Partial<Record<FirmwareKey, () => void>> = {
      F1: () => this.#ask('help'),
      F2: () => this.#ask('setup'),
      F12: () => this.#ask('menu'),
      Enter: () => this.#ask('boot'),
      Escape: () => {
        this.#details = this.#details === false
      },
      PageUp: () => {
        this.#scroll = Math.min(rows, this.#scroll + LOG_ROWS)
      },
      PageDown: () => {
        this.#scroll = Math.max(0, this.#scroll - LOG_ROWS)
      },
      Home: () => {
        this.#scroll = rows
      },
      End: () => {
        this.#scroll = 0
      },
    }
    keys[key]?.()
  }

  #ask(request: Request): void {
    this.#request = request
    this.#wake.abort()
  }

  #takeRequest(): Request | undefined {
    const request = this.#request
    this.#request = undefined
    this.#wake = new AbortController()
    return request
  }

  #woken(): Promise<'woken'> {
    const { signal } = this.#wake
    return new Promise((resolve) => {
      if (signal.aborted) resolve('woken')
      else signal.addEventListener('abort', () => resolve('woken'))
    })
  }

  /** Waits for a key for `ms`; answers whether one asked for something. */
  async #wait(ms: number, compose: () => HandOff): Promise<boolean> {
    if (ms <= 0) return false
    this.#waiting = ms
    this.#show()
    if (!this.#announced) this.#options.onBootable?.(compose())
    this.#announced = true
    await this.#platform.delay(ms, this.#wake.signal)
    this.#waiting = undefined
    return this.#request !== undefined
  }

  async #runSetup(configuration: Configuration, settings: FirmwareSettings): Promise<FirmwareSettings> {
    const context = {
      appliances: configuration.appliances,
      memoryBudgetMiB: configuration.memoryBudgetMiB,
      defaults: configuration.defaults,
      facts: () => setupFacts(configuration, this.#post),
    }
    const setup = new SetupSession(this.#platform, context, settings, () => this.#show())
    this.#enter({ kind: 'setup', setup })
    const chosen = await setup.done
    this.#enter({ kind: 'post' })
    return chosen
  }

  async #runMenu(settings: FirmwareSettings): Promise<BootPath | 'setup' | undefined> {
    const why = (path: BootPath): string | undefined => unavailable(path, settings, this.#post.refused)
    const menu = new BootMenu(settings.bootOrder[0] ?? 'hyperspace', why)
    const entry = await new Promise<BootPath | 'setup' | undefined>((leave) => {
      this.#enter({ kind: 'menu', menu, leave })
    })
    this.#enter({ kind: 'post' })
    return entry
  }

  #enter(mode: Mode): void {
    this.#mode = mode
    this.#show()
  }

  #halt(halt: Halt): FirmwareOutcome {
    this.#enter({ kind: 'halted', halt })
    return { kind: 'halted', ...halt, refused: this.#post.refused }
  }

  #compose(
    startedAt: number,
    configuration: Configuration,
    settings: FirmwareSettings,
    chosen: BootPath | undefined,
    report: PostReport,
  ): HandOff {
    const { bootOverride } = this.#options
    const wanted = chosen ?? (bootOverride === 'setup' ? undefined : bootOverride)
    const order = wanted === undefined ? settings.bootOrder : [wanted, ...settings.bootOrder]
    const bootPath = order.find((path) => unavailable(path, settings, report.refused) === undefined)
    return {
      version: 1,
      bootPath: bootPath ?? 'hyperspace',
      settings,
      memoryBudgetMiB: configuration.memoryBudgetMiB,
      engine: report.engine,
      platform: configuration.platform,
      volumes: report.volumes,
      goldens: report.goldens,
      refused: report.refused,
      refusedGoldens: report.refusedGoldens,
      scripts: report.scripts,
      post: this.#post.entries,
      startedAt,
      endedAt: this.#platform.now(),
    }
  }

  #status(): { readonly text: string; readonly style: number } {
    if (this.#endedAfterMs === undefined) {
      const { pending } = this.#post
      const request = this.#request === undefined ? '' : REQUEST_WORDS[this.#request]
      const work = pending.length === 0 ? 'Self-test' : `Reading ${listed(pending)}`
      return { text: request === '' ? work : `${request} ${work}`, style: Style.post }
    }
    const refused = this.#post.refused.map(({ name }) => name)
    const parts = [
      `Self-test ended: ${milliseconds(this.#endedAfterMs)}.`,
      ...(this.#waiting === undefined ? [] : [`Boots in ${seconds(this.#waiting)} or by <Enter>.`]),
      ...(refused.length === 0 ? [] : [`Refused: ${listed(refused)}.`]),
    ]
    return { text: parts.join(' '), style: refused.length === 0 ? Style.postBright : Style.postWarning }
  }

  #picture(): PostPicture {
    const { lines, planned } = this.#post
    const elapsedMs = this.#platform.now()
    return { lines, planned, status: this.#status(), scroll: this.#scroll, elapsedMs }
  }

  #show(): void {
    const screen = new TextScreen()
    const mode = this.#mode
    switch (mode.kind) {
      case 'post':
        this.#drawPost(screen)
        break
      case 'setup':
        mode.setup.draw(screen)
        break
      case 'menu':
        this.#drawPost(screen)
        mode.menu.draw(screen)
        break
      case 'help':
        this.#drawPost(screen)
        drawPopup(screen, HELP)
        break
      case 'hand-off':
        drawHandOff(screen, mode.handOff)
        break
      case 'halted':
        drawHalt(screen, this.#picture(), mode.halt)
        break
      default:
        assertNever(mode)
    }
    this.#screen = screen
    const ansi = this.#painter.paint(screen)
    if (ansi !== '') this.#options.onOutput(ansi)
  }

  #drawPost(screen: TextScreen): void {
    if (this.#details === undefined) drawBlank(screen, this.#picture())
    else if (this.#details) drawPost(screen, this.#picture())
    else drawLogo(screen, this.#picture())
  }
}

const HELP: Popup = { kind: 'notice', title: HELP_TITLE, paragraphs: POST_HELP }

const REQUEST_WORDS: Readonly<Record<Request, string>> = {
  setup: 'Entering Setup.',
  menu: 'Entering the boot menu.',
  help: 'Opening help.',
  boot: 'Booting as soon as the self-test ends.',
}
