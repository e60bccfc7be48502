/** Opens a disk's overlay in this browser: `overlays/<name>.hsd` of the origin private file system. Workers only. */

import type { Result } from '../../base/result.ts'
import type { BlockStore } from '../../protocol/block-store.ts'
import type { DiskDirectory } from '../opfs-disk.ts'
import { storageError } from '../storage-error.ts'
import { attempt, type StoreFault } from '../pages/format-error.ts'
import { openFile } from '../pages/open-file.ts'
import { DiskOverlay } from './disk-overlay.ts'

export type OverlayOptions = {
  /** Of the disk: lower-case letters, digits and hyphens. */
  readonly name: string
  readonly base: BlockStore
  /** Names the base's content: its SHA-256. An overlay over another base is refused. */
  readonly fingerprint: string
  readonly root?: () => Promise<DiskDirectory>
}

/** A second opener, in this tab or another, gets `busy`. */
export async function openDiskOverlay(options: OverlayOptions): Promise<Result<DiskOverlay, StoreFault>> {
  const { name, base, fingerprint, root = () => navigator.storage.getDirectory() } = options
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new RangeError(`not a disk name: ${name}`)
  const handle = await openFile('overlays', `${name}.hsd`, root)
  if (!handle.ok) return handle
  const overlay = await DiskOverlay.open(handle.value, base, fingerprint, `disk ${name}`)
  if (!overlay.ok) handle.value.close()
  return overlay
}

/** Drops an overlay that cannot be opened, damaged or of another base: the disk is its base again. */
export async function resetDiskOverlay(
  name: string,
  root: () => Promise<DiskDirectory> = () => navigator.storage.getDirectory(),
): Promise<Result<void, StoreFault>> {
  const handle = await openFile('overlays', `${name}.hsd`, root)
  if (!handle.ok) return handle
  return attempt(() => {
    try {
      handle.value.truncate(0)
      handle.value.flush()
    } catch (error) {
      throw storageError(`disk ${name}`, error)
    } finally {
      handle.value.close()
    }
  })
}
