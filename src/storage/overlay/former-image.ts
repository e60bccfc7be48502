/** Disks as earlier versions of this product kept them: raw images under `disks/`, taken over into an overlay once. */

import type { DiskDirectory } from '../opfs-disk.ts'
import { storageError } from '../storage-error.ts'
import type { DiskOverlay } from './disk-overlay.ts'

export type Root = () => Promise<DiskDirectory>

type Found = { readonly folder: DiskDirectory; readonly file: string }

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotFoundError'
}

/** @throws RangeError: paths come from definitions, never from a guest or a person */
async function find(path: string, root: Root): Promise<Found | undefined> {
  const segments = path.split('/')
  if (segments.some((name) => !/^[a-z0-9][a-z0-9._-]*$/.test(name)))
    throw new RangeError(`not a storage path: ${path}`)
  const file = segments.pop() ?? ''
  try {
    let folder = await root()
    for (const name of segments) folder = await folder.getDirectoryHandle(name, { create: false })
    await folder.getFileHandle(file, { create: false })
    return { folder, file }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/**
 * Lets an overlay in which nothing was ever written be what the image at `path` holds, and removes the image when that is
 * on stable storage. A crash before leaves the image, one after only what the next call removes.
 *
 * @throws StoreFault; the image is untouched then
 */
export async function takeOver(path: string, overlay: DiskOverlay, root: Root): Promise<void> {
  try {
    const found = await find(path, root)
    if (found === undefined) return
    if (overlay.isUntouched) {
      const image = await (await found.folder.getFileHandle(found.file, { create: false })).getFile()
      const imported = image.size === 0 ? undefined : await overlay.import(image)
      if (imported?.ok === false) throw imported.error
    }
    await found.folder.removeEntry(found.file)
  } catch (error) {
    throw error instanceof DOMException ? storageError(`disk image ${path}`, error) : error
  }
}

/** Removes what `takeOver` would have taken over. @throws StorageError */
export async function removeFormer(path: string, root: Root): Promise<void> {
  try {
    const found = await find(path, root)
    if (found !== undefined) await found.folder.removeEntry(found.file)
  } catch (error) {
    throw error instanceof DOMException ? storageError(`disk image ${path}`, error) : error
  }
}
