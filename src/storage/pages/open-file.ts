/** Opens one file of the origin private file system for synchronous access (File System Standard, WHATWG). Workers only. */

import { err, ok, type Result } from '../../base/result.ts'
import { patientHandle, type DiskDirectory, type DiskHandle } from '../opfs-disk.ts'
import { storageError, type StorageError } from '../storage-error.ts'

/**
 * Makes folder and file where they do not exist. The handle is exclusive until it is closed or the worker ends: a second
 * opener, in this tab or another, gets `busy` after six seconds.
 */
export async function openFile(
  folder: string,
  file: string,
  root: () => Promise<DiskDirectory>,
): Promise<Result<DiskHandle, StorageError>> {
  try {
    const directory = await (await root()).getDirectoryHandle(folder, { create: true })
    return ok(await patientHandle(await directory.getFileHandle(file, { create: true })))
  } catch (error) {
    return err(storageError(`${folder}/${file}`, error))
  }
}
