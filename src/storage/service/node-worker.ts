/** Entry of the store's worker under Node: the same store, in a file of the folder that `workerData.folder` names. */

import { parentPort, workerData } from 'node:worker_threads'
import type { StoreRequest } from '../../protocol/store.ts'
import { nodeDirectory } from '../node-files.ts'
import { openPageStore } from '../pages/open-page-store.ts'
import { StoreService } from './store-service.ts'

const port = parentPort
if (port === null) throw new Error('this is the entry of a worker thread')
if (typeof workerData !== 'object' || workerData === null || !('folder' in workerData))
  throw new Error('this worker needs a folder')
const folder = String(workerData.folder)

const service = new StoreService({
  open: () => openPageStore(() => Promise.resolve(nodeDirectory(folder))),
  post: (message) => port.postMessage(message, []),
})

port.on('message', (request: StoreRequest) => service.handle(request))
