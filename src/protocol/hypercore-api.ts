/** The public interface, `window.hypercore`: for teachers, embedding pages, tests and the shell itself. */

import type { DiskUsage } from './disk.ts'
import type { CpuLimits, DomainConfig, DomainId, DomainInfo, DomainStats, VmExit } from './domain.ts'
import type { HandOff } from './hand-off.ts'
import type { NetworkReport } from './network.ts'
import type { PacketSummary } from './packets.ts'
import type { PolicyDecision, PolicyRule } from './policy.ts'
import type { ScreenSize } from './screen.ts'
import type { SnapshotId, SnapshotInfo, SnapshotsReport } from './snapshot.ts'

export type ConsoleHandle = {
  /** Types text into the guest's console (UTF-8; “\r” is Enter). */
  write(text: string): void
  /** The console's output since the domain's last start, escape sequences removed; the last 256 KiB. */
  text(): string
  /**
   * Waits for output, from the text already there on. Answers the first match.
   * Rejects with a FaultError: `timeout` after `timeoutMs` (default 30,000), `illegal-state` when the domain ends first.
   */
  waitFor(pattern: RegExp | string, options?: { readonly timeoutMs?: number }): Promise<string>
}

export type HypercoreEvents = {
  /** A domain appeared or any of its fields changed. */
  domain: DomainInfo
  removed: { readonly id: DomainId }
  crash: DomainInfo
  stats: { readonly id: DomainId; readonly stats: DomainStats }
  /** Measured from the key or pointer event to the other guest's picture on the stage. */
  switch: {
    readonly from: DomainId | undefined
    readonly to: DomainId
    /** To the other guest's picture, drawn already, in front on the stage: the frame that begins next shows it. */
    readonly placedMs: number
    /** To the end of the frame that shows it: painted and handed to the compositor. */
    readonly milliseconds: number
    /** To that frame's beginning: what is left is style, layout and paint. Below a frame's period no frame was missed. */
    readonly frameMs: number
  }
  /** Snapshots were taken, changed or removed. */
  snapshots: SnapshotsReport
  log: {
    readonly at: number
    readonly level: 'info' | 'warning' | 'error'
    readonly text: string
    readonly id: DomainId | undefined
  }
}

/** Every promise rejects with a `FaultError`. Ids are given as plain strings; a wrong one is a `no-such-domain` fault. */
export type Hypercore = {
  readonly version: string
  /** Resolves when the firmware has handed off and the first domains are being started. */
  readonly ready: Promise<void>
  domains(): DomainInfo[]
  start(id: string): Promise<void>
  pause(id: string): Promise<void>
  resume(id: string): Promise<void>
  shutdown(id: string): Promise<void>
  reset(id: string): Promise<void>
  kill(id: string): Promise<void>
  /** Ends a disposable domain and starts it clean: its pages, cookies, cache and downloads are forgotten. */
  newIdentity(id: string): Promise<void>
  focus(id: string): Promise<void>
  /** Makes a domain with an own image, or one of the flash's primaries, the primary OS until it is removed. */
  setPrimary(id: string): Promise<void>
  create(config: DomainConfig): Promise<DomainId>
  remove(id: string): Promise<void>
  /** The size of a graphical guest's screen from now on: 640×480 to 1920×1088, the width a multiple of 8. */
  setScreenSize(id: string, size: ScreenSize): Promise<void>
  setLimits(id: string, limits: Partial<CpuLimits>): Promise<void>
  clone(id: string): Promise<DomainId>
  /** Takes one while the domain runs; answers its id. */
  snapshot(id: string, name: string): Promise<SnapshotId>
  /** The domain goes back to it, its disk included; made anew where it is gone. */
  restore(snapshotId: SnapshotId): Promise<DomainId>
  snapshots(): SnapshotInfo[]
  describeSnapshot(snapshotId: SnapshotId, text: { name: string; note: string }): Promise<void>
  removeSnapshot(snapshotId: SnapshotId): Promise<void>
  exportSnapshot(snapshotId: SnapshotId): Promise<Blob>
  /** Takes an exported file as a snapshot of the domain; every byte of it is checked. */
  importSnapshot(id: string, file: Blob): Promise<SnapshotId>
  /** Lets the domain go on where it was when the page is loaded again. */
  setHibernate(id: string, on: boolean): Promise<void>
  /** The domain's disk as a raw image; while it is off, as are the next two. */
  exportDisk(id: string): Promise<Blob>
  /** Replaces the disk's content by a raw image's: all of it, or nothing where it fails. */
  importDisk(id: string, image: Blob): Promise<void>
  resetDisk(id: string): Promise<void>
  diskUsage(id: string): Promise<DiskUsage>
  console(id: string): ConsoleHandle
  /** Puts a file into a running guest with an agent, up to 64 MiB. Answers the path that the guest gave it. */
  sendFile(id: string, name: string, content: Blob): Promise<string>
  /** A file out of a running guest; a path without a leading slash starts in /root. */
  fetchFile(id: string, path: string): Promise<Blob>
  /** PNG of what the stage shows of the domain: its display, or its terminal drawn. */
  screenshot(id: string): Promise<Blob>
  /** Undefined before the first sample. */
  stats(id: string): DomainStats | undefined
  exits(id: string): AsyncIterable<VmExit>
  readonly policy: {
    /** The table in force, in order; the last line that denies everything is always implied. */
    rules(): PolicyRule[]
    /** Puts `rules` in force, without comments; the zones of the present policy stay. */
    set(rules: readonly PolicyRule[]): Promise<void>
    text(): string
    /** Rejects with `malformed`, naming the line. */
    setText(text: string): Promise<void>
    /** Decisions, the latest last; the same one again counts up its row. */
    log(): PolicyDecision[]
  }
  /** The recording of what passes the virtual switch's ports; off until it is started. */
  readonly capture: {
    start(): Promise<void>
    /** What was recorded stays. */
    stop(): Promise<void>
    clear(): Promise<void>
    /** The newest frames decoded to a line each, the latest last; at most 5,000. */
    packets(): PacketSummary[]
    /** What was recorded as pcapng; `id`: at one domain's port. */
    file(id?: string): Promise<Blob>
  }
  /** The switch: its ports’ counters, the stations behind them, and the relay. */
  network(): NetworkReport
  measurements(): { readonly pcrs: Record<number, string>; readonly eventLog: Uint8Array }
  /** What the firmware handed over; undefined before it did. */
  handOff(): HandOff | undefined
  on<Name extends keyof HypercoreEvents>(
    name: Name,
    handler: (event: HypercoreEvents[Name]) => void,
  ): () => void
}
