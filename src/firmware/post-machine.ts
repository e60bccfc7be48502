/** POST's steps for what the guests run on: the browser's features, the engine, storage, scripts and the keyboard. */

import { sha256Hex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { EngineReport, ScriptReport } from '../protocol/hand-off.ts'
import type { MeasuredEngine } from './engine-compiler.ts'
import type { FirmwarePlatform, PlatformFeatures, ScriptName, StorageReport } from './platform.ts'
import { type Halt, reasonOf, type RunStep, type StepOutcome, type StepReport } from './post-step.ts'
import { binarySize, grouped, measured, milliseconds } from './words.ts'

const RELOAD = 'Reload the page. If it stays, this copy of the site is incomplete.'
const CURRENT_BROWSER = 'Open this page in a current Firefox, Chrome, Edge or Safari'

/** Features without which nothing here can run, the most telling first. */
const REQUIRED: readonly { readonly feature: keyof PlatformFeatures; readonly halt: Halt }[] = [
  {
    feature: 'webAssembly',
    halt: {
      message: 'This browser has no WebAssembly, and the guests run on it.',
      action: `${CURRENT_BROWSER}; a hardened or lockdown mode may switch it off for all sites but those allowed.`,
    },
  },
  {
    feature: 'workers',
    halt: {
      message: 'This browser has no workers, and every guest runs in one of its own.',
      action: `${CURRENT_BROWSER}.`,
    },
  },
  {
    feature: 'digest',
    halt: {
      message: 'The browser offers no SHA-256 here, so no volume can be verified.',
      action: 'Open this page by https:// or from localhost: browsers keep crypto.subtle from plain http.',
    },
  },
  {
    feature: 'gunzip',
    halt: {
      message: 'This browser has no DecompressionStream, and kernel and initramfs are packed.',
      action: `${CURRENT_BROWSER}.`,
    },
  },
]

/** The value is the halt for the first required feature that is missing. */
export function checkFeatures(features: PlatformFeatures): StepOutcome<Halt | undefined> {
  const label = 'Browser features'
  const missing = REQUIRED.find(({ feature }) => !features[feature])
  if (missing !== undefined) {
    const report: StepReport = {
      label,
      result: 'failed',
      badge: 'FAILED',
      summary: 'one that is needed is missing',
      notes: [missing.halt.message],
    }
    return { report, value: missing.halt }
  }
  const found = [
    'WebAssembly',
    features.simd ? 'SIMD' : 'no SIMD',
    features.bulkMemory ? 'bulk memory' : 'no bulk memory',
    'workers',
  ]
  const report: StepReport = {
    label,
    result: 'ok',
    badge: 'OK',
    summary: found.join(', '),
    detail:
      `Found: ${found.join(', ')}, SHA-256, gzip${features.opfs ? ', OPFS' : ''}. ` +
      'Not needed: WebAssembly threads, shared memory. Not visible to a page: OPFS sync handles.',
  }
  return { report, value: undefined }
}

/** Two steps, because they can fail for different reasons: reading v86.wasm, and compiling it. */
export async function testEngine(
  platform: FirmwarePlatform,
  features: PlatformFeatures,
  step: RunStep,
): Promise<Result<EngineReport, Halt>> {
  const { simd } = features
  const file = simd ? 'v86.wasm' : 'v86-fallback.wasm (no SIMD)'
  const read = await step(
    'engine',
    'engine',
    async (): Promise<StepOutcome<Result<MeasuredEngine, Halt>>> => {
      try {
        const bytes = await platform.fetchEngine(simd)
        const sha256 = await sha256Hex(bytes)
        return {
          report: {
            label: 'Engine',
            result: 'ok',
            badge: 'READ',
            summary: measured(bytes.length, sha256),
            detail: `${file}: ${grouped(bytes.length)} bytes, SHA-256 ${sha256}.`,
          },
          value: ok({ bytes, sha256 }),
        }
      } catch (error) {
        const message = `The engine ${file} could not be read: ${reasonOf(error)}.`
        return failed('Engine', 'could not be read', { message, action: RELOAD })
      }
    },
  )
  if (!read.ok) return read
  const { bytes, sha256 } = read.value
  return step('compile', 'compiler', async (): Promise<StepOutcome<Result<EngineReport, Halt>>> => {
    const startedAt = platform.now()
    try {
      const module = await platform.compile(read.value, simd)
      const compileMs = platform.now() - startedAt
      return {
        report: {
          label: 'Engine, compiled',
          result: 'ok',
          badge: 'OK',
          summary: `${file}, once for all guests`,
          detail: `${file} compiled in ${milliseconds(compileMs)}; one module serves every guest.`,
        },
        value: ok({ module, size: bytes.length, sha256, simd, compileMs }),
      }
    } catch (error) {
      return failed('Engine, compiled', 'the browser refused it', {
        message: `The browser did not compile ${file}: ${reasonOf(error)}.`,
        action: `${CURRENT_BROWSER}. If it is one, the host's content security policy may lack 'wasm-unsafe-eval'.`,
      })
    }
  })
}

/** What most often refuses a page its storage. */
export const NOT_PRIVATE = 'To keep disks and settings, open a window that is not private.'

export async function testStorage(platform: FirmwarePlatform): Promise<StepOutcome<StorageReport>> {
  const label = 'Storage'
  const storage = await platform.storage().catch((error: unknown): StorageReport => {
    return { kind: 'memory', why: reasonOf(error), remedy: NOT_PRIVATE }
  })
  if (storage.kind === 'memory') {
    const report: StepReport = {
      label,
      result: 'warning',
      badge: 'MEMORY',
      summary: 'memory alone: nothing outlives this tab',
      notes: [`No OPFS: ${storage.why}. ${storage.remedy}`],
    }
    return { report, value: storage }
  }
  const { quotaBytes, usedBytes } = storage
  const used = usedBytes === undefined ? '' : `, ${binarySize(usedBytes)} used`
  const quota = quotaBytes === undefined ? 'quota not told' : `quota ${binarySize(quotaBytes)}`
  return {
    report: { label, result: 'ok', badge: 'OK', summary: `OPFS opened, ${quota}${used}` },
    value: storage,
  }
}

const SCRIPT_LABELS: Readonly<Record<ScriptName, string>> = {
  hypercore: 'HyperCore',
  domain: 'Domain worker',
  store: 'Snapshot store',
}

const SCRIPT_WORDS: Readonly<Record<ScriptName, string>> = {
  hypercore: 'HyperCore',
  domain: 'the domain worker',
  store: 'the snapshot store',
}

/** Scripts come from the same place as this firmware, so there is nothing to compare with: measured, not verified. */
export async function testScript(
  platform: FirmwarePlatform,
  which: ScriptName,
): Promise<StepOutcome<Result<ScriptReport, Halt>>> {
  const label = SCRIPT_LABELS[which]
  try {
    const { url, bytes } = await platform.fetchScript(which)
    const sha256 = await sha256Hex(bytes)
    const size = bytes.length
    const report: StepReport = {
      label,
      result: 'ok',
      badge: 'MEASURED',
      summary: measured(size, sha256),
      detail: `${url}: ${grouped(size)} bytes, SHA-256 ${sha256}; measured, with nothing to compare it with.`,
    }
    return { report, value: ok({ url, size, sha256 }) }
  } catch (error) {
    const message = `The script of ${SCRIPT_WORDS[which]} could not be read: ${reasonOf(error)}.`
    return failed(label, 'could not be read', { message, action: RELOAD })
  }
}

/** The two workers that HyperCore spawns, on the line of the first: the screen has no room for one more. */
export async function testWorkers(
  platform: FirmwarePlatform,
): Promise<StepOutcome<Result<{ domain: ScriptReport; store: ScriptReport }, Halt>>> {
  const [domain, store] = await Promise.all([testScript(platform, 'domain'), testScript(platform, 'store')])
  if (!domain.value.ok) return { report: domain.report, value: domain.value }
  if (!store.value.ok) return { report: store.report, value: store.value }
  const detail = `${domain.report.detail} ${SCRIPT_LABELS.store}: ${store.report.detail}`
  return {
    report: { ...domain.report, detail },
    value: ok({ domain: domain.value.value, store: store.value.value }),
  }
}

export function testKeyboard(platform: FirmwarePlatform): StepOutcome<void> {
  const label = 'Keyboard'
  const keyboard = platform.keyboard?.() ?? { listening: true, onScreen: false }
  if (!keyboard.listening) {
    const notes = ['No key reaches the firmware; it boots with the settings it has.']
    return {
      report: { label, result: 'warning', badge: 'ABSENT', summary: 'nobody listens for keys', notes },
      value: undefined,
    }
  }
  const summary = keyboard.onScreen ? 'listening, and keys on the screen' : 'listening'
  return { report: { label, result: 'ok', badge: 'READY', summary }, value: undefined }
}

function failed(label: string, summary: string, halt: Halt): StepOutcome<Result<never, Halt>> {
  return {
    report: { label, result: 'failed', badge: 'FAILED', summary, notes: [halt.message] },
    value: err(halt),
  }
}
