/**
 * What the firmware needs from outside: clock, network, digest-able bytes, compiler, storage and NVRAM. Everything it
 * prints comes from answers of this interface, so that tests run it on a machine of their own making.
 */

import type { MeasuredEngine } from './engine-compiler.ts'
import type { FileReading } from './file-reading.ts'
import type { PlatformReport } from '../protocol/hand-off.ts'

/** What the engine and the supervisor stand on. Probed, not taken from a version number. */
export type PlatformFeatures = {
  readonly webAssembly: boolean
  /** WebAssembly 128-bit SIMD: selects v86.wasm or its fallback. */
  readonly simd: boolean
  /** WebAssembly `memory.copy` and `memory.fill`. */
  readonly bulkMemory: boolean
  readonly workers: boolean
  /** `crypto.subtle`: browsers offer it to https and localhost alone. */
  readonly digest: boolean
  /** `DecompressionStream('gzip')`. */
  readonly gunzip: boolean
  /** `navigator.storage.getDirectory`. Its sync handles exist in workers alone and cannot be seen from a page. */
  readonly opfs: boolean
}

export type StorageReport = PlatformReport['storage']

export type KeyboardReport = {
  /** The host's key listener is attached. */
  readonly listening: boolean
  /** Keys are offered as buttons on the screen. */
  readonly onScreen: boolean
}

export type ScriptName = 'hypercore' | 'domain' | 'store'

/** Every promise may reject with an Error whose message is fit for a person. */
export type FirmwarePlatform = {
  /** Milliseconds since power-on, monotonic. */
  now(): number
  /** Resolves after `ms`, or at once when `signal` aborts. Used for the boot delay alone. */
  delay(ms: number, signal: AbortSignal): Promise<void>
  features(): PlatformFeatures
  /** v86.wasm, or its build without SIMD. */
  fetchEngine(simd: boolean): Promise<Uint8Array<ArrayBuffer>>
  compile(engine: MeasuredEngine, simd: boolean): Promise<WebAssembly.Module>
  fetchScript(which: ScriptName): Promise<{ readonly url: string; readonly bytes: Uint8Array<ArrayBuffer> }>
  /** `file` as it stands in the manifest: “flash/kernel.img”. */
  readVolume(file: string): Promise<FileReading>
  /** `file` as it stands in the list of golden snapshots: “web.golden”. */
  readGolden(file: string): Promise<FileReading>
  /** Nothing was ever kept on the disk of that appliance. */
  hasBlankDisk(appliance: string): Promise<boolean>
  storage(): Promise<StorageReport>
  /** Undefined when nothing was ever written. */
  readNvram(): Promise<Uint8Array | undefined>
  writeNvram(bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** Logical processors as the browser reports them. */
  readonly processors: number
  /** As the browser reports it, rounded and capped by it; undefined where it does not tell. */
  readonly deviceMemoryGiB: number | undefined
  /** Has `draw` called soon, once for all that asked until then; a platform that draws at no cost leaves it out. */
  soon?(draw: () => void): void
  /** Resolves when the first picture is on the screen; a platform that nobody looks at leaves it out. */
  displayUp?(): Promise<void>
  /** Puts a verified font on the screen; a platform that draws with its own leaves it out. */
  useFont?(font: Blob): Promise<void>
  /** Asked when POST reports the keyboard; a platform without a host of its own leaves it out. */
  keyboard?(): KeyboardReport
}
