/** Whether a disk was ever written to, as a page can tell: it has no synchronous handles, and the disk may be in use. */

import type { DiskDirectory } from '../opfs-disk.ts'

/** Of a slot file (pages/slot-file.ts): two root records, each with the length of what it leads to. */
const ROOT_BYTES = 4096
const PAYLOAD_LENGTH_AT = 12

async function fileIn(root: DiskDirectory, folder: string, file: string): Promise<Blob | undefined> {
  try {
    const directory = await root.getDirectoryHandle(folder, { create: false })
    return await (await directory.getFileHandle(file, { create: false })).getFile()
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFoundError') return undefined
    throw error
  }
}

/**
 * A hint, which saves a download: whoever opens the disk looks for himself. False where it cannot be told.
 * @param name of the disk, which is its domain's
 */
export async function isBlankDisk(
  name: string,
  root: () => Promise<DiskDirectory> = () => navigator.storage.getDirectory(),
): Promise<boolean> {
  try {
    const directory = await root()
    if ((await fileIn(directory, 'disks', `${name}.img`)) !== undefined) return false
    const overlay = await fileIn(directory, 'overlays', `${name}.hsd`)
    if (overlay === undefined || overlay.size === 0) return true
    const roots = new DataView(await overlay.slice(0, 2 * ROOT_BYTES).arrayBuffer())
    if (roots.byteLength < 2 * ROOT_BYTES) return false
    return [0, ROOT_BYTES].every((at) => roots.getUint32(at + PAYLOAD_LENGTH_AT, true) === 0)
  } catch {
    return false
  }
}
