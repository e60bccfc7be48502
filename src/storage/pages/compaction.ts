/**
 * Compaction: pages at the end of the file move into free slots before it, and the tables and records that lead to them
 * are written anew, all before the commit that switches over. A table written anew may land at the end itself, so the
 * caller goes on until nothing moves: a page in a table's entry, the table in its record, the record in the catalogue, and
 * the catalogue itself, a round each.
 */

import type { PageHeap } from './page-heap.ts'
import type { SnapshotId } from '../../protocol/snapshot.ts'
import { restoreSnapshot, slotsOf, type StoredSnapshot } from './stored-snapshot.ts'

export type Compacted = {
  readonly next: Map<SnapshotId, StoredSnapshot>
  readonly dropped: readonly number[]
  /** The slots that pages moved to, with a reference of their own that ends with the commit. */
  readonly moves: readonly number[]
}

/** Prepares one round; every reference it takes is noted in `taken`. @throws StorageError */
export function compact(
  heap: PageHeap,
  snapshots: ReadonlyMap<SnapshotId, StoredSnapshot>,
  taken: number[],
): Compacted {
  const { file } = heap
  const isPinned = new Set<number>()
  for (const snapshot of snapshots.values())
    if (snapshot.state === 'damaged') for (const slot of slotsOf(snapshot)) isPinned.add(slot)
  const to = new Map<number, number>()
  // Live pages fit below this slot; what lies above moves. `liveSlots` grows with every copy, so it is read once.
  const target = file.liveSlots
  for (let slot = file.capacity; slot > target; slot -= 1) {
    if (file.references(slot) === 0 || isPinned.has(slot)) continue
    const free = heap.moveDown(slot, taken)
    if (free !== undefined) to.set(slot, free)
  }
  const next = new Map(snapshots)
  const dropped: number[] = []
  for (const snapshot of snapshots.values()) {
    if (snapshot.state === 'damaged') continue
    const slots = [...slotsOf(snapshot)]
    if (!slots.some((slot) => to.has(slot))) continue
    next.set(snapshot.id, restoreSnapshot(heap, snapshot, taken, { to }))
    dropped.push(...slots)
  }
  return { next, dropped, moves: [...to.values()] }
}
