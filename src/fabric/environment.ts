/** Everything outside the fabric, handed in; and what a port of it is. */

import type { Dispose } from '../base/disposables.ts'
import type { Flow, Verdict } from '../protocol/policy.ts'

/** A file of the in-product sites. */
export type SiteFile = { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }

/** A byte stream to somewhere outside, by a relay. */
export type RelayStream = {
  /** Settles when more may be written. @throws (rejects) when the stream has ended */
  write(bytes: Uint8Array): Promise<void>
  /** Undefined: the other side has ended. */
  read(): Promise<Uint8Array | undefined>
  close(): void
}

export type FabricEnvironment = {
  /** Asked once for every flow, before its first frame passes; it may put a question to the person for `ask`. */
  decide(flow: Flow): Verdict
  /** Whether any line of the policy lets the one open a flow to the other; without it, neither learns of the other. */
  mayTalk(from: string, to: string): boolean
  /** Milliseconds, monotonic. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
  after(ms: number, action: () => void): Dispose
  /** The browser's, for pages of the world outside. */
  fetch(url: string, init: RequestInit): Promise<Response>
  /** A file of an in-product site, “portal” + “/index.html”; undefined: there is none. */
  site(host: string, path: string): Promise<SiteFile | undefined>
  /** The host names that `site` serves; “portal” is one. */
  readonly sites: readonly string[]
  /** Undefined: no relay is set up. */
  readonly relay: ((host: string, port: number) => RelayStream) | undefined
  /** Machines on the trunk came, went or have other guests. */
  trunkChanged?(): void
  /** Every frame as it comes from and goes to a port, dropped ones included. */
  observe?(portId: string, direction: 'from-guest' | 'to-guest', frame: Uint8Array): void
  /** The frame that was observed last as coming from this port is not carried. */
  refused?(portId: string, reason: DropReason): void
}

/** A vNIC as its owner gives it to the fabric. */
export type PortSpec = {
  /** The domain's id. */
  readonly id: string
  /** “02:48:53:00:00:01”. */
  readonly mac: string
  send(frames: Uint8Array[]): void
}

/** Why frames from a port were not carried. */
export const DROP_REASONS = [
  'malformed',
  'rate',
  'forged-mac',
  'forged-ip',
  'forged-arp',
  'vlan',
  'protocol',
  'fragment',
  'broadcast',
  'unknown-destination',
  'policy',
  'full',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

export type PortCounters = {
  readonly fromGuest: { readonly frames: number; readonly bytes: number }
  readonly toGuest: { readonly frames: number; readonly bytes: number }
  readonly dropped: Readonly<Record<DropReason, number>>
}

/** The owner's side of an attached port. */
export type AttachedPort = {
  receive(untrustedFrames: readonly Uint8Array[]): void
  /** So many of the frames given to `send` have been taken; at most 512 are under way. */
  taken(frames: number): void
  counters(): PortCounters
  /** The address that DHCP gives it. */
  readonly address: string
  detach(): void
}
