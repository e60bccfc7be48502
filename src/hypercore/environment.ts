/** Everything outside the supervisor, handed in: in the browser by worker.ts, in Node by the tests. */

import type { DiskFiles } from '../storage/overlay/disk-files.ts'
import type { Dispose } from '../base/disposables.ts'
import type { FabricEnvironment } from '../fabric/environment.ts'
import type { RelaySocket } from '../fabric/relay/wisp.ts'
import type { DomainEvent, DomainRequest } from '../protocol/guest.ts'
import type { SupervisorMessage } from '../protocol/supervisor.ts'
import type { StoreListener, StorePort } from './store-client.ts'
import type { TrunkMessage } from '../protocol/trunk.ts'

/** One domain worker. */
export type DomainPort = {
  post(request: DomainRequest, transfer: readonly Transferable[]): void
  /** Ends it at once; nothing is heard of it afterwards. */
  terminate(): void
}

export type DomainListener = {
  message(event: DomainEvent): void
  /** It died, or a message of its could not be read. */
  error(detail: string): void
}

export type BootParts = {
  readonly stub: Uint8Array
  readonly kernel: Uint8Array
  readonly initramfs: Uint8Array
  readonly commandLine: string
  readonly framebuffer?: { readonly width: number; readonly height: number }
}

/** What the guests' network reaches beyond the fabric. */
export type Outside = Pick<FabricEnvironment, 'fetch' | 'site' | 'sites'> & {
  /** A channel that every tab of this browser hears, but not the one that speaks. */
  openTabs(receive: (untrustedMessage: unknown) => void): { post(message: TrunkMessage): void; close(): void }
  /** A WebSocket to a relay. */
  openSocket(url: string): RelaySocket
}

export type HyperCoreEnvironment = {
  readonly outside: Outside
  readonly disks: DiskFiles
  /** `scriptUrl` is the one that the firmware measured; `name` is for the browser's tools. */
  spawnDomain(scriptUrl: string, name: string, listener: DomainListener): DomainPort
  /** Nothing is starting: a worker can be loaded for whoever is spawned next. */
  expectDomain?(scriptUrl: string): void
  /** The worker that keeps snapshots. */
  spawnStore(scriptUrl: string, listener: StoreListener): StorePort
  /** @throws RangeError naming the part that does not fit */
  composeBootImage(parts: BootParts): ArrayBuffer
  /** To the page. */
  post(message: SupervisorMessage, transfer: readonly Transferable[]): void
  /** Milliseconds, monotonic. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
  after(ms: number, action: () => void): Dispose
  every(ms: number, action: () => void): Dispose
}
