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

function found(path: string): string {
  if (!fs.existsSync(path)) throw new DOMException(path, 'NotFoundError')
  return path
}

/** A folder that is made where it does not exist, as the origin private file system's root is there. */
export function nodeDirectory(path: string): DiskDirectory {
  fs.mkdirSync(path, { recursive: true })
  const at = (name: string, create: boolean): string => (create ? join(path, name) : found(join(path, name)))
  return {
    getDirectoryHandle: async (name, { create }) => nodeDirectory(at(name, create)),
    getFileHandle: async (name, { create }) => {
      const file = at(name, create)
      return {
        createSyncAccessHandle: async () => fileHandle(file),
        getFile: async () => new Blob([fs.readFileSync(found(file))]),
      }
    },
    removeEntry: async (name) => fs.rmSync(found(join(path, name))),
  }
}
