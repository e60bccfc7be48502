/** The block store behind each disk of a machine, by where its bytes are. */

import { assertNever } from '../base/assert.ts'
import { err, ok, type Result } from '../base/result.ts'
import { BlobStore, PackedStore, readOnlyStore, VolatileStore } from '../machine/block-stores.ts'
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

async function openReadOnly(
  source: Extract<DiskSource, { kind: 'read-only' }>,
  readsSoon: boolean,
  trouble: (words: string) => void,
): Promise<Result<BlockStore, Refusal>> {
  const store = readOnlyStore(source)
  if (readsSoon && store instanceof PackedStore) {
    try {
      await store.unpack()
    } catch (error) {
      return err({ message: error instanceof Error ? error.message : String(error) })
    }
  }
  return ok(new KeptDisk(store, trouble))
}

/**
 * `readsSoon`: the guest will read of its volume on the way to its first screen, so it is unpacked before the guest
 * runs and takes turns with the unpacking. `trouble` hears of every failure of a disk that is in use, in words for a person.
 */
export async function openDisk(
  source: DiskSource,
  readsSoon: boolean,
  openPersistent: OpenPersistent,
  trouble: (words: string) => void,
): Promise<Result<BlockStore, Refusal>> {
  switch (source.kind) {
    case 'read-only':
      return openReadOnly(source, readsSoon, trouble)
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
