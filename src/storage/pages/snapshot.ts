/** What a snapshot is, outside the store and in it. */

import { assert } from '../../base/assert.ts'
import type { MachineFingerprint } from '../../protocol/machine-state.ts'
import { FormatError } from './format-error.ts'
import { PAGE_BYTES } from './slot-file.ts'

export type SnapshotId = string

export type SnapshotMeta = {
  /** The domain whose tree it belongs to. */
  readonly domain: string
  /** The snapshot it was taken after; undefined at the top of the tree. */
  readonly parent: SnapshotId | undefined
  readonly name: string
  readonly note: string
  /** Milliseconds since 1970, UTC. */
  readonly time: number
  readonly machine: MachineFingerprint
}

export type SnapshotDraft = SnapshotMeta & {
  /** The machine's state without its RAM, as the machine gives it; kept compressed. */
  readonly deviceState: Uint8Array<ArrayBuffer>
  /** An encoded picture; empty for none. */
  readonly thumbnail: Uint8Array<ArrayBuffer>
  /** A snapshot that this one takes the place of, in the same commit: the last automatic one. */
  readonly replaces?: SnapshotId
}

export type SnapshotInfo = SnapshotMeta & {
  readonly id: SnapshotId
  readonly ramBytes: number
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

/** Some pages of a RAM: `bytes` holds one per index, in order, aligned to four bytes; `zeros` are pages of zeros. */
export type PageBatch = {
  readonly indices: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly zeros: Uint32Array<ArrayBuffer>
}

/** A RAM as the pages in which it differs from a snapshot's, or from zeros where there is none to start from. */
export type RamChange = {
  readonly ramBytes: number
  readonly base: SnapshotId | undefined
  batches(): Iterable<PageBatch> | AsyncIterable<PageBatch>
}

/** Most bytes of RAM: the 2 GiB that a guest's 32-bit machine can have here. */
export const MAX_RAM_BYTES = 2 ** 31
export const MAX_DEVICE_STATE_BYTES = 2 ** 28
export const MAX_THUMBNAIL_BYTES = 2 ** 20
export const MAX_NAME_LENGTH = 200
export const MAX_NOTE_LENGTH = 4000

/** In which of its parts the machine differs from what a snapshot fits; undefined when it fits. */
export function machineDifference(wanted: MachineFingerprint, found: MachineFingerprint): string | undefined {
  if (wanted.engine !== found.engine) return `engine ${found.engine}, not ${wanted.engine}`
  if (wanted.memoryMiB !== found.memoryMiB) return `${found.memoryMiB} MiB, not ${wanted.memoryMiB}`
  if (wanted.devices !== found.devices) return `devices ${found.devices}, not ${wanted.devices}`
  return undefined
}

/** @throws FormatError (too-large) */
export function checkText({ name, note }: { readonly name: string; readonly note: string }): void {
  if (name.length > MAX_NAME_LENGTH || note.length > MAX_NOTE_LENGTH)
    throw new FormatError(
      'too-large',
      `A name has ${MAX_NAME_LENGTH} characters at most, a note ${MAX_NOTE_LENGTH}.`,
    )
}

/** @throws FormatError (too-large) */
export function checkDraft(draft: SnapshotDraft, ram: RamChange): void {
  checkText(draft)
  assert(ram.ramBytes % PAGE_BYTES === 0 && ram.ramBytes <= MAX_RAM_BYTES, `${ram.ramBytes} bytes of RAM`)
  if (draft.deviceState.length > MAX_DEVICE_STATE_BYTES || draft.thumbnail.length > MAX_THUMBNAIL_BYTES)
    throw new FormatError('too-large', 'The machine’s state or its picture is larger than a snapshot holds.')
}
