/**
 * Entry of a domain's worker under Node's worker_threads: the same domain, with persistent disks as files of the folder
 * that `workerData.diskFolder` names.
 */

import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import type { DomainRequest } from '../protocol/guest.ts'
import { nodeDirectory } from '../storage/node-files.ts'
import { openDiskOverlay } from '../storage/overlay/open-disk-overlay.ts'
import { Domain } from './domain.ts'

const port = parentPort
if (port === null) throw new Error('this is the entry of a worker thread')

const folder =
  typeof workerData === 'object' && workerData !== null && 'diskFolder' in workerData
    ? String(workerData.diskFolder)
    : undefined

const domain = new Domain({
  post: (event, transfer) => port.postMessage(event, transfer),
  openDisk: (disk, base) =>
    openDiskOverlay(disk, base, () =>
      folder === undefined
        ? Promise.reject(new Error('this worker was given no folder for disks'))
        : Promise.resolve(nodeDirectory(folder)),
    ),
})

port.on('message', (request: DomainRequest) => domain.handle(request))
process.on('uncaughtException', (error) => domain.fault(error))
