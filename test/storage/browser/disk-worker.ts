/** A worker that has a disk open, as a domain's has. Answers each request with what came of it. */

import { BlankBase } from '../../../src/storage/overlay/blank-base.ts'
import { openDiskOverlay } from '../../../src/storage/overlay/open-disk-overlay.ts'
import type { BlockStore } from '../../../src/protocol/block-store.ts'

export type DiskRequest =
  | { readonly kind: 'open'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'write'; readonly offset: number; readonly value: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'read'; readonly offset: number }
  /** Answers, and then never looks at a message again. */
  | { readonly kind: 'spin' }

export type DiskAnswer = { readonly ok: boolean; readonly value: string; readonly ms: number }

let disk: BlockStore | undefined

async function act(request: DiskRequest): Promise<string> {
  if (request.kind === 'spin') {
    setTimeout(() => {
      for (;;);
    })
    return ''
  }
  if (request.kind === 'open') {
    const { name, bytes } = request
    const opened = await openDiskOverlay(
      { kind: 'persistent', name, base: { kind: 'blank', bytes }, formerPath: `disks/${name}.img` },
      new BlankBase(bytes),
    )
    if (!opened.ok) throw new Error(opened.error.kind)
    disk = opened.value
    return String(disk.size)
  }
  if (disk === undefined) throw new Error('no disk is open')
  if (request.kind === 'write') await disk.write(request.offset, new Uint8Array(512).fill(request.value))
  else if (request.kind === 'flush') await disk.flush()
  else return String((await disk.read(request.offset, 512))[0])
  return ''
}

addEventListener('message', ({ data }: MessageEvent<DiskRequest>) => {
  const started = performance.now()
  const answer = (ok: boolean, value: string): void =>
    postMessage({ ok, value, ms: performance.now() - started })
  act(data).then(
    (value) => answer(true, value),
    (error: unknown) => answer(false, error instanceof Error ? error.message : String(error)),
  )
})
