/** A snapshot as the open store knows it: which slots it leads to, and how it is read, claimed and moved. */

import { FormatError } from './format-error.ts'
import type { Blob4K, PageHeap } from './page-heap.ts'
import { PAGE_BYTES } from './slot-file.ts'
import { decodeRecord, encodeRecord, type CatalogueEntry, type SnapshotRecord } from './snapshot-record.ts'

export type SoundSnapshot = CatalogueEntry & {
  readonly state: 'sound'
  readonly content: SnapshotRecord
  /** By page of RAM its slot. */
  readonly table: Uint32Array<ArrayBuffer>
}

/**
 * What is damaged can be removed and nothing else. The slots it is known to lead to stay claimed, so that it stays the
 * damaged one that it is instead of turning into whatever is stored there next.
 */
export type DamagedSnapshot = CatalogueEntry & {
  readonly state: 'damaged'
  readonly reason: string
  readonly content: SnapshotRecord | undefined
}

export type StoredSnapshot = SoundSnapshot | DamagedSnapshot

/** Every slot that the snapshot refers to, once per reference; 0 where a page is zeros. */
export function slotLists(snapshot: StoredSnapshot): readonly Uint32Array[] {
  const { content } = snapshot
  return [
    snapshot.record.slots,
    ...(content === undefined
      ? []
      : [content.table.slots, content.deviceState.slots, content.thumbnail.slots]),
    ...(snapshot.state === 'sound' ? [snapshot.table] : []),
  ]
}

export function* slotsOf(snapshot: StoredSnapshot): Generator<number> {
  for (const slots of slotLists(snapshot)) yield* slots
}

export function isInside(slots: Uint32Array, capacity: number): boolean {
  return slots.every((slot) => slot <= capacity)
}

function damaged(entry: CatalogueEntry, reason: string, content?: SnapshotRecord): DamagedSnapshot {
  return { ...entry, state: 'damaged', reason, content }
}

/** Reads the snapshot that a catalogue entry leads to. @throws StorageError */
export function readSnapshot(heap: PageHeap, entry: CatalogueEntry): StoredSnapshot {
  const { capacity } = heap.file
  if (!isInside(entry.record.slots, capacity))
    return damaged({ id: entry.id, record: { length: 0, slots: new Uint32Array() } }, 'its record is cut off')
  try {
    const decoded = decodeRecord(heap.loadBlob(entry.record, 'its record'))
    if (!decoded.ok) return damaged(entry, decoded.error)
    const content = decoded.value
    if (
      ![content.table, content.deviceState, content.thumbnail].every(({ slots }) => isInside(slots, capacity))
    )
      return damaged(entry, 'its pages are cut off')
    try {
      const table = new Uint32Array(heap.loadBlob(content.table, 'its page table').slice().buffer)
      if (!isInside(table, capacity)) return damaged(entry, 'its pages are cut off', content)
      return { ...entry, state: 'sound', content, table }
    } catch (error) {
      if (error instanceof FormatError) return damaged(entry, error.message, content)
      throw error
    }
  } catch (error) {
    if (error instanceof FormatError) return damaged(entry, error.message)
    throw error
  }
}

/** Stores a record and the table it leads to; `content`'s other blobs are there already. */
export function storeSnapshot(
  heap: PageHeap,
  id: string,
  content: Omit<SnapshotRecord, 'table' | 'pageCount'>,
  table: Uint32Array<ArrayBuffer>,
  taken: number[],
): SoundSnapshot {
  const record: SnapshotRecord = {
    ...content,
    pageCount: table.length,
    table: heap.storeBlob(new Uint8Array(table.buffer, 0, table.length * 4), taken),
  }
  return { id, record: heap.storeBlob(encodeRecord(record), taken), state: 'sound', content: record, table }
}

/** Takes a reference to each slot, as `PageHeap.store` does. */
function retain(heap: PageHeap, slots: Uint32Array, taken: number[]): void {
  for (const slot of slots) {
    heap.file.retain(slot)
    taken.push(slot)
  }
}

function moved({ length, slots }: Blob4K, to: ReadonlyMap<number, number>): Blob4K {
  return { length, slots: slots.map((slot) => to.get(slot) ?? slot) }
}

/** The snapshot with other text, or with its pages elsewhere; with references of its own to all of its slots. */
export function restoreSnapshot(
  heap: PageHeap,
  snapshot: SoundSnapshot,
  taken: number[],
  { to = new Map(), meta }: { to?: ReadonlyMap<number, number>; meta?: SnapshotRecord['meta'] },
): SoundSnapshot {
  const { content } = snapshot
  const table = snapshot.table.map((slot) => to.get(slot) ?? slot)
  const deviceState = moved(content.deviceState, to)
  const thumbnail = moved(content.thumbnail, to)
  for (const slots of [table, deviceState.slots, thumbnail.slots]) retain(heap, slots, taken)
  return storeSnapshot(
    heap,
    snapshot.id,
    { ...content, meta: meta ?? content.meta, deviceState, thumbnail },
    table,
    taken,
  )
}

/**
 * Bytes of the pages it leads to, each once: those only it refers to, and those others refer to as well. `counts` has room
 * for every slot, all 0, and is left so.
 */
export function sizesOf(
  heap: PageHeap,
  snapshot: StoredSnapshot,
  counts: Uint32Array,
): { own: number; shared: number } {
  const lists = slotLists(snapshot)
  for (const slots of lists) for (const slot of slots) counts[slot] = (counts[slot] ?? 0) + 1
  let own = 0
  let shared = 0
  counts[0] = 0
  for (const slots of lists)
    for (const slot of slots) {
      const count = counts[slot] ?? 0
      if (count === 0) continue
      if (heap.file.references(slot) === count) own += 1
      else shared += 1
      counts[slot] = 0
    }
  return { own: own * PAGE_BYTES, shared: shared * PAGE_BYTES }
}
