/** The page's part in snapshots: the promise to keep them, and the tree that is shown. */

import type { DomainId } from '../protocol/domain.ts'
import type { SnapshotInfo, SnapshotTaken } from '../protocol/snapshot.ts'
import type { Seat } from './seat.ts'
import { thumbnailOf } from './thumbnail.ts'

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/**
 * Asks the browser not to give this origin's storage away when space is short, at the first thing worth keeping. A refusal
 * changes nothing but how long it is kept.
 */
export async function askToKeep(): Promise<void> {
  if (typeof navigator === 'undefined' || navigator.storage?.persist === undefined) return
  if (!(await navigator.storage.persisted())) await navigator.storage.persist()
}

/** @throws (rejects) FaultError */
export async function takeSnapshot(
  seat: Seat,
  id: DomainId,
  text: { readonly name: string; readonly note: string },
): Promise<SnapshotTaken> {
  const thumbnail = await thumbnailOf(seat, id)
  const taken = await seat.call('snapshot', { id, ...text, thumbnail })
  await askToKeep()
  return taken
}

/** The picture as the browser draws it; undefined where there is none. It may come from an imported file. */
export function pictureOf(untrustedBytes: Uint8Array<ArrayBuffer>): Blob | undefined {
  const isPng = PNG_SIGNATURE.every((byte, at) => untrustedBytes[at] === byte)
  return isPng ? new Blob([untrustedBytes], { type: 'image/png' }) : undefined
}

/**
 * Lets hibernating domains be brought up to date when the page is hidden, frozen or left (Page Lifecycle, WICG): whatever
 * of it the browser still grants time for. The periodic ones before it are what is there if it grants none.
 */
export function keepUpOnLeaving(seat: Seat): void {
  const leave = (): void => {
    const { phase, snapshots } = seat.store.getState()
    if (phase !== 'running' || snapshots.hibernating.length === 0) return
    // Nobody is there any more to be told; the journal has what failed.
    seat.call('leaving', {}).catch(() => undefined)
  }
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') leave()
  })
  document.addEventListener('freeze', leave)
  addEventListener('pagehide', leave)
}

/** @throws (rejects) FaultError */
export async function setHibernate(seat: Seat, id: DomainId, on: boolean): Promise<void> {
  await seat.call('setHibernate', { id, on })
  if (on) await askToKeep()
}

export type TreeRow = {
  readonly snapshot: SnapshotInfo
  /** How many times the tree has forked above it: what follows alone on another stays in its column. */
  readonly depth: number
  /** It begins a branch, or the tree. */
  readonly starts: boolean
  /** Something comes directly after it in its column. */
  readonly continues: boolean
}

/** The snapshots of one domain as rows, each after the one that it was taken after. Automatic ones are not among them. */
export function treeOf(snapshots: readonly SnapshotInfo[], domain: string): TreeRow[] {
  const own = snapshots.filter((snapshot) => snapshot.domain === domain && !snapshot.automatic)
  const ids = new Set(own.map(({ id }) => id))
  const children = new Map<string | undefined, SnapshotInfo[]>()
  for (const snapshot of own) {
    const parent = snapshot.parent !== undefined && ids.has(snapshot.parent) ? snapshot.parent : undefined
    children.set(parent, [...(children.get(parent) ?? []), snapshot])
  }
  const rows: TreeRow[] = []
  const seen = new Set<string>()
  // Iterative: a chain may be a thousand long. A cycle cannot be stored, but an import may claim anything.
  const waiting = (children.get(undefined) ?? []).map((snapshot) => ({ snapshot, depth: 0, starts: true }))
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (seen.has(next.snapshot.id)) continue
    seen.add(next.snapshot.id)
    const after = children.get(next.snapshot.id) ?? []
    rows.push({ ...next, continues: after.length === 1 })
    const forks = after.length > 1
    waiting.unshift(
      ...after.map((snapshot) => ({ snapshot, depth: next.depth + Number(forks), starts: forks })),
    )
  }
  return rows
}

/** Domains that have snapshots and are no longer there. */
export function goneDomains(snapshots: readonly SnapshotInfo[], present: readonly string[]): string[] {
  const known = new Set(present)
  return [...new Set(snapshots.map(({ domain }) => domain))].filter(
    (domain) => domain !== '' && !known.has(domain),
  )
}

/** A name that says when, where a person gives none. */
export function defaultName(now: Date): string {
  return now.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}
