/**
 * The page store: snapshots of guests as content-addressed 4 KiB pages in one file, shared by all snapshots of all guests;
 * goldens stay files of the build, clones are in memory. Layouts in slot-file.ts and snapshot-record.ts. Workers only
 * (synchronous access handles, File System Standard).
 *
 * Saving costs in proportion to the pages that changed. Every change is one commit of the slot file: it is there whole
 * after a kill at any instant, or not at all. Operations run one after another; between batches of pages others of the
 * worker get their turn. Expected failures are values: a `StorageError` (what the browser said; after one while
 * committing, open again) or a `FormatError` (what the bytes are).
 */

import { breathe } from '../../base/breathe.ts'
import type { Result } from '../../base/result.ts'
import { UNWATCHED, type Watch } from '../../base/watch.ts'
import { machineDifference, type MachineFingerprint } from '../../protocol/machine-state.ts'
import type { SnapshotId, SnapshotInfo, SnapshotMeta, StoreUsage } from '../../protocol/snapshot.ts'
import type { PageBatch } from '../../protocol/store.ts'
import type { DiskHandle } from '../opfs-disk.ts'
import { compact } from './compaction.ts'
import { StorageError } from '../storage-error.ts'
import { attempt, FormatError, type StoreFault } from './format-error.ts'
import { gunzip, gzip } from './gzip.ts'
import { PageHeap, type Blob4K } from './page-heap.ts'
import { PAGE_BYTES, SlotFile } from './slot-file.ts'
import { checkDraft, checkText, type ImageChange, type SnapshotDraft } from './snapshot.ts'
import { encodeSnapshotFile, openSnapshotFile } from './snapshot-file.ts'
import {
  decodeBlob,
  decodeCatalogue,
  encodeBlob,
  encodeCatalogue,
  MAX_SNAPSHOTS,
  newSnapshotId,
} from './snapshot-record.ts'
import {
  isInside,
  readSnapshot,
  restoreSnapshot,
  sizesOf,
  slotLists,
  slotsOf,
  storeSnapshot,
  type SoundSnapshot,
  type StoredSnapshot,
} from './stored-snapshot.ts'

const MAGIC = 'HSPAGES\n'
const WHAT = 'snapshots'

/** 4 MiB of pages: a section of an exported file. */
const EXPORT_PAGES = 1024

/** Compaction needs four (compaction.ts); a bound all the same, since this runs while a person waits for nothing. */
const MAX_ROUNDS = 8

const EMPTY: Blob4K = { length: 0, slots: new Uint32Array() }

export type LoadedSnapshot = {
  readonly meta: SnapshotMeta
  /** Numbers of the pages of RAM that are not zeros. */
  readonly filled: Uint32Array<ArrayBuffer>
  readonly deviceState: Uint8Array<ArrayBuffer>
  /** Pages behind the RAM; indices from its end on. What is not mentioned is zeros. */
  readonly blocks: readonly PageBatch[]
}

type Snapshots = ReadonlyMap<SnapshotId, StoredSnapshot>

/** What an operation makes of the snapshots, and the references that nothing has any more once it is committed. */
type Change<T> = { readonly next: Snapshots; readonly dropped: Iterable<number>; readonly value: T }

export class PageStore {
  readonly #heap: PageHeap
  readonly #isKept: () => Promise<boolean>
  #catalogue = EMPTY
  #snapshots: Snapshots = new Map()
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(heap: PageHeap, isKept: () => Promise<boolean>) {
    this.#heap = heap
    this.#isKept = isKept
  }

  /** Opens the store in `handle`, or makes it where it is empty. `isKept` tells whether the file still has its name. */
  static open(
    handle: DiskHandle,
    isKept: () => Promise<boolean> = async () => true,
  ): Promise<Result<PageStore, StoreFault>> {
    return attempt(() => {
      const heap = new PageHeap(SlotFile.open(handle, MAGIC, WHAT))
      const store = new PageStore(heap, isKept)
      if (heap.file.payload.length > 0) store.#read()
      return store
    })
  }

  #read(): void {
    const heap = this.#heap
    const refuse = (reason: string): never => {
      throw new FormatError('corrupt', `${WHAT}: the catalogue is damaged (${reason}).`)
    }
    const catalogue = decodeBlob(heap.file.payload, Number.MAX_SAFE_INTEGER)
    if (!catalogue.ok) return refuse(catalogue.error)
    if (!isInside(catalogue.value.slots, heap.file.capacity)) return refuse('cut off')
    const entries = decodeCatalogue(heap.loadBlob(catalogue.value, `${WHAT}: the catalogue`))
    if (!entries.ok) return refuse(entries.error)
    this.#catalogue = catalogue.value
    const snapshots = entries.value.map((entry) => readSnapshot(heap, entry))
    for (const slot of this.#catalogue.slots) heap.claim(slot)
    for (const snapshot of snapshots) for (const slot of slotsOf(snapshot)) heap.claim(slot)
    this.#snapshots = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]))
  }

  #run<T>(action: () => Promise<T>): Promise<Result<T, StoreFault>> {
    const result = this.#queue.then(() => attempt(action))
    // What is a bug rejects `result`; the next operation must run nevertheless.
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** Builds a change and commits it, into a file that is still there. */
  async #change<T>(build: (taken: number[]) => Change<T> | Promise<Change<T>>): Promise<T> {
    const value = await this.#commit(build)
    if (await this.#isKept()) return value
    throw new StorageError(
      'evicted',
      `${WHAT}: the browser has removed it with every snapshot in it, as it does when the device is full. Free some space and take the snapshot again.`,
    )
  }

  /** What a failed change took is given back: the store is as it was. */
  async #commit<T>(build: (taken: number[]) => Change<T> | Promise<Change<T>>): Promise<T> {
    const heap = this.#heap
    const taken: number[] = []
    try {
      const { next, dropped, value } = await build(taken)
      const catalogue = heap.storeBlob(encodeCatalogue([...next.values()]), taken)
      heap.file.commit(encodeBlob(catalogue))
      heap.release([...dropped, ...this.#catalogue.slots])
      this.#catalogue = catalogue
      this.#snapshots = next
      return value
    } catch (error) {
      heap.release(taken)
      throw error
    } finally {
      heap.file.trim()
    }
  }

  #sound(id: SnapshotId): SoundSnapshot {
    const snapshot = this.#snapshots.get(id)
    if (snapshot === undefined) throw new FormatError('missing', `Snapshot ${id} is not kept here any more.`)
    if (snapshot.state === 'damaged')
      throw new FormatError('corrupt', `Snapshot ${id} is damaged: ${snapshot.reason}`)
    return snapshot
  }

  /** Stores `image` and the rest of `draft`. Fails with `missing` where `image.base` was removed meanwhile. */
  save(draft: SnapshotDraft, image: ImageChange): Promise<Result<SnapshotId, StoreFault>> {
    return this.#run(() => this.#save(draft, image))
  }

  async #save(draft: SnapshotDraft, image: ImageChange): Promise<SnapshotId> {
    checkDraft(draft, image)
    const packed = await gzip(draft.deviceState)
    return this.#change(async (taken) => {
      const table = await this.#storeImage(image, taken)
      const { domain, appliance, parent, name, note, time, machine, automatic } = draft
      const replaced = draft.replaces === undefined ? undefined : this.#snapshots.get(draft.replaces)
      // What takes another's place also takes its place in the tree; a parent that was removed is none.
      const above = parent !== undefined && parent === replaced?.id ? replaced.content?.meta.parent : parent
      const own = above !== undefined && this.#snapshots.has(above) ? above : undefined
      const id = newSnapshotId()
      const stored = storeSnapshot(
        this.#heap,
        id,
        {
          meta: { domain, appliance, parent: own, name, note, time, machine, automatic },
          deviceState: this.#heap.storeBlob(packed, taken),
          deviceStateLength: draft.deviceState.length,
          thumbnail: this.#heap.storeBlob(draft.thumbnail, taken),
        },
        table,
        taken,
      )
      const next = new Map(this.#snapshots)
      const dropped = replaced === undefined ? [] : this.#take(next, replaced, id, taken)
      if (next.size >= MAX_SNAPSHOTS)
        throw new FormatError('too-large', `${MAX_SNAPSHOTS} snapshots are kept; remove some.`)
      return { next: next.set(id, stored), dropped, value: id }
    })
  }

  async #storeImage(image: ImageChange, taken: number[]): Promise<Uint32Array<ArrayBuffer>> {
    const base = image.base === undefined ? undefined : this.#sound(image.base)
    if (base !== undefined && base.table.length * PAGE_BYTES !== image.imageBytes)
      throw new FormatError('mismatch', `Snapshot ${base.id} is of another size.`)
    const table = base?.table.slice() ?? new Uint32Array(image.imageBytes / PAGE_BYTES)
    const isSet = new Uint8Array(table.length)
    const set = (page: number, slot: number): void => {
      if (isSet[page] !== 0)
        throw new FormatError('corrupt', `Page ${page} comes twice or lies outside the memory.`)
      isSet[page] = 1
      table[page] = slot
    }
    for await (const { indices, bytes, zeros } of image.batches()) {
      const slots = this.#heap.store(bytes, taken)
      for (const [position, page] of indices.entries()) set(page, slots[position] ?? 0)
      for (const page of zeros) set(page, 0)
      await breathe()
    }
    for (const [page, slot] of table.entries()) {
      if (isSet[page] === 1 || slot === 0) continue
      this.#heap.file.retain(slot)
      taken.push(slot)
    }
    return table
  }

  /** Takes a snapshot out of `next`, giving its children to `heir`; returns the references that it held. */
  #take(
    next: Map<SnapshotId, StoredSnapshot>,
    snapshot: StoredSnapshot,
    heir: SnapshotId | undefined,
    taken: number[],
  ): number[] {
    next.delete(snapshot.id)
    const dropped = [...slotsOf(snapshot)]
    for (const child of this.#snapshots.values()) {
      if (child.state === 'damaged' || child.content.meta.parent !== snapshot.id) continue
      const meta = { ...child.content.meta, parent: heir }
      next.set(child.id, restoreSnapshot(this.#heap, child, taken, { meta }))
      dropped.push(...slotsOf(child))
    }
    return dropped
  }

  /**
   * Reads a snapshot: the first part of its image, the RAM, into `into` (zeros, aligned to four bytes), the rest as a value.
   * Every page is checked. Fails with `mismatch` where it does not fit `machine`; after a failure `into` is not to be run.
   */
  load(
    id: SnapshotId,
    machine: MachineFingerprint,
    into: Uint8Array,
  ): Promise<Result<LoadedSnapshot, StoreFault>> {
    return this.#run(async () => {
      const { content, table } = this.#sound(id)
      const difference = machineDifference(machine, content.meta.machine)
      if (difference !== undefined)
        throw new FormatError(
          'mismatch',
          `“${content.meta.name}” was taken on another machine: ${difference}.`,
        )
      const what = `“${content.meta.name}”`
      const pages = into.length / PAGE_BYTES
      if (pages > table.length)
        throw new FormatError('mismatch', `${what} has ${table.length * PAGE_BYTES} bytes of memory.`)
      const ram = table.subarray(0, pages)
      this.#heap.load(ram, into, what)
      const filled = Uint32Array.from(ram.keys()).filter((page) => ram[page] !== 0)
      const blocks = [...this.#pages(table.subarray(pages), what)]
      const packed = this.#heap.loadBlob(content.deviceState, what)
      const deviceState = await gunzip(packed, content.deviceStateLength, what)
      return { meta: content.meta, deviceState, filled, blocks }
    })
  }

  /** Of a snapshot that can be read; undefined for any other. */
  meta(id: SnapshotId): SnapshotMeta | undefined {
    const snapshot = this.#snapshots.get(id)
    return snapshot?.state === 'sound' ? snapshot.content.meta : undefined
  }

  /** All snapshots in the order they were stored. */
  list(): readonly SnapshotInfo[] {
    const counts = new Uint32Array(this.#heap.file.capacity + 1)
    return [...this.#snapshots.values()].map((snapshot) => this.#info(snapshot, counts))
  }

  #info(snapshot: StoredSnapshot, counts: Uint32Array): SnapshotInfo {
    const { own, shared } = sizesOf(this.#heap, snapshot, counts)
    const unknown: SnapshotMeta = {
      domain: '',
      appliance: '',
      parent: undefined,
      name: '',
      note: '',
      time: 0,
      machine: { engine: '', memoryMiB: 0, devices: '' },
      automatic: false,
    }
    return {
      ...(snapshot.content?.meta ?? unknown),
      id: snapshot.id,
      imageBytes: (snapshot.content?.pageCount ?? 0) * PAGE_BYTES,
      ownBytes: own,
      sharedBytes: shared,
      state: snapshot.state,
    }
  }

  /** Empty where there is none. */
  thumbnail(id: SnapshotId): Promise<Result<Uint8Array<ArrayBuffer>, StoreFault>> {
    return this.#run(async () => this.#heap.loadBlob(this.#sound(id).content.thumbnail, 'thumbnail'))
  }

  /** Changes what a person wrote. */
  describe(
    id: SnapshotId,
    text: { readonly name: string; readonly note: string },
  ): Promise<Result<void, StoreFault>> {
    return this.#run(() =>
      this.#change((taken) => {
        checkText(text)
        const snapshot = this.#sound(id)
        const meta = { ...snapshot.content.meta, name: text.name, note: text.note }
        const next = new Map(this.#snapshots).set(id, restoreSnapshot(this.#heap, snapshot, taken, { meta }))
        return { next, dropped: slotsOf(snapshot), value: undefined }
      }),
    )
  }

  /** Removes a snapshot; its children become its parent's. */
  remove(id: SnapshotId): Promise<Result<void, StoreFault>> {
    return this.#run(() =>
      this.#change((taken) => {
        const snapshot = this.#snapshots.get(id)
        if (snapshot === undefined)
          throw new FormatError('missing', `Snapshot ${id} is not kept here any more.`)
        const next = new Map(this.#snapshots)
        const dropped = this.#take(next, snapshot, snapshot.content?.meta.parent, taken)
        return { next, dropped, value: undefined }
      }),
    )
  }

  usage(): StoreUsage {
    let separate = 0
    for (const snapshot of this.#snapshots.values())
      for (const slots of slotLists(snapshot)) for (const slot of slots) if (slot !== 0) separate += 1
    return {
      snapshots: this.#snapshots.size,
      liveBytes: this.#heap.file.liveSlots * PAGE_BYTES,
      fileBytes: this.#heap.file.fileBytes,
      separateBytes: separate * PAGE_BYTES,
    }
  }

  /** Moves pages down into free slots and gives the room at the end back. For idle time: it reads and writes pages. */
  collect(): Promise<Result<void, StoreFault>> {
    return this.#run(async () => {
      let isDone = false
      for (let round = 0; !isDone && round < MAX_ROUNDS; round += 1)
        isDone = await this.#change((taken) => {
          const { next, dropped, moves } = compact(this.#heap, this.#snapshots, taken)
          return { next, dropped: [...dropped, ...moves], value: moves.length === 0 }
        })
    })
  }

  /** One file with everything of the snapshot, to give away: snapshot-file.ts. */
  export(id: SnapshotId, watch: Watch = UNWATCHED): Promise<Result<Blob, StoreFault>> {
    return this.#run(async () => {
      const { content, table } = this.#sound(id)
      const what = `“${content.meta.name}”`
      const packed = this.#heap.loadBlob(content.deviceState, what)
      return encodeSnapshotFile({
        meta: { ...content.meta, parent: undefined },
        imageBytes: table.length * PAGE_BYTES,
        deviceState: await gunzip(packed, content.deviceStateLength, what),
        thumbnail: this.#heap.loadBlob(content.thumbnail, what),
        batches: () => watched(this.#pages(table, what), table, watch),
      })
    })
  }

  *#pages(table: Uint32Array, what: string): Generator<PageBatch> {
    const filled = Uint32Array.from([...table.keys()].filter((page) => table[page] !== 0))
    for (let at = 0; at < filled.length; at += EXPORT_PAGES) {
      const indices = filled.slice(at, at + EXPORT_PAGES)
      const bytes = new Uint8Array(indices.length * PAGE_BYTES)
      this.#heap.load(
        indices.map((page) => table[page] ?? 0),
        bytes,
        what,
      )
      yield { indices, bytes, zeros: new Uint32Array() }
    }
  }

  /** Stores an exported file as a snapshot of `domain`, at the top of its tree. Every byte of the file is checked. */
  import(
    untrustedFile: Blob,
    domain: string,
    watch: Watch = UNWATCHED,
  ): Promise<Result<SnapshotId, StoreFault>> {
    return this.#run(async () => {
      const file = await openSnapshotFile(untrustedFile, watch)
      const { meta, deviceState, thumbnail } = file
      // A file never says of itself that it is resumed unasked.
      const draft = { ...meta, domain, parent: undefined, automatic: false, deviceState, thumbnail }
      return this.#save(draft, {
        imageBytes: file.imageBytes,
        base: undefined,
        batches: () => file.batches(),
      })
    })
  }

  /** Gives up the file, after what is under way. Nothing is called afterwards. */
  async close(): Promise<void> {
    await this.#queue
    this.#heap.file.close()
  }
}

/** Tells how many bytes of the pages that a table leads to have gone by. */
function* watched(batches: Iterable<PageBatch>, table: Uint32Array, watch: Watch): Generator<PageBatch> {
  const total = table.reduce((count, slot) => count + Number(slot !== 0), 0) * PAGE_BYTES
  let done = 0
  for (const batch of batches) {
    watch(done, total)
    done += batch.bytes.length
    yield batch
  }
  watch(done, total)
}
