/** The origin private file system’s part in use, over files, for the workers under Node. */

import * as fs from 'node:fs'
import { join } from 'node:path'
import type { DiskDirectory, DiskHandle } from './opfs-disk.ts'

/** A synchronous access handle over a file, as File System Standard 3.2 has it over OPFS. */
function fileHandle(path: string): DiskHandle {
  const file = fs.openSync(path, fs.existsSync(path) ? 'r+' : 'w+')
  const bytesOf = (buffer: AllowSharedBufferSource): Uint8Array =>
    ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer)
  return {
    read: (buffer, options) => {
      const bytes = bytesOf(buffer)
      return fs.readSync(file, bytes, 0, bytes.length, options?.at ?? 0)
    },
    write: (buffer, options) => {
      const bytes = bytesOf(buffer)
      return fs.writeSync(file, bytes, 0, bytes.length, options?.at ?? 0)
    },
    truncate: (bytes) => fs.ftruncateSync(file, bytes),
    getSize: () => fs.fstatSync(file).size,
    flush: () => fs.fsyncSync(file),
    close: () => fs.closeSync(file),
  }
}

/** A folder that is made where it does not exist, as the origin private file system’s are. */
export function nodeDirectory(path: string): DiskDirectory {
  fs.mkdirSync(path, { recursive: true })
  return {
    getDirectoryHandle: (name) => Promise.resolve(nodeDirectory(join(path, name))),
    getFileHandle: (name) =>
      Promise.resolve({ createSyncAccessHandle: () => Promise.resolve(fileHandle(join(path, name))) }),
  }
}
