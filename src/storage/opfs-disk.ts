/**
 * A virtual disk in the origin private file system (File System Standard, WHATWG), written in place through a
 * synchronous access handle. Workers only.
 *
 * ```
 * origin private file system
 * ├── disks/
 * │   ├── primary.img    raw disk image: byte n of the file is byte n of the disk, no header
 * │   └── vault.img      the same; its content is LUKS, made and opened inside the guest alone
 * └── nvram/             see nvram-store.ts
 * ```
 * A raw image, so that any outside tool reads an exported disk; its checksums are its file system's. It grows to its
 * full size at once by truncate(), which browsers store sparsely, and never shrinks: an image that is larger than
 * asked for is opened at its own size. Reads and writes answer at once, so that a guest's transfer ends in its slice.
 */

import { err, ok, type Result } from '../base/result.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import { StorageError, storageError } from './storage-error.ts'

/** Largest image opened or made. Guests address disks by 28-bit LBA × 512 bytes: 128 GiB; quota ends long before. */
const MAX_BYTES = 2 ** 37

const SECTOR_BYTES = 512

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
}

export type DiskFile = { createSyncAccessHandle(): Promise<DiskHandle> }

export type DiskHandle = Pick<
  FileSystemSyncAccessHandle,
  'read' | 'write' | 'truncate' | 'getSize' | 'flush' | 'close'
>

class OpfsDisk implements BlockStore {
  readonly size: number
  readonly readOnly = false
  readonly #path: string
  readonly #handle: DiskHandle

  constructor(path: string, handle: DiskHandle) {
    this.#path = path
    this.#handle = handle
    this.size = handle.getSize()
  }

  #try<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw storageError(`disk ${this.#path}`, error)
    }
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    // A file cut short from outside reads as zeros there, as a never-written sector does.
    this.#try(() => this.#handle.read(bytes, { at: offset }))
    return bytes
  }

  write(offset: number, bytes: Uint8Array): void {
    const written = this.#try(() => this.#handle.write(bytes, { at: offset }))
    if (written < bytes.length)
      throw new StorageError(
        'quota',
        `disk ${this.#path}: only ${written} of ${bytes.length} bytes were taken; free some space on this device.`,
      )
  }

  flush(): void {
    this.#try(() => this.#handle.flush())
  }

  close(): void {
    this.#handle.close()
  }
}

/** @throws RangeError: paths come from definitions, never from a guest or a person */
function split(path: string): { folders: string[]; file: string } {
  const segments = path.split('/')
  const file = segments.pop() ?? ''
  if ([...segments, file].some((name) => !/^[a-z0-9][a-z0-9._-]*$/.test(name)))
    throw new RangeError(`not a storage path: ${path}`)
  return { folders: segments, file }
}

async function openHandle(file: DiskFile): Promise<DiskHandle> {
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

/**
 * Opens the disk at `path` (“disks/primary.img”), made with `bytes` zero bytes where it does not exist. The handle is
 * exclusive until `close()` or the worker's end: a second opener, in this tab or another, gets `busy` after six seconds.
 */
export async function openOpfsDisk(
  path: string,
  bytes: number,
  root: () => Promise<DiskDirectory> = () => navigator.storage.getDirectory(),
): Promise<Result<BlockStore, StorageError>> {
  const { folders, file } = split(path)
  if (!Number.isSafeInteger(bytes) || bytes <= 0 || bytes > MAX_BYTES || bytes % SECTOR_BYTES !== 0)
    throw new RangeError(`not a disk size: ${bytes}`)
  let handle: DiskHandle | undefined
  try {
    let directory = await root()
    for (const name of folders) directory = await directory.getDirectoryHandle(name, { create: true })
    handle = await openHandle(await directory.getFileHandle(file, { create: true }))
    if (handle.getSize() < bytes) handle.truncate(bytes)
    return ok(new OpfsDisk(path, handle))
  } catch (error) {
    handle?.close()
    return err(storageError(`disk ${path}`, error))
  }
}
