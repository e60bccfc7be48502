/** Small guests to store: a few pages of RAM, some of them equal, some zero. */

import type { DiskHandle } from '../../../src/storage/opfs-disk.ts'
import { copyPages } from '../../../src/base/pages.ts'
import type { SnapshotId } from '../../../src/protocol/snapshot.ts'
import { PageStore, type LoadedSnapshot } from '../../../src/storage/pages/page-store.ts'
import { PAGE_BYTES } from '../../../src/storage/pages/slot-file.ts'
import type { MachineFingerprint } from '../../../src/protocol/machine-state.ts'
import type { ImageChange, SnapshotDraft } from '../../../src/storage/pages/snapshot.ts'

export const MACHINE: MachineFingerprint = { engine: 'test-1', memoryMiB: 1, devices: 'uart0' }

export function draft(name: string, more: Partial<SnapshotDraft> = {}): SnapshotDraft {
  return {
    domain: 'primary',
    appliance: 'primary',
    parent: undefined,
    name,
    note: '',
    time: 1_700_000_000_000,
    machine: MACHINE,
    automatic: false,
    deviceState: new TextEncoder().encode(`device state of ${name}`),
    thumbnail: new Uint8Array(),
    ...more,
  }
}

/** A page whose content is `content` alone: 0 is zeros. */
export function fillPage(ram: Uint8Array, page: number, content: number): void {
  const words = new Uint32Array(ram.buffer, ram.byteOffset + page * PAGE_BYTES, PAGE_BYTES / 4)
  for (let i = 0; i < words.length; i += 1) words[i] = content === 0 ? 0 : Math.imul(content, i + 1)
}

export function ramOf(contents: readonly number[]): Uint8Array<ArrayBuffer> {
  const ram = new Uint8Array(contents.length * PAGE_BYTES)
  for (const [page, content] of contents.entries()) fillPage(ram, page, content)
  return ram
}

/** All of a RAM as a change to whatever there is. */
export function whole(ram: Uint8Array): ImageChange {
  const pages = Array.from({ length: ram.length / PAGE_BYTES }, (_, page) => page)
  const page = (at: number): Uint8Array => ram.slice(at * PAGE_BYTES, (at + 1) * PAGE_BYTES)
  const isFilled = (at: number): boolean => page(at).some((byte) => byte !== 0)
  const filled = pages.filter(isFilled)
  const bytes = new Uint8Array(filled.length * PAGE_BYTES)
  for (const [position, at] of filled.entries()) bytes.set(page(at), position * PAGE_BYTES)
  const zeros = Uint32Array.from(pages.filter((at) => !isFilled(at)))
  return {
    imageBytes: ram.length,
    base: undefined,
    batches: () => [{ indices: Uint32Array.from(filled), bytes, zeros }],
  }
}

export async function openStore(handle: DiskHandle): Promise<PageStore> {
  const opened = await PageStore.open(handle)
  if (!opened.ok) throw opened.error
  return opened.value
}

export function value<T>(result: { ok: true; value: T } | { ok: false; error: Error }): T {
  if (!result.ok) throw result.error
  return result.value
}

export function kindOf(result: { ok: true } | { ok: false; error: { kind: string } }): string {
  return result.ok ? 'ok' : result.error.kind
}

/** A snapshot's RAM by the pages that the store names as filled, as a domain takes it, and the rest of what was read. */
export async function read(
  store: PageStore,
  id: SnapshotId,
  bytes: number,
): Promise<LoadedSnapshot & { readonly ram: Uint8Array }> {
  const into = new Uint8Array(bytes)
  const loaded = value(await store.load(id, MACHINE, into))
  const ram = new Uint8Array(bytes)
  copyPages(into, ram, loaded.filled)
  return { ...loaded, ram }
}
