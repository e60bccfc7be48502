/** The snapshot store in the browser: a worker of its own, since hashing and writing must not delay the supervisor. */

import type { StoreRequest } from '../../protocol/store.ts'
import { openPageStore } from '../pages/open-page-store.ts'
import { StoreService } from './store-service.ts'

declare const self: DedicatedWorkerGlobalScope

const service = new StoreService({
  open: () => openPageStore(),
  post: (message) => self.postMessage(message),
})

self.onmessage = ({ data }: MessageEvent<StoreRequest>) => service.handle(data)
