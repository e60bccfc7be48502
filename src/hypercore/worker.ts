/** HyperCore in the browser: a worker of its own, which spawns the domains' workers. */

import { openBase } from '../domain/open-disk.ts'
import { composeBootImage } from '../machine/boot-image.ts'
import { siteFile, sites } from '../portal/portal.ts'
import type { DomainEvent } from '../protocol/guest.ts'
import type { StoreMessage } from '../protocol/store.ts'
import type { SupervisorRequest } from '../protocol/supervisor.ts'
import { diskFiles } from '../storage/overlay/disk-files.ts'
import { HyperCore } from './hypercore.ts'
import { SpareWorker } from './spare-worker.ts'

declare const self: DedicatedWorkerGlobalScope

const spare = new SpareWorker((scriptUrl, name) => new Worker(scriptUrl, { type: 'module', name }))

const core = new HyperCore({
  disks: diskFiles({
    root: () => navigator.storage.getDirectory(),
    openBase,
    estimate: () => navigator.storage.estimate(),
  }),
  spawnDomain(scriptUrl, name, listener) {
    const worker = spare.take(scriptUrl, `domain ${name}`)
    performance.mark(`hyperspace:domain ${name}:spawned`)
    worker.onmessage = ({ data }: MessageEvent<DomainEvent>) => listener.message(data)
    worker.onmessageerror = () => listener.error('a message could not be read')
    worker.onerror = (event) => {
      event.preventDefault()
      listener.error(event.message === '' ? 'its script could not be loaded' : event.message)
    }
    return {
      post: (request, transfer) => worker.postMessage(request, [...transfer]),
      terminate: () => worker.terminate(),
    }
  },
  expectDomain: (scriptUrl) => spare.keep(scriptUrl),
  spawnStore(scriptUrl, listener) {
    const worker = new Worker(scriptUrl, { type: 'module', name: 'snapshots' })
    worker.onmessage = ({ data }: MessageEvent<StoreMessage>) => listener.message(data)
    worker.onmessageerror = () => listener.error('a message could not be read')
    worker.onerror = (event) => {
      event.preventDefault()
      listener.error(event.message === '' ? 'its script could not be loaded' : event.message)
    }
    return {
      post: (request, transfer) => worker.postMessage(request, [...transfer]),
      terminate: () => worker.terminate(),
    }
  },
  composeBootImage,
  outside: {
    fetch: (url, init) => fetch(url, init),
    site: siteFile,
    sites,
    openTabs(receive) {
      const channel = new BroadcastChannel('hyperspace.trunk')
      channel.onmessage = ({ data }: MessageEvent<unknown>) => receive(data)
      return { post: (message) => channel.postMessage(message), close: () => channel.close() }
    },
    openSocket: (url) => new WebSocket(url),
  },
  post: (message, transfer) => self.postMessage(message, [...transfer]),
  now: () => performance.now(),
  wallClock: () => Date.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms)
    return () => clearTimeout(timer)
  },
  every(ms, action) {
    const timer = setInterval(action, ms)
    return () => clearInterval(timer)
  },
})

self.onmessage = ({ data }: MessageEvent<SupervisorRequest>) => core.receive(data)
