/** Opens one file of the origin private file system for synchronous access (File System Standard, WHATWG). Workers only. */

import { err, ok, type Result } from '../../base/result.ts'
import { patientHandle, type DiskDirectory, type DiskHandle } from '../opfs-disk.ts'
import { storageError, type StorageError } from '../storage-error.ts'

export type OpenedFile = {
  readonly handle: DiskHandle
  /**
   * Whether the file still has its name. A browser that runs out of space removes whole origins, open files included, and
   * says so to nobody: what is written to the handle afterwards succeeds, and is gone when the page is.
   */
  readonly isKept: () => Promise<boolean>
}

/**
 * Makes folder and file where they do not exist. The handle is exclusive until it is closed or the worker ends: a second
 * opener, in this tab or another, gets `busy` after six seconds.
 */
export async function openFile(
  folder: string,
  file: string,
  root: () => Promise<DiskDirectory>,
): Promise<Result<OpenedFile, StorageError>> {
  try {
    const directory = await (await root()).getDirectoryHandle(folder, { create: true })
    const handle = await patientHandle(await directory.getFileHandle(file, { create: true }))
    return ok({ handle, isKept: () => isFound(folder, file, root) })
  } catch (error) {
    return err(storageError(`${folder}/${file}`, error))
  }
}

async function isFound(folder: string, file: string, root: () => Promise<DiskDirectory>): Promise<boolean> {
  try {
    const directory = await (await root()).getDirectoryHandle(folder, { create: false })
    await directory.getFileHandle(file, { create: false })
    return true
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFoundError') return false
    throw storageError(`${folder}/${file}`, error)
  }
}
