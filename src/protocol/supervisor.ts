/** Page ↔ HyperCore: the calls, their results, and the events. */

import type { DiskUsage } from './disk.ts'
import type { CpuLimits, DomainConfig, DomainId, DomainInfo, DomainStats } from './domain.ts'
import type { ClipAnswer } from './clip.ts'
import type { Fault } from './fault.ts'
import type { HandOff } from './hand-off.ts'
import type { NetworkReport } from './network.ts'
import type { CaptureAct, CaptureReport, PacketSummary } from './packets.ts'
import type { ConsentAnswer, ConsentRequest, PolicyDecision } from './policy.ts'
import type { ScreenSize } from './screen.ts'
import type { SnapshotId, SnapshotsReport, SnapshotTaken } from './snapshot.ts'
import type { TransferInfo } from './transfers.ts'
import type { TrunkReport } from './trunk.ts'

/** Every call: its arguments and what it answers. */
export type Calls = {
  start: { args: { id: DomainId }; result: void }
  pause: { args: { id: DomainId }; result: void }
  resume: { args: { id: DomainId }; result: void }
  /** Resolves when the guest is off, or rejects when it does not answer its agent in time. */
  shutdown: { args: { id: DomainId }; result: void }
  /** A fresh worker with a cold boot. */
  reset: { args: { id: DomainId }; result: void }
  kill: { args: { id: DomainId }; result: void }
  /** Ends a disposable domain and starts it as the build left it: nothing of its past goes along. */
  newIdentity: { args: { id: DomainId }; result: void }
  create: { args: { config: DomainConfig }; result: DomainId }
  remove: { args: { id: DomainId }; result: void }
  /** A second machine in the same state, with a MAC, a host name and a disk of its own. */
  clone: { args: { id: DomainId }; result: DomainId }
  /** `thumbnail` is a PNG, or empty. */
  snapshot: {
    args: { id: DomainId; name: string; note: string; thumbnail: Uint8Array<ArrayBuffer> }
    result: SnapshotTaken
  }
  /** Its domain goes back to it, disk included; made anew where it is gone. */
  restore: { args: { snapshotId: SnapshotId }; result: DomainId }
  describeSnapshot: { args: { snapshotId: SnapshotId; name: string; note: string }; result: void }
  removeSnapshot: { args: { snapshotId: SnapshotId }; result: void }
  /** What the page answers to `picture-wanted`: a PNG of at most MAX_THUMBNAIL_BYTES, or nothing. */
  answerPicture: { args: { request: number; picture: Uint8Array<ArrayBuffer> }; result: void }
  snapshotThumbnail: { args: { snapshotId: SnapshotId }; result: Uint8Array<ArrayBuffer> }
  exportSnapshot: { args: { snapshotId: SnapshotId }; result: Blob }
  importSnapshot: { args: { id: DomainId; file: Blob }; result: SnapshotId }
  setHibernate: { args: { id: DomainId; on: boolean }; result: void }
  /** The page may be gone in a moment: hibernating domains are brought up to date. */
  leaving: { args: Record<string, never>; result: void }
  /** The domain's disk as a raw image. This and the next two while the domain is off. */
  exportDisk: { args: { id: DomainId }; result: Blob }
  /** Lets the disk be what a raw image holds, zeros behind its end: all of it, or nothing where it fails. */
  importDisk: { args: { id: DomainId; file: Blob }; result: void }
  /** Drops everything that was ever written to it. */
  resetDisk: { args: { id: DomainId }; result: void }
  diskUsage: { args: { id: DomainId }; result: DiskUsage }
  /** Tells the supervisor what the person looks at. */
  focus: { args: { id: DomainId }; result: void }
  /** Of a graphical guest, now and in its later lives; any other answers `failed`, a size out of range `malformed`. */
  setScreenSize: { args: { id: DomainId; size: ScreenSize }; result: void }
  /** Makes it the primary OS: one of the flash's, or one with an image of the person's own. */
  setPrimary: { args: { id: DomainId }; result: void }
  setLimits: { args: { id: DomainId; limits: Partial<CpuLimits> }; result: void }
  /** Puts a file of the person's into a guest. Answers the path that the guest gave it. */
  sendFile: { args: { id: DomainId; file: string; content: Blob }; result: string }
  /** Takes a file out of a guest. */
  fetchFile: { args: { id: DomainId; path: string }; result: Blob }
  cancelTransfer: { args: { transfer: number }; result: void }
  /** Puts another policy in force at once. A text that is none is `malformed`, and the one before stays. */
  setPolicy: { args: { text: string }; result: void }
  answerConsent: { args: { id: number; answer: ConsentAnswer }; result: void }
  /** The recording of what passes the switch's ports. */
  capture: { args: { act: CaptureAct }; result: void }
  /** As pcapng; `of`: one domain's port alone. */
  exportCapture: { args: { of: DomainId | undefined }; result: Blob }
  /** Joins the machines in other tabs of this browser over the trunk, or leaves them. */
  joinTabs: { args: { on: boolean }; result: void }
  /** What the page answers to `clip-wanted`. */
  answerClip: { args: { answer: ClipAnswer }; result: void }
}

export type CallName = keyof Calls

export type CallRequest = {
  [Name in CallName]: { readonly name: Name; readonly args: Calls[Name]['args'] }
}[CallName]

/** Page → HyperCore. */
export type SupervisorRequest =
  /**
   * Before the hand-off and once, where the firmware still waits for a key: what it will be if none is pressed. Guests are
   * made ready for it, and none executes.
   */
  | { readonly kind: 'prepare'; readonly handOff: HandOff; readonly hibernating: readonly string[] }
  /** Once. */
  | {
      readonly kind: 'hand-off'
      readonly handOff: HandOff
      /** The person's own, in force before the first guest runs; undefined: the default. */
      readonly policyText: string | undefined
      /** Ids of domains that the person has let hibernate. */
      readonly hibernating: readonly string[]
    }
  /** Another browser's machine, joined over the trunk: its TrunkMessages come and go by this port, and null ends it. */
  | { readonly kind: 'trunk-peer'; readonly port: MessagePort }
  | { readonly kind: 'call'; readonly callId: number; readonly call: CallRequest }

/** HyperCore → page. */
export type SupervisorMessage =
  | { readonly kind: 'returned'; readonly callId: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly callId: number; readonly fault: Fault }
  | { readonly kind: 'event'; readonly event: SupervisorEvent }

export type SupervisorEvent =
  /** HyperCore has taken over; every chosen domain is being started. */
  | { readonly type: 'ready'; readonly memoryBudgetMiB: number }
  | { readonly type: 'domain-changed'; readonly domain: DomainInfo }
  | { readonly type: 'domain-removed'; readonly id: DomainId }
  /** A started domain's ends of its ports; a later one replaces them. */
  | {
      readonly type: 'domain-ports'
      readonly id: DomainId
      readonly display: MessagePort
      readonly console: MessagePort
    }
  /** The policy in force. */
  | { readonly type: 'policy'; readonly text: string }
  /** Rows of the log that are new or have counted up; `denied` since the start. At most four times a second. */
  | { readonly type: 'decisions'; readonly rows: readonly PolicyDecision[]; readonly denied: number }
  /** Every question that is open. */
  | { readonly type: 'consents'; readonly open: readonly ConsentRequest[] }
  /** The capture's figures, and frames that are new, the latest ones where there are too many. */
  | { readonly type: 'packets'; readonly report: CaptureReport; readonly rows: readonly PacketSummary[] }
  | { readonly type: 'trunk'; readonly report: TrunkReport }
  /** Ports, stations and relay, where anything of them has changed; at most four times a second. */
  | { readonly type: 'network'; readonly report: NetworkReport }
  | { readonly type: 'snapshots'; readonly report: SnapshotsReport }
  | { readonly type: 'stats'; readonly stats: readonly (readonly [DomainId, DomainStats])[] }
  /** Every file that is on its way. */
  | { readonly type: 'transfers'; readonly transfers: readonly TransferInfo[] }
  /** A guest offers text for the person's clipboard; a later offer of the same guest replaces it. */
  | { readonly type: 'clip-offer'; readonly id: DomainId; readonly text: string }
  /** A guest may have the person's clipboard, once: the page reads it and answers `answerClip`. */
  | { readonly type: 'clip-wanted'; readonly id: DomainId; readonly request: number }
  /** A guest takes a snapshot: the page answers `answerPicture`, soon. */
  | { readonly type: 'picture-wanted'; readonly id: DomainId; readonly request: number }
  /** The supervisor's journal, for people. */
  | {
      readonly type: 'log'
      readonly at: number
      readonly level: 'info' | 'warning' | 'error'
      readonly text: string
      readonly id: DomainId | undefined
    }
