/** The firmware's platform in a browser's page. URLs and NVRAM are handed in: this folder knows no storage. */

import { compileEngine } from './engine-compiler.ts'
import { fetchBytes, type FileReading } from './file-reading.ts'
import { NOT_PRIVATE } from './post-machine.ts'
import type {
  FirmwarePlatform,
  KeyboardReport,
  PlatformFeatures,
  ScriptName,
  StorageReport,
} from './platform.ts'

export type BrowserPlatformOptions = {
  /** On the page's clock: 0, its navigation, unless the person was asked something before. */
  readonly poweredOnAt: number
  readonly engineUrls: { readonly simd: string; readonly fallback: string }
  /** Files come from a copy that is kept in the browser. */
  readonly areKept: () => boolean
  /** The URL of a file of the manifest (“flash/kernel.img”). */
  readonly volumeUrl: (file: string) => string
  /** The URL of a file of the list of golden snapshots (“web.golden”). */
  readonly goldenUrl: (file: string) => string
  /** Reads and measures the file behind an address. */
  readonly readFile: (url: string) => Promise<FileReading>
  readonly scriptUrls: Readonly<Record<ScriptName, string>>
  readonly hasBlankDisk: (appliance: string) => Promise<boolean>
  readonly readNvram: () => Promise<Uint8Array | undefined>
  readonly writeNvram: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>
  readonly displayUp?: () => Promise<void>
  readonly useFont?: (font: Blob) => Promise<void>
  readonly keyboard?: () => KeyboardReport
}

/** Milliseconds between two pictures of the self-test: a reader sees no difference, the processors do. */
const PICTURE_MS = 80

/** At most one `draw` under way: the first to ask starts the wait. */
function paced(): (draw: () => void) => void {
  let waiting = false
  return (draw) => {
    if (waiting) return
    waiting = true
    setTimeout(() => {
      waiting = false
      draw()
    }, PICTURE_MS)
  }
}

/** A module with one function `() -> v128` that is `i8x16.splat` of 0: valid only with SIMD (core specification 2.0, 5.4.8). */
const SIMD_PROBE = fromHex(
  '0061736d 01000000' + // \0asm, version 1
    '01 05 01 60 00 01 7b' + // type 0: () -> v128
    '03 02 01 00' + // function 0 has type 0
    '0a 08 01 06 00 4100 fd0f 0b', // one body: i32.const 0; i8x16.splat; end
)

/** A module with a memory and one function that is `memory.fill(0, 0, 0)`: valid only with bulk memory (5.4.6). */
const BULK_MEMORY_PROBE = fromHex(
  '0061736d 01000000' +
    '01 04 01 60 00 00' + // type 0: () -> ()
    '03 02 01 00' +
    '05 03 01 00 01' + // one memory of at least one page
    '0a 0d 01 0b 00 4100 4100 4100 fc0b00 0b', // one body: three zeros; memory.fill 0; end
)

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (digits) => parseInt(digits, 16))
}

/** Probes this realm. */
export function probeFeatures(): PlatformFeatures {
  const webAssembly = typeof WebAssembly === 'object'
  return {
    webAssembly,
    simd: webAssembly && WebAssembly.validate(SIMD_PROBE),
    bulkMemory: webAssembly && WebAssembly.validate(BULK_MEMORY_PROBE),
    // Browsers with DecompressionStream all run module workers, so there is no probe for those: it would have to start
    // a worker from a blob, which the content security policy forbids.
    workers: typeof Worker === 'function',
    digest: typeof crypto === 'object' && typeof crypto.subtle === 'object',
    gunzip: typeof DecompressionStream === 'function',
    opfs: typeof navigator === 'object' && typeof navigator.storage?.getDirectory === 'function',
  }
}

async function openStorage(): Promise<StorageReport> {
  if (!probeFeatures().opfs)
    return { kind: 'memory', why: 'this browser has no origin private file system', remedy: NOT_PRIVATE }
  try {
    await navigator.storage.getDirectory()
  } catch (error) {
    return {
      kind: 'memory',
      why: `the browser refused it (${error instanceof Error ? error.name : 'unknown'})`,
      remedy: NOT_PRIVATE,
    }
  }
  const estimate: StorageEstimate = await navigator.storage.estimate().catch(() => ({}))
  return { kind: 'opfs', quotaBytes: estimate.quota, usedBytes: estimate.usage }
}

/** As the browser reports it; undefined where it does not tell. */
export function deviceMemoryGiB(): number | undefined {
  // Not in the standard's types: Chromium alone has it (Device Memory API).
  const deviceMemory: unknown = Reflect.get(navigator, 'deviceMemory')
  return typeof deviceMemory === 'number' ? deviceMemory : undefined
}

export function browserPlatform(options: BrowserPlatformOptions): FirmwarePlatform {
  const engineUrl = (simd: boolean): string => options.engineUrls[simd ? 'simd' : 'fallback']
  return {
    now: () => performance.now() - options.poweredOnAt,
    delay: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
        if (signal.aborted) resolve()
      }),
    soon: paced(),
    features: probeFeatures,
    fetchEngine: (simd) => fetchBytes(engineUrl(simd)),
    compile: (engine, simd) => compileEngine(engine, options.areKept() ? engineUrl(simd) : undefined),
    fetchScript: async (which) => {
      const url = options.scriptUrls[which]
      return { url, bytes: await fetchBytes(url) }
    },
    readVolume: (file) => options.readFile(options.volumeUrl(file)),
    readGolden: (file) => options.readFile(options.goldenUrl(file)),
    hasBlankDisk: options.hasBlankDisk,
    storage: openStorage,
    readNvram: options.readNvram,
    writeNvram: options.writeNvram,
    processors: navigator.hardwareConcurrency,
    deviceMemoryGiB: deviceMemoryGiB(),
    ...(options.displayUp === undefined ? {} : { displayUp: options.displayUp }),
    ...(options.useFont === undefined ? {} : { useFont: options.useFont }),
    ...(options.keyboard === undefined ? {} : { keyboard: options.keyboard }),
  }
}
