/** What a snapshot is, outside the store and in it. */

import { assert } from '../../base/assert.ts'
import {
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  MAX_THUMBNAIL_BYTES,
  type SnapshotId,
  type SnapshotMeta,
} from '../../protocol/snapshot.ts'
import type { PageBatch } from '../../protocol/store.ts'
import { FormatError } from './format-error.ts'
import { PAGE_BYTES } from './slot-file.ts'

export type SnapshotDraft = SnapshotMeta & {
  /** The machine's state without its RAM, as the machine gives it; kept compressed. */
  readonly deviceState: Uint8Array<ArrayBuffer>
  /** An encoded picture; empty for none. */
  readonly thumbnail: Uint8Array<ArrayBuffer>
  /** A snapshot that this one takes the place of, in the same commit: the last automatic one. */
  readonly replaces?: SnapshotId
}

/** An image as the pages in which it differs from a snapshot's, or from zeros where there is none to start from. */
export type ImageChange = {
  readonly imageBytes: number
  readonly base: SnapshotId | undefined
  batches(): Iterable<PageBatch> | AsyncIterable<PageBatch>
}

/** Most bytes of an image: the 2 GiB of RAM that a guest's 32-bit machine can have here, and as much of disks. */
export const MAX_IMAGE_BYTES = 2 ** 32
export const MAX_DEVICE_STATE_BYTES = 2 ** 28

/** @throws FormatError (too-large) */
export function checkText({ name, note }: { readonly name: string; readonly note: string }): void {
  if (name.length > MAX_NAME_LENGTH || note.length > MAX_NOTE_LENGTH)
    throw new FormatError(
      'too-large',
      `A name has ${MAX_NAME_LENGTH} characters at most, a note ${MAX_NOTE_LENGTH}.`,
    )
}

/** @throws FormatError (too-large) */
export function checkDraft(draft: SnapshotDraft, image: ImageChange): void {
  checkText(draft)
  const { imageBytes } = image
  assert(imageBytes % PAGE_BYTES === 0 && imageBytes <= MAX_IMAGE_BYTES, `an image of ${imageBytes} bytes`)
  if (draft.deviceState.length > MAX_DEVICE_STATE_BYTES || draft.thumbnail.length > MAX_THUMBNAIL_BYTES)
    throw new FormatError('too-large', 'The machine’s state or its picture is larger than a snapshot holds.')
}
