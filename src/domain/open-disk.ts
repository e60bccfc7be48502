/** The block store behind each disk of a machine, by where its bytes are. */

import { assertNever } from '../base/assert.ts'
import { err, ok, type Result } from '../base/result.ts'
import { BlobStore, VolatileStore } from '../machine/block-stores.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { DiskBase, DiskSource, PersistentDisk } from '../protocol/guest.ts'
import { BlankBase } from '../storage/overlay/blank-base.ts'
import { DiskOverlay } from '../storage/overlay/disk-overlay.ts'
import { KeptDisk } from '../storage/overlay/kept-disk.ts'
import { memoryHandle } from '../storage/overlay/memory-handle.ts'

/** An expected failure (in use, no space, damaged), in words for a person. */
type Refusal = { readonly message: string }

/** Opens the changes of a persistent disk over its base, which is closed with them. */
export type OpenPersistent = (disk: PersistentDisk, base: BlockStore) => Promise<Result<BlockStore, Refusal>>

/** What lies beneath a disk's changes. */
export function openBase(base: DiskBase): BlockStore {
  return base.kind === 'blank' ? new BlankBase(base.bytes) : new BlobStore(base.blob)
}

/** `trouble` hears of every failure of a disk that is in use, in words for a person. */
export async function openDisk(
  source: DiskSource,
  openPersistent: OpenPersistent,
  trouble: (words: string) => void,
): Promise<Result<BlockStore, Refusal>> {
  switch (source.kind) {
    case 'read-only':
      return ok(new KeptDisk(new BlobStore(source.blob), trouble))
    case 'volatile': {
      if (source.over === undefined) return ok(new VolatileStore(source.bytes))
      const opened = await DiskOverlay.open(memoryHandle(), new BlobStore(source.over), 'a file', 'disk')
      return opened.ok ? ok(new KeptDisk(opened.value, trouble)) : err(opened.error)
    }
    case 'persistent': {
      const base = openBase(source.base)
      const opened = await openPersistent(source, base)
      if (opened.ok) return ok(new KeptDisk(opened.value, trouble))
      base.close()
      return opened
    }
    default:
      return assertNever(source)
  }
}
