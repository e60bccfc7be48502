/**
 * Power-on self-test: reads, hashes and compiles what the boot needs, all of it at once, and reports each step
 * when its work has ended, with its result and the time it took.
 */

import { err, ok, type Result } from '../base/result.ts'
import type {
  EngineReport,
  FirmwareSettings,
  PlatformReport,
  PostEntry,
  RefusedGolden,
  RefusedVolume,
  ScriptReport,
  VerifiedGolden,
  VerifiedVolume,
} from '../protocol/hand-off.ts'
import { appliancesOf, ESSENTIAL_ROLES, parseManifest, type Manifest } from './manifest.ts'
import type { FirmwarePlatform, StorageReport } from './platform.ts'
import type { FileReading } from './file-reading.ts'
import { byAppliance, checkGoldenManifest, testGoldens, withoutGolden } from './post-golden.ts'
import {
  checkFeatures,
  testEngine,
  testKeyboard,
  testScript,
  testStorage,
  testWorkers,
} from './post-machine.ts'
import { testNvram, type NvramStatus } from './post-nvram.ts'
import type { Halt, PostLine, StepOutcome, StepReport } from './post-step.ts'
import { testVolume, type VolumeOutcome } from './post-volume.ts'
import { defaultSettings, fitSettings, memoryBudgetMiB, type Appliance } from './settings.ts'
import { capitalised, grouped, listed } from './words.ts'

/** What setup and boot menu need; known long before the last volume is read. */
export type Configuration = {
  readonly manifest: Manifest
  readonly appliances: readonly Appliance[]
  readonly memoryBudgetMiB: number
  readonly settings: FirmwareSettings
  readonly defaults: FirmwareSettings
  readonly nvram: NvramStatus
  readonly platform: PlatformReport
}

export type PostReport = {
  readonly engine: EngineReport
  readonly volumes: readonly VerifiedVolume[]
  readonly goldens: readonly VerifiedGolden[]
  readonly refused: readonly RefusedVolume[]
  readonly refusedGoldens: readonly RefusedGolden[]
  readonly scripts: {
    readonly hypercore: ScriptReport
    readonly domain: ScriptReport
    readonly store: ScriptReport
  }
}

/** By appliance: its share of a busy processor where the person has chosen none. */
export type Weights = Readonly<Record<string, number>>

export class Post {
  readonly #platform: FirmwarePlatform
  readonly #onChange: () => void
  readonly #weights: Weights
  readonly #lines: PostLine[] = []
  readonly #pending = new Map<string, string>()
  readonly #outcomes: VolumeOutcome[] = []
  #planned = 0

  /** `onChange` is called whenever a step begins or ends. */
  constructor(platform: FirmwarePlatform, onChange: () => void, weights: Weights = {}) {
    this.#platform = platform
    this.#onChange = onChange
    this.#weights = weights
  }

  /** In the order in which the steps ended. */
  get lines(): readonly PostLine[] {
    return this.#lines
  }

  /** What is being worked on, for people. */
  get pending(): readonly string[] {
    return [...this.#pending.values()]
  }

  /** Steps there are, ended or not; 0 until they are known. */
  get planned(): number {
    return this.#planned
  }

  get entries(): readonly PostEntry[] {
    return this.#lines.map(({ id, label, result, summary, notes = [], detail, durationMs }) => ({
      id,
      label,
      result,
      detail: [detail ?? summary, ...notes].join(' '),
      durationMs,
    }))
  }

  /** Volumes that have been refused so far. */
  get refused(): readonly RefusedVolume[] {
    return this.#outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.volume] : []))
  }

  get verified(): readonly VerifiedVolume[] {
    return this.#outcomes.flatMap((outcome) => (outcome.kind === 'verified' ? [outcome.volume] : []))
  }

  /**
   * Starts every step that can start. `configured` settles once settings are known, `finished` when the last step has
   * ended; both settle with a `Halt` where the machine cannot boot.
   */
  start(
    untrustedManifest: unknown,
    untrustedGoldens: unknown,
  ): {
    readonly configured: Promise<Result<Configuration, Halt>>
    readonly finished: Promise<Result<PostReport, Halt>>
  } {
    const features = this.#platform.features()
    const missing = this.#stepNow('features', () => checkFeatures(features))
    if (missing !== undefined) return halted(missing)

    const manifest = this.#stepNow('manifest', () => checkManifest(untrustedManifest))
    if (!manifest.ok) return halted(manifest.error)
    const { volumes } = manifest.value
    const { report, value: listed } = checkGoldenManifest(untrustedGoldens)
    const goldens = byAppliance(listed)
    if (report !== undefined) this.#stepNow('goldens', () => ({ report, value: undefined }))
    // The steps behind us; engine, compiler, memory, storage, NVRAM, HyperCore, workers, keyboard; and what is in flash.
    this.#planned = this.#lines.length + 8 + volumes.length + goldens.size

    const platform = this.#platform
    const engine = testEngine(platform, features, (id, label, work) => this.step(id, label, work))
    const files = new Map<string, Promise<FileReading>>()
    const readOnce = (file: string): Promise<FileReading> => {
      const reading = files.get(file) ?? platform.readVolume(file)
      files.set(file, reading)
      return reading
    }
    const flash = volumes.map(async (volume) => {
      const outcome = await this.step(`volume:${volume.name}`, volume.name, () =>
        testVolume(platform, volume, readOnce),
      )
      this.#outcomes.push(outcome)
      this.#onChange()
    })
    const states = [...goldens].map(([appliance, each]) =>
      this.step(`golden:${appliance}`, `golden ${appliance}`, () => testGoldens(platform, appliance, each)),
    )
    const scripts = Promise.all([
      this.step('script:hypercore', 'HyperCore', () => testScript(platform, 'hypercore')),
      this.step('script:domain', 'domain script', () => testWorkers(platform)),
    ])
    const configured = this.#configure(manifest.value, new Set(goldens.keys()))

    const finished = Promise.all([configured, engine, scripts, Promise.all(states), Promise.all(flash)]).then(
      ([configuration, engine, [hypercore, workers], outcomes]): Result<PostReport, Halt> => {
        if (!configuration.ok) return configuration
        if (!engine.ok) return engine
        if (!hypercore.ok) return hypercore
        if (!workers.ok) return workers
        return this.#bootable({
          engine: engine.value,
          volumes: this.verified,
          goldens: outcomes.flatMap((each) => (each.kind === 'verified' ? [each.golden] : [])),
          refused: this.refused,
          refusedGoldens: outcomes.flatMap((each) => (each.kind === 'refused' ? [each.golden] : [])),
          scripts: { hypercore: hypercore.value, ...workers.value },
        })
      },
    )
    return { configured, finished }
  }

  /** Runs one step: its line appears when `work` has ended. */
  async step<T>(id: string, label: string, work: () => Promise<StepOutcome<T>>): Promise<T> {
    const startedAt = this.#platform.now()
    this.#pending.set(id, label)
    const { report, value } = await work()
    this.#pending.delete(id)
    this.#lines.push({ ...report, id, durationMs: this.#platform.now() - startedAt })
    this.#onChange()
    return value
  }

  #stepNow<T>(id: string, work: () => StepOutcome<T>): T {
    const startedAt = this.#platform.now()
    const { report, value } = work()
    this.#lines.push({ ...report, id, durationMs: this.#platform.now() - startedAt })
    this.#onChange()
    return value
  }

  /** `goldens`: the appliances that there is one of. */
  async #configure(manifest: Manifest, goldens: ReadonlySet<string>): Promise<Result<Configuration, Halt>> {
    const platform = this.#platform
    const budgetMiB = this.#stepNow('memory', () => {
      const budget = memoryBudgetMiB(platform.deviceMemoryGiB)
      return { report: processorsLine(platform, budget), value: budget }
    })
    const [storage, { status, settings: stored }] = await Promise.all([
      this.step('storage', 'storage', () => testStorage(platform)),
      this.step('nvram', 'NVRAM', () => testNvram(platform)),
    ])
    const appliances = appliancesOf(manifest).map(({ appliance, ramMiB }) => ({
      appliance,
      ramMiB,
      weight: this.#weights[appliance],
    }))
    const defaults = defaultSettings(appliances, budgetMiB)
    let settings = defaults
    if (stored === undefined) this.#tellWhatStaysOff(defaults, budgetMiB)
    else {
      const fitted = fitSettings(stored, appliances, budgetMiB)
      settings = fitted.settings
      if (fitted.changes.length > 0) this.#settingsLine('Fitted to this flash and budget.', fitted.changes)
    }
    this.#tellWhatBoots(settings, goldens)
    this.#stepNow('keyboard', () => testKeyboard(platform))
    return ok({
      manifest,
      appliances,
      memoryBudgetMiB: budgetMiB,
      settings,
      defaults,
      nvram: status,
      platform: platformReport(platform, storage),
    })
  }

  #tellWhatStaysOff(defaults: FirmwareSettings, budgetMiB: number): void {
    const off = Object.entries(defaults.appliances).flatMap(([name, { start }]) => (start ? [] : [name]))
    if (off.length === 0) return
    this.#settingsLine(`The budget of ${grouped(budgetMiB)} MiB does not hold all.`, [
      `Not started: ${listed(off.map(capitalised))}. Choose others in Setup (F2).`,
    ])
  }

  /** Where there is none at all, the list's own line has said so. */
  #tellWhatBoots({ appliances }: FirmwareSettings, goldens: ReadonlySet<string>): void {
    if (goldens.size === 0) return
    const without = Object.entries(appliances).flatMap(([name, { start }]) =>
      start && !goldens.has(name) ? [name] : [],
    )
    if (without.length === 0) return
    this.#planned += 1
    this.#stepNow('goldens', () => ({ report: withoutGolden(without), value: undefined }))
  }

  #settingsLine(summary: string, notes: readonly string[]): void {
    this.#planned += 1
    this.#stepNow('settings', () => ({
      report: { label: 'Settings', result: 'warning', badge: 'CHANGED', summary, notes },
      value: undefined,
    }))
  }

  #bootable(report: PostReport): Result<PostReport, Halt> {
    const lost = this.refused.filter(({ role }) => ESSENTIAL_ROLES.some((essential) => essential === role))
    if (lost.length > 0) {
      return err({
        message: `Refused: ${listed(lost.map(({ name }) => name))}. No appliance starts without ${lost.length === 1 ? 'it' : 'them'}.`,
        action:
          'Reload the page to read flash again. If that does not help, this copy of the site is damaged.',
      })
    }
    if (!report.volumes.some(({ role }) => role === 'appliance')) {
      return err({
        message: 'Every appliance volume was refused: there is nothing to start.',
        action:
          'Reload the page to read flash again. If that does not help, this copy of the site is damaged.',
      })
    }
    return ok(report)
  }
}

function halted(halt: Halt): {
  readonly configured: Promise<Result<Configuration, Halt>>
  readonly finished: Promise<Result<PostReport, Halt>>
} {
  return { configured: Promise.resolve(err(halt)), finished: Promise.resolve(err(halt)) }
}

function checkManifest(untrustedManifest: unknown): StepOutcome<Result<Manifest, Halt>> {
  const label = 'Flash manifest'
  const manifest = parseManifest(untrustedManifest)
  if (!manifest.ok) {
    const report: StepReport = {
      label,
      result: 'failed',
      badge: 'FAILED',
      summary: 'not usable',
      notes: [`${capitalised(manifest.error)}.`],
    }
    const halt = {
      message: `The flash manifest is not usable: ${manifest.error}.`,
      action: 'This copy of the site was not built whole. Whoever publishes it must build it again.',
    }
    return { report, value: err(halt) }
  }
  const { volumes } = manifest.value
  const bytes = volumes.reduce((sum, { size }) => sum + size, 0)
  const summary = `${volumes.length} volumes, ${grouped(bytes)} bytes (model)`
  return { report: { label, result: 'ok', badge: 'OK', summary }, value: manifest }
}

function processorsLine(platform: FirmwarePlatform, budgetMiB: number): StepReport {
  const { processors, deviceMemoryGiB } = platform
  const memory = deviceMemoryGiB === undefined ? 'memory not told' : `${deviceMemoryGiB} GiB`
  return {
    label: 'Processors, memory',
    result: 'ok',
    badge: 'OK',
    summary: `${processors} logical, ${memory}; guests ${grouped(budgetMiB)} MiB`,
    detail:
      `The browser reports ${processors} logical processors and ` +
      `${deviceMemoryGiB === undefined ? 'no figure for memory' : `${deviceMemoryGiB} GiB of memory, rounded by it`}; ` +
      `all guests together may have ${grouped(budgetMiB)} MiB.`,
  }
}

function platformReport(platform: FirmwarePlatform, storage: StorageReport): PlatformReport {
  return { processors: platform.processors, deviceMemoryGiB: platform.deviceMemoryGiB, storage }
}
