/**
 * The origin private file system (File System Standard, WHATWG) as far as disks and snapshots use it. Workers only: the
 * page has no synchronous access handles.
 *
 * ```
 * origin private file system
 * ├── overlays/
 * │   ├── primary.hsd    the blocks of a disk that differ from its base: see overlay/
 * │   └── vault.hsd      the same; its content is LUKS, made and opened inside the guest alone
 * ├── images/            disk images that a person has put in: see images/
 * ├── snapshots/         see pages/
 * ├── disks/             raw images of earlier versions, until they are taken over: see overlay/former-image.ts
 * └── nvram/             see nvram-store.ts
 * ```
 * Reads and writes of a handle answer at once, so that a guest's transfer ends in its slice.
 */

import { storageError } from './storage-error.ts'

/**
 * A domain that is reset ends its worker and starts the next at once, but the browser gives the old worker's handle
 * back some time after terminate() (Chromium: two seconds, where the worker was busy) and tells nobody. Asking again is all
 * there is; another tab stays busy for longer.
 */
const BUSY_PATIENCE_MS = 6000
const BUSY_RETRY_MS = 50

/** The part of `FileSystemDirectoryHandle` in use, so that tests stand in for a browser. */
export type DiskDirectory = {
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<DiskDirectory>
  getFileHandle(name: string, options: { create: boolean }): Promise<DiskFile>
  removeEntry(name: string): Promise<void>
}

export type DiskFile = {
  createSyncAccessHandle(): Promise<DiskHandle>
  getFile(): Promise<Blob>
}

export type DiskHandle = Pick<
  FileSystemSyncAccessHandle,
  'read' | 'write' | 'truncate' | 'getSize' | 'flush' | 'close'
>

/**
 * The exclusive handle of a file, waited for where a worker that has ended still has it.
 * @throws what createSyncAccessHandle() rejects with
 */
export async function patientHandle(file: DiskFile): Promise<DiskHandle> {
  const end = performance.now() + BUSY_PATIENCE_MS
  for (;;) {
    try {
      return await file.createSyncAccessHandle()
    } catch (error) {
      if (storageError('', error).kind !== 'busy' || performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS))
    }
  }
}
