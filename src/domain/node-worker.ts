/**
 * Entry of a domain's worker under Node's worker_threads: the same domain, with persistent disks as files of the folder
 * that `workerData.diskFolder` names.
 */

import * as fs from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import type { DomainRequest } from '../protocol/guest.ts'
import { openOpfsDisk, type DiskDirectory, type DiskHandle } from '../storage/opfs-disk.ts'
import { Domain } from './domain.ts'

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

function directory(path: string): DiskDirectory {
  fs.mkdirSync(path, { recursive: true })
  return {
    getDirectoryHandle: (name) => Promise.resolve(directory(join(path, name))),
    getFileHandle: (name) =>
      Promise.resolve({ createSyncAccessHandle: () => Promise.resolve(fileHandle(join(path, name))) }),
  }
}

const port = parentPort
if (port === null) throw new Error('this is the entry of a worker thread')

const folder =
  typeof workerData === 'object' && workerData !== null && 'diskFolder' in workerData
    ? String(workerData.diskFolder)
    : undefined

const domain = new Domain({
  post: (event, transfer) => port.postMessage(event, transfer),
  openDisk: (path, bytes) =>
    openOpfsDisk(path, bytes, () =>
      folder === undefined
        ? Promise.reject(new Error('this worker was given no folder for disks'))
        : Promise.resolve(directory(folder)),
    ),
})

port.on('message', (request: DomainRequest) => domain.handle(request))
process.on('uncaughtException', (error) => domain.fault(error))
