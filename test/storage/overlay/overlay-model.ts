/** Bases in memory and bytes to write over them. */

import type { BlockStore } from '../../../src/protocol/block-store.ts'
import type { DiskHandle } from '../../../src/storage/opfs-disk.ts'
import { DiskOverlay } from '../../../src/storage/overlay/disk-overlay.ts'
import { randomFrom } from '../pages/crash-file.ts'

/** Bytes none of which are long runs of zeros. */
export function patternOf(length: number): Uint8Array<ArrayBuffer> {
  const random = randomFrom(length)
  return Uint8Array.from({ length }, () => 1 + Math.floor(random() * 255))
}

/** Bytes that differ from sector to sector and from seed to seed. */
export function filled(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (Math.floor(i / 512) * 7 + seed * 13 + (i % 5)) % 251)
}

/** A base that copies `content`; `late` answers with promises. */
export function memoryBase(content: Uint8Array, late = false): BlockStore {
  const base = content.slice()
  return {
    size: base.length,
    readOnly: true,
    read(offset, length) {
      const bytes = base.slice(offset, offset + length)
      return late ? Promise.resolve().then(() => bytes) : bytes
    },
    write() {
      throw new Error('a base is read only')
    },
    flush() {},
    close() {},
  }
}

export async function openOverlay(handle: DiskHandle, base: BlockStore): Promise<DiskOverlay> {
  const opened = await DiskOverlay.open(handle, base, 'base', 'disk test')
  if (!opened.ok) throw opened.error
  return opened.value
}
