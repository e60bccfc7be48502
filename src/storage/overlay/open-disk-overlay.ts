/** A domain's disk in this browser: the blocks that differ from its base, in `overlays/<name>.hsd`. Workers only. */

import type { Result } from '../../base/result.ts'
import type { BlockStore } from '../../protocol/block-store.ts'
import type { PersistentDisk } from '../../protocol/guest.ts'
import { storageError } from '../storage-error.ts'
import { attempt, type StoreFault } from '../pages/format-error.ts'
import { openFile } from '../pages/open-file.ts'
import { DiskOverlay } from './disk-overlay.ts'
import { removeFormer, takeOver, type Root } from './former-image.ts'

const browserRoot: Root = () => navigator.storage.getDirectory()

/** Of a disk's file, and of the disk in what people are told. */
function fileOf({ name }: PersistentDisk): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new RangeError(`not a disk name: ${name}`)
  return `${name}.hsd`
}

/** Names the base in the file: an overlay over another one is refused. */
function fingerprintOf({ base }: PersistentDisk): string {
  return base.kind === 'blank' ? 'blank' : base.fingerprint
}

/** Opens the changes of `disk` over `base`, which it then closes with itself. A second opener gets `busy`. */
export async function openDiskOverlay(
  disk: PersistentDisk,
  base: BlockStore,
  root: Root = browserRoot,
): Promise<Result<DiskOverlay, StoreFault>> {
  const file = await openFile('overlays', fileOf(disk), root)
  if (!file.ok) return file
  const { handle, isKept } = file.value
  const overlay = await DiskOverlay.open(handle, base, fingerprintOf(disk), `disk ${disk.name}`, isKept)
  if (!overlay.ok) {
    handle.close()
    return overlay
  }
  const { formerPath } = disk
  if (formerPath === undefined) return overlay
  const taken = await attempt(() => takeOver(formerPath, overlay.value, root))
  if (taken.ok) return overlay
  overlay.value.close()
  return taken
}

/** Drops the changes, whatever they are, damaged or of another base included: the disk is its base again. */
export async function resetDiskOverlay(disk: PersistentDisk, root: Root): Promise<Result<void, StoreFault>> {
  const file = await openFile('overlays', fileOf(disk), root)
  if (!file.ok) return file
  const { handle } = file.value
  const { formerPath } = disk
  return attempt(async () => {
    try {
      if (formerPath !== undefined) await removeFormer(formerPath, root)
      handle.truncate(0)
      handle.flush()
    } catch (error) {
      throw storageError(`disk ${disk.name}`, error)
    } finally {
      handle.close()
    }
  })
}

/** Removes the changes for good, with their file: of a disk that is given up. */
export async function removeDiskOverlay(disk: PersistentDisk, root: Root): Promise<Result<void, StoreFault>> {
  return attempt(async () => {
    try {
      const folder = await (await root()).getDirectoryHandle('overlays', { create: true })
      await folder.removeEntry(fileOf(disk))
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundError') return
      throw storageError(`disk ${disk.name}`, error)
    }
  })
}

/** What the changes take, also while somebody has them open; 0 where nothing was ever changed. */
export async function overlayBytes(disk: PersistentDisk, root: Root): Promise<Result<number, StoreFault>> {
  return attempt(async () => {
    try {
      const folder = await (await root()).getDirectoryHandle('overlays', { create: true })
      return (await (await folder.getFileHandle(fileOf(disk), { create: false })).getFile()).size
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundError') return 0
      throw storageError(`disk ${disk.name}`, error)
    }
  })
}
