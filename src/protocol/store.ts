/**
 * The store's worker: what HyperCore asks of it, and the ports over which a machine's state travels between a domain
 * and the store, or from one domain to another, without passing through HyperCore.
 *
 * ```
 * save   domain ── begin ─► store        load   store, or the domain that is cloned ── state ─► domain
 *        store  ── next ──► domain
 *        domain ── pages ─► store        One port is one transfer. Whoever fails says so by “refused”
 *        …                               and is not heard of again.
 *        domain ── end ───► store
 *        store  ── stored ► domain
 * ```
 * A state is the machine's devices as it gives them, and its image: RAM, and the disks' blocks of 4 KiB behind it, the
 * disks one after the other. Pages that are not mentioned are zeros.
 */

import type { Fault } from './fault.ts'
import type { MachineFingerprint } from './machine-state.ts'
import type { SnapshotId, SnapshotInfo, SnapshotMeta, StoreUsage } from './snapshot.ts'

export const IMAGE_PAGE_BYTES = 4096

/** Some pages of an image: `bytes` holds one per index, in order, aligned to four bytes; `zeros` are pages of zeros. */
export type PageBatch = {
  readonly indices: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly zeros: Uint32Array<ArrayBuffer>
}

/** Domain → store. */
export type SaveMessage =
  | {
      readonly kind: 'begin'
      readonly imageBytes: number
      /** The snapshot that the pages differ from; undefined: from zeros. */
      readonly base: SnapshotId | undefined
      readonly deviceState: Uint8Array<ArrayBuffer>
    }
  | { readonly kind: 'pages'; readonly batch: PageBatch }
  | { readonly kind: 'end' }
  | { readonly kind: 'refused'; readonly message: string }

/** Store → domain. */
export type SaveReply =
  /** Send the next pages. */
  | { readonly kind: 'next' }
  | { readonly kind: 'stored'; readonly id: SnapshotId }
  | { readonly kind: 'refused'; readonly message: string }

/** Where its state comes from → domain. */
export type LoadReply =
  | {
      readonly kind: 'state'
      readonly deviceState: Uint8Array<ArrayBuffer>
      /** The receiver's own. */
      readonly ram: ArrayBuffer
      /** Numbers of its pages that are not zeros: whoever looked for them again would touch all of it. */
      readonly filled: Uint32Array<ArrayBuffer>
      /** Of the disks; indices from the end of RAM on. */
      readonly blocks: readonly PageBatch[]
      /** The stored snapshot that this is, for the next one to be told apart from. */
      readonly snapshot: SnapshotId | undefined
    }
  | { readonly kind: 'refused'; readonly message: string }

/** What a snapshot is stored with beside what the domain says itself. */
export type SaveOptions = SnapshotMeta & {
  /** An encoded picture; empty for none. */
  readonly thumbnail: Uint8Array<ArrayBuffer>
  /** A snapshot that this one takes the place of, in the same commit. */
  readonly replaces: SnapshotId | undefined
}

export type StoreListing = { readonly snapshots: readonly SnapshotInfo[]; readonly usage: StoreUsage }

/** Every call of HyperCore's: its arguments and what it answers. */
export type StoreCalls = {
  list: { args: undefined; result: StoreListing }
  save: { args: { readonly options: SaveOptions; readonly from: MessagePort }; result: SnapshotId }
  load: {
    args: { readonly id: SnapshotId; readonly machine: MachineFingerprint; readonly to: MessagePort }
    result: undefined
  }
  describe: {
    args: { readonly id: SnapshotId; readonly name: string; readonly note: string }
    result: undefined
  }
  remove: { args: { readonly id: SnapshotId }; result: undefined }
  thumbnail: { args: { readonly id: SnapshotId }; result: Uint8Array<ArrayBuffer> }
  export: { args: { readonly id: SnapshotId }; result: Blob }
  import: { args: { readonly file: Blob; readonly domain: string }; result: SnapshotId }
  /** Gives free room at the end of the file back. For idle time. */
  collect: { args: undefined; result: undefined }
}

export type StoreCallName = keyof StoreCalls

export type StoreCall = {
  [Name in StoreCallName]: { readonly name: Name; readonly args: StoreCalls[Name]['args'] }
}[StoreCallName]

/** HyperCore → store. */
export type StoreRequest =
  | { readonly kind: 'call'; readonly callId: number; readonly call: StoreCall }
  /** The domain at the other end of the save's port is gone, or nobody wants the export or import any more. */
  | { readonly kind: 'abandon'; readonly callId: number }

/** Why a call failed: the storage's own kinds, and those of what is stored. */
export type StoreFaultKind =
  | 'busy'
  | 'quota'
  | 'evicted'
  | 'unavailable'
  | 'stopped'
  | 'io'
  | 'foreign'
  | 'version'
  | 'truncated'
  | 'corrupt'
  | 'too-large'
  | 'mismatch'
  | 'missing'

export type StoreFailure = { readonly kind: StoreFaultKind; readonly message: Fault['message'] }

/** Store → HyperCore. */
export type StoreMessage =
  /** Of an export or an import, before its answer. */
  | {
      readonly kind: 'progress'
      readonly callId: number
      readonly doneBytes: number
      readonly totalBytes: number
    }
  | { readonly kind: 'returned'; readonly callId: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly callId: number; readonly failure: StoreFailure }
