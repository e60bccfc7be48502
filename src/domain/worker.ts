/** Browser entry of a domain's worker. */

import type { DomainRequest } from '../protocol/guest.ts'
import { openDiskOverlay } from '../storage/overlay/open-disk-overlay.ts'
import { Domain } from './domain.ts'

declare const self: DedicatedWorkerGlobalScope

/** `npm run bench -- timeline` reads them. The worker's name says whose they are. */
function mark(step: string): void {
  performance.mark(`hyperspace:${self.name}:${step}`)
}

mark('script loaded')
const domain = new Domain({
  post: (event, transfer) => self.postMessage(event, transfer),
  openDisk: (disk, base) => openDiskOverlay(disk, base),
  mark,
})

self.onmessage = ({ data }: MessageEvent<DomainRequest>) => domain.handle(data)

// v86 links compiled code in promises of its own: one that fails must end the guest, not leave it half alive.
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  domain.fault(event.reason)
})
self.addEventListener('error', (event) => {
  event.preventDefault()
  domain.fault(event.error ?? event.message)
})
