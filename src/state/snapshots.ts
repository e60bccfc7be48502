/** The page's part in snapshots: the picture that goes along, the promise to keep them, and the tree that is shown. */

import type { DomainId } from '../protocol/domain.ts'
import { MAX_THUMBNAIL_BYTES, type SnapshotInfo, type SnapshotTaken } from '../protocol/snapshot.ts'
import type { Seat } from './seat.ts'

/** Pixels; the list shows half of it, so that it stays sharp on a dense screen. */
const THUMBNAIL = { width: 256, height: 160 }

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** What the stage shows of it, small; empty where nothing is drawn yet. */
async function thumbnailOf(seat: Seat, id: DomainId): Promise<Uint8Array<ArrayBuffer>> {
  let picture: ImageBitmap
  try {
    picture = await createImageBitmap(await seat.screenshot(id))
  } catch {
    // A domain that has drawn nothing, or a browser that cannot: the snapshot matters more than its picture.
    return new Uint8Array()
  }
  const canvas = new OffscreenCanvas(THUMBNAIL.width, THUMBNAIL.height)
  const context = canvas.getContext('2d')
  if (context === null) return new Uint8Array()
  const scale = Math.min(THUMBNAIL.width / picture.width, THUMBNAIL.height / picture.height)
  const [width, height] = [picture.width * scale, picture.height * scale]
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, (THUMBNAIL.width - width) / 2, (THUMBNAIL.height - height) / 2, width, height)
  picture.close()
  const blob = await canvas.convertToBlob({ type: 'image/png' })
  const bytes = new Uint8Array(await blob.arrayBuffer())
  return bytes.length > MAX_THUMBNAIL_BYTES ? new Uint8Array() : bytes
}

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
