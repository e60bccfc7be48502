/** What a snapshot is to everyone: whose it is, where it stands in its tree, and what it takes up. */

import type { DomainId } from './domain.ts'
import type { MachineFingerprint } from './machine-state.ts'

/** 32 hexadecimal digits, drawn at random. */
export type SnapshotId = string

/** The id in `untrustedText`, or undefined where it does not have an id's form. */
export function parseSnapshotId(untrustedText: string): SnapshotId | undefined {
  return /^[0-9a-f]{32}$/.test(untrustedText) ? untrustedText : undefined
}

export type SnapshotMeta = {
  /** The domain whose tree it belongs to, and the appliance that was made from. */
  readonly domain: string
  readonly appliance: string
  /** The snapshot it was taken after; undefined at the top of the tree. */
  readonly parent: SnapshotId | undefined
  readonly name: string
  readonly note: string
  /** Milliseconds since 1970, UTC. */
  readonly time: number
  readonly machine: MachineFingerprint
  /** Taken by “hibernate on leave”: one a domain at most, resumed and replaced without being asked. */
  readonly automatic: boolean
}

export type SnapshotInfo = SnapshotMeta & {
  readonly id: SnapshotId
  /** RAM, and the disks' blocks behind it. */
  readonly imageBytes: number
  /** Bytes that removing it frees. */
  readonly ownBytes: number
  /** Bytes that it uses together with other snapshots. */
  readonly sharedBytes: number
  /** Damaged ones can only be removed. */
  readonly state: 'sound' | 'damaged'
}

export type StoreUsage = {
  readonly snapshots: number
  /** Distinct pages kept, in bytes. */
  readonly liveBytes: number
  /** What the file takes, free room in it included. */
  readonly fileBytes: number
  /** What as many full snapshots would take apart from each other, pages of zeros left out. */
  readonly separateBytes: number
}

/** Whether snapshots can be kept in this browser, and why not. */
export type SnapshotStorage =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly usage: StoreUsage }
  /** `why` is a sentence for a person. */
  | { readonly kind: 'unavailable'; readonly why: string }

/** What the page shows of all snapshots; each description replaces the last. */
export type SnapshotsReport = {
  readonly storage: SnapshotStorage
  /** In the order they were stored. */
  readonly snapshots: readonly SnapshotInfo[]
  /** By domain, the snapshot that its present life goes back to: taken in it, or restored into it. */
  readonly current: readonly (readonly [DomainId, SnapshotId])[]
  /** Domains that hibernate when the page is left. */
  readonly hibernating: readonly DomainId[]
}

/** What taking one came to. */
export type SnapshotTaken = {
  readonly id: SnapshotId
  /** Milliseconds in which the guest stood still. */
  readonly pauseMs: number
  /** Pages of 4 KiB that differed from what is stored: all of them where there was nothing to start from. */
  readonly changedPages: number
}

export const MAX_NAME_LENGTH = 200
export const MAX_NOTE_LENGTH = 4000

/** Bytes of an encoded picture. */
export const MAX_THUMBNAIL_BYTES = 2 ** 20
