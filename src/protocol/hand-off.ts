/** What the firmware hands to HyperCore: everything it found, verified and was told. The supervisor reads nothing else. */

import type { GoldenStage } from './guest.ts'
import type { MachineFingerprint } from './machine-state.ts'

/** A person's choices, kept in NVRAM. */
export type FirmwareSettings = {
  readonly bootOrder: readonly BootPath[]
  /** 0–10,000 ms in which F2 and F12 are waited for. */
  readonly bootDelayMs: number
  readonly quietBoot: boolean
  /** Name of the appliance shown first. */
  readonly firstScreen: string
  /** Address of a relay that speaks WISP, which gives the guests TCP to the world; empty: none. */
  readonly relayUrl: string
  readonly appliances: Readonly<Record<string, ApplianceSettings>>
}

export type ApplianceSettings = {
  readonly start: boolean
  readonly memoryMiB: number
  readonly capPercent: number
  readonly weight: number
}

/** hyperspace: HyperCore with every chosen appliance. primary: HyperCore with the primary OS alone. */
export type BootPath = 'hyperspace' | 'primary'

export type VolumeRole = 'stub' | 'kernel' | 'initramfs' | 'appliance' | 'bios' | 'vga-bios' | 'font'

/** A volume that was read, hashed and found equal to the manifest. */
export type VerifiedVolume = {
  readonly name: string
  readonly role: VolumeRole
  /** Set where role is appliance. */
  readonly appliance: string | undefined
  readonly kind: string
  /** Bytes in flash, and after decoding. */
  readonly size: number
  readonly contentSize: number
  /** SHA-256 of the file in flash, hexadecimal. */
  readonly sha256: string
  /** As it lies in flash; whoever first needs it decodes it (base/gunzip.ts), which most starts never do. */
  readonly content: Blob
  readonly encoding: 'identity' | 'gzip'
  readonly ramMiB: number | undefined
  readonly kernelCommandLine: string | undefined
}

/** A snapshot of an appliance, taken when the product was built: read, hashed and found equal to its manifest. */
export type VerifiedGolden = {
  readonly appliance: string
  readonly size: number
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string
  /** As it was read: a state file (machine/state-file.ts). */
  readonly content: Blob
  /** What it fits. */
  readonly machine: MachineFingerprint
  /** Whether its first screen was up, or comes after the guest has its disk. */
  readonly stage: GoldenStage
  /** It was taken with a disk that had been blank before: it brings what the guest made of that, for another blank one. */
  readonly blankDisk: boolean
}

export type RefusedGolden = { readonly appliance: string; readonly reason: RefusedVolume['reason'] }

/** A volume that will not be used, and why. */
export type RefusedVolume = {
  readonly name: string
  readonly role: VolumeRole
  readonly appliance: string | undefined
  readonly reason:
    | { readonly kind: 'mismatch'; readonly expectedSha256: string; readonly actualSha256: string }
    | { readonly kind: 'unreadable'; readonly detail: string }
}

export type EngineReport = {
  readonly module: WebAssembly.Module
  readonly size: number
  readonly sha256: string
  readonly simd: boolean
  readonly compileMs: number
}

export type PlatformReport = {
  readonly processors: number
  /** As the browser reports it, rounded by it; undefined where it does not. */
  readonly deviceMemoryGiB: number | undefined
  readonly storage:
    | {
        readonly kind: 'opfs'
        readonly quotaBytes: number | undefined
        readonly usedBytes: number | undefined
      }
    /** Nothing outlives the tab: why, and what to do about it, a sentence each. */
    | { readonly kind: 'memory'; readonly why: string; readonly remedy: string }
}

export type HandOff = {
  readonly version: 1
  readonly bootPath: BootPath
  readonly settings: FirmwareSettings
  /** All guests' RAM together may not exceed this. */
  readonly memoryBudgetMiB: number
  readonly engine: EngineReport
  readonly platform: PlatformReport
  readonly volumes: readonly VerifiedVolume[]
  /** Those that are there: an appliance without one boots. */
  readonly goldens: readonly VerifiedGolden[]
  readonly refusedGoldens: readonly RefusedGolden[]
  readonly refused: readonly RefusedVolume[]
  /** Script of a domain worker, spawned by HyperCore; hashed like a volume. */
  readonly scripts: {
    readonly hypercore: ScriptReport
    readonly domain: ScriptReport
    readonly store: ScriptReport
  }
  /** POST's lines with their durations, for the record. */
  readonly post: readonly PostEntry[]
  /** Milliseconds from power-on to when the firmware began and ended. */
  readonly startedAt: number
  readonly endedAt: number
}

export type ScriptReport = { readonly url: string; readonly size: number; readonly sha256: string }

export type PostEntry = {
  readonly id: string
  readonly label: string
  readonly result: 'ok' | 'warning' | 'failed'
  readonly detail: string
  readonly durationMs: number
}
