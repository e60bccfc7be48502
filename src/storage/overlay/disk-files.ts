/** What is done with a disk that no guest uses: exported, imported, reset, measured, removed. Workers only. */

import { ok, type Result } from '../../base/result.ts'
import type { Watch } from '../../base/watch.ts'
import type { BlockStore } from '../../protocol/block-store.ts'
import type { DiskUsage } from '../../protocol/disk.ts'
import type { DiskBase, PersistentDisk } from '../../protocol/guest.ts'
import type { StoreFault } from '../pages/format-error.ts'
import { attempt } from '../pages/format-error.ts'
import type { DiskOverlay } from './disk-overlay.ts'
import type { Root } from './former-image.ts'
import { openDiskOverlay, overlayBytes, removeDiskOverlay, resetDiskOverlay } from './open-disk-overlay.ts'
import { imageBlob } from './raw-image.ts'

type Answer<T> = Promise<Result<T, StoreFault>>

export type DiskFiles = {
  /** The whole disk as a raw image. */
  export(disk: PersistentDisk, watch: Watch): Answer<Blob>
  /** Lets the disk be what a raw image holds: all of it, or nothing. */
  import(disk: PersistentDisk, untrustedImage: Blob, watch: Watch): Answer<void>
  reset(disk: PersistentDisk): Answer<void>
  remove(disk: PersistentDisk): Answer<void>
  /** Also while a guest uses it. */
  usage(disk: PersistentDisk): Answer<DiskUsage>
}

export type DiskFilesOptions = {
  readonly root: Root
  readonly openBase: (base: DiskBase) => BlockStore
  readonly estimate: () => Promise<StorageEstimate>
}

export function sizeOf({ base }: PersistentDisk): number {
  return base.kind === 'blank' ? base.bytes : Math.ceil(base.blob.size / 512) * 512
}

export function diskFiles({ root, openBase, estimate }: DiskFilesOptions): DiskFiles {
  const opened = async <T>(
    disk: PersistentDisk,
    action: (overlay: DiskOverlay) => Promise<Result<T, StoreFault>>,
  ): Answer<T> => {
    const overlay = await openDiskOverlay(disk, openBase(disk.base), root)
    if (!overlay.ok) return overlay
    try {
      return await action(overlay.value)
    } finally {
      overlay.value.close()
    }
  }
  return {
    export: (disk, watch) => opened(disk, (overlay) => attempt(() => imageBlob(overlay, watch))),
    import: (disk, untrustedImage, watch) => opened(disk, (overlay) => overlay.import(untrustedImage, watch)),
    reset: (disk) => resetDiskOverlay(disk, root),
    remove: (disk) => removeDiskOverlay(disk, root),
    async usage(disk) {
      const [stored, { usage, quota }] = await Promise.all([overlayBytes(disk, root), estimate()])
      if (!stored.ok) return stored
      return ok({
        sizeBytes: sizeOf(disk),
        storedBytes: stored.value,
        originBytes: usage,
        quotaBytes: quota,
      })
    },
  }
}
