/** A machine of the tests' making: real bytes, real digests, a real WebAssembly module, and a clock turned by hand. */

import type { MeasuredEngine } from '../../src/firmware/engine-compiler.ts'
import { measure, type FileReading } from '../../src/firmware/file-reading.ts'
import type { GoldenManifest } from '../../src/firmware/golden-manifest.ts'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type {
  FirmwarePlatform,
  PlatformFeatures,
  ScriptName,
  StorageReport,
} from '../../src/firmware/platform.ts'

/** The smallest module there is: magic and version. */
export const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)

export const ALL_FEATURES: PlatformFeatures = {
  webAssembly: true,
  simd: true,
  bulkMemory: true,
  workers: true,
  digest: true,
  gunzip: true,
  opfs: true,
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that differ with `seed` and repeat with it. */
export function someBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 97 + (index >> 5)) & 0xff)
}

type VolumeFields = { readonly name: string; readonly role: string; readonly [field: string]: unknown }

export type Flash = {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>
  readonly volumes: VolumeFields[]
}

const APPLIANCES = [
  ['primary', 96],
  ['web', 128],
  ['messaging', 64],
  ['management', 48],
  ['vault', 64],
] as const

/** A flash with stub, kernel, initramfs, five appliances and the BIOS pair; kernel and initramfs are packed. */
export function makeFlash(): Flash {
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  const add = (
    name: string,
    role: string,
    content: Uint8Array<ArrayBuffer>,
    encoding: string,
    more: object,
  ): VolumeFields => {
    const bytes = encoding === 'gzip' ? Uint8Array.from(gzipSync(content)) : content
    const file = `flash/${name}.${encoding === 'gzip' ? 'img' : 'bin'}`
    files.set(file, bytes)
    return {
      name,
      role,
      file,
      size: bytes.length,
      sha256: sha256(bytes),
      encoding,
      contentSize: content.length,
      kind: 'rom',
      description: name,
      licence: 'BSD-2-Clause',
      origin: { source: [], binary: [] },
      ...more,
    }
  }
  const volumes = [
    add('stub', 'stub', someBytes(2_048, 1), 'identity', { kind: 'multiboot-stub' }),
    add('kernel', 'kernel', someBytes(53_002, 2), 'gzip', { kind: 'flat-kernel' }),
    add('base', 'initramfs', someBytes(14_462, 3), 'gzip', { kind: 'cpio' }),
    ...APPLIANCES.map(([appliance, ramMiB], index) =>
      add(appliance, 'appliance', someBytes(9_000 + index, 10 + index), 'identity', {
        kind: 'squashfs',
        appliance,
        ramMiB,
        kernelCommandLine: `console=ttyS0 hs.role=${appliance}`,
      }),
    ),
    add('bios', 'bios', someBytes(4_096, 4), 'identity', {}),
    add('vga-bios', 'vga-bios', someBytes(2_000, 5), 'identity', {}),
  ]
  files.set('web.golden', someBytes(12_345, 20))
  return { files, volumes }
}

/** The list of golden snapshots of a whole build: one of each appliance. */
export function allGoldensOf(flash: Flash): GoldenManifest {
  const list = goldensOf(flash)
  const [web] = list.goldens
  if (web === undefined) return list
  const { file, size, sha256, machine, stage, blankDisk } = web
  const goldens = APPLIANCES.map(([appliance]) => ({
    appliance,
    file,
    size,
    sha256,
    machine,
    stage,
    blankDisk,
  }))
  return { ...list, goldens }
}

/** A list with one, of the web appliance. */
export function goldensOf({ files }: Flash): GoldenManifest {
  const bytes = someBytes(12_345, 20)
  if (!files.has('web.golden')) return { format: 'hyperspace-goldens', version: 1, goldens: [] }
  const machine = { engine: sha256(EMPTY_MODULE), memoryMiB: 128, devices: 'vga 4 MiB' }
  const golden = { appliance: 'web', file: 'web.golden', size: bytes.length, sha256: sha256(bytes), machine }
  return {
    format: 'hyperspace-goldens',
    version: 1,
    goldens: [{ ...golden, stage: 'ready', blankDisk: false }],
  }
}

export function manifestOf({ volumes }: Flash): unknown {
  return { format: 'hyperspace-flash', version: 1, volumes }
}

/** Replaces one field of one volume's entry. */
export function withField(flash: Flash, name: string, field: string, value: unknown): Flash {
  const volumes = flash.volumes.map((volume) =>
    volume.name === name ? { ...volume, [field]: value } : volume,
  )
  return { files: flash.files, volumes }
}

/** Turns one bit of a volume's file, as a failing cell would. */
export function flipBit({ files, volumes }: Flash, name: string, at = 100): void {
  const file = volumes.find((volume) => volume.name === name)?.['file']
  const bytes = typeof file === 'string' ? files.get(file) : undefined
  if (typeof file !== 'string' || bytes === undefined) throw new Error(`no volume ${name}`)
  const damaged = bytes.slice()
  damaged[at] = (damaged[at] ?? 0) ^ 0x10
  files.set(file, damaged)
}

/** One promise that a test settles by hand. */
export type Gate = { readonly opened: Promise<void>; open: () => void }
export function gate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

export class FakePlatform implements FirmwarePlatform {
  clock = 1_000
  nvram: Uint8Array | undefined
  blankDisks = true
  /** Delays that were asked for, in ms. */
  readonly delays: number[] = []
  /** A delay lasts until its signal aborts, instead of ending at once. */
  holdDelays = false
  /** Awaited before every volume is answered. */
  volumeGate: Promise<void> = Promise.resolve()
  fetched: string[] = []
  featureSet: PlatformFeatures = ALL_FEATURES
  engine: { simd: Uint8Array<ArrayBuffer> | Error; fallback: Uint8Array<ArrayBuffer> | Error } = {
    simd: EMPTY_MODULE,
    fallback: EMPTY_MODULE,
  }
  compileError: Error | undefined
  scripts: Record<ScriptName, Uint8Array<ArrayBuffer> | Error> = {
    hypercore: someBytes(84_120, 7),
    domain: someBytes(120_033, 8),
    store: someBytes(60_021, 9),
  }
  storageReport: StorageReport | Error = { kind: 'opfs', quotaBytes: 12 * 1024 ** 3, usedBytes: 3_000_000 }
  readNvramError: Error | undefined
  writeNvramError: Error | undefined
  processors = 8
  deviceMemoryGiB: number | undefined = 8
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>

  constructor(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) {
    this.#files = files
  }

  /** Every look at the clock takes a tenth of a millisecond. */
  now(): number {
    this.clock += 0.1
    return this.clock
  }

  async delay(ms: number, signal: AbortSignal): Promise<void> {
    this.delays.push(ms)
    if (!this.holdDelays) {
      this.clock += ms
      return
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve())
    })
  }

  features(): PlatformFeatures {
    return this.featureSet
  }

  async fetchEngine(simd: boolean): Promise<Uint8Array<ArrayBuffer>> {
    return orThrow(simd ? this.engine.simd : this.engine.fallback)
  }

  async compile({ bytes }: MeasuredEngine): Promise<WebAssembly.Module> {
    if (this.compileError !== undefined) throw this.compileError
    return WebAssembly.compile(bytes)
  }

  async fetchScript(which: ScriptName): Promise<{ url: string; bytes: Uint8Array<ArrayBuffer> }> {
    return { url: `https://example.test/assets/${which}-a1b2c3.js`, bytes: orThrow(this.scripts[which]) }
  }

  async readVolume(file: string): Promise<FileReading> {
    this.fetched.push(file)
    await this.volumeGate
    return measure(orThrow(this.#files.get(file) ?? new Error('HTTP 404')))
  }

  /** In the same folder as the volumes. */
  async readGolden(file: string): Promise<FileReading> {
    this.fetched.push(file)
    return measure(orThrow(this.#files.get(file) ?? new Error('HTTP 404')))
  }

  async hasBlankDisk(): Promise<boolean> {
    return this.blankDisks
  }

  async storage(): Promise<StorageReport> {
    return orThrow(this.storageReport)
  }

  async readNvram(): Promise<Uint8Array | undefined> {
    if (this.readNvramError !== undefined) throw this.readNvramError
    return this.nvram
  }

  async writeNvram(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.writeNvramError !== undefined) throw this.writeNvramError
    this.nvram = bytes.slice()
  }
}

function orThrow<T>(value: T | Error): T {
  if (value instanceof Error) throw value
  return value
}
