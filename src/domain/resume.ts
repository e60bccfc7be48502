/** Receives the state that a machine goes on from, and lets its disks be what they were in it. */

import { assert } from '../base/assert.ts'
import { copyPages } from '../base/pages.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { MachineResume } from '../machine/machine-state.ts'
import { openStateFile, type DiskContent } from '../machine/state-file.ts'
import { GuestFrame } from '../protocol/agent.ts'
import type { BlockStore } from '../protocol/block-store.ts'
import type { ResumeSource } from '../protocol/guest.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import type { SnapshotId } from '../protocol/snapshot.ts'
import { IMAGE_PAGE_BYTES, type LoadReply, type PageBatch } from '../protocol/store.ts'
import type { TrackedDisk } from './tracked-disk.ts'

const MIB = 2 ** 20

type ReceivedState = Extract<LoadReply, { kind: 'state' }>

function fieldsOf(untrusted: unknown): Readonly<Record<string, unknown>> {
  return typeof untrusted === 'object' && untrusted !== null ? { ...untrusted } : {}
}

function isBatch(untrusted: unknown): untrusted is PageBatch {
  const { indices, bytes } = fieldsOf(untrusted)
  return (
    indices instanceof Uint32Array &&
    bytes instanceof Uint8Array &&
    bytes.length === indices.length * IMAGE_PAGE_BYTES
  )
}

function refuse(kind: StateFault['kind'], message: string): { ok: false; error: StateFault } {
  return err({ kind, message })
}

/** Another domain's worker may be what speaks here: nothing is believed. */
function checkReply(untrusted: unknown, memoryMiB: number): Result<ReceivedState, StateFault> {
  const { kind, message, deviceState, ram, filled, blocks, snapshot } = fieldsOf(untrusted)
  if (kind === ('refused' satisfies LoadReply['kind'])) return refuse('mismatch', String(message))
  if (
    kind !== ('state' satisfies LoadReply['kind']) ||
    !(deviceState instanceof Uint8Array) ||
    !(ram instanceof ArrayBuffer) ||
    !(filled instanceof Uint32Array) ||
    !Array.isArray(blocks) ||
    !blocks.every(isBatch)
  )
    return refuse('foreign', 'What arrived is no state of a machine.')
  if (ram.byteLength !== memoryMiB * MIB)
    return refuse(
      'mismatch',
      `The state is of ${ram.byteLength / MIB} MiB, the machine has ${memoryMiB} MiB.`,
    )
  if (filled.some((page) => page >= ram.byteLength / IMAGE_PAGE_BYTES))
    return refuse('damaged', 'The state has pages beyond the end of its memory.')
  return ok({
    kind,
    filled: new Uint32Array(filled),
    deviceState: new Uint8Array(deviceState),
    ram,
    blocks,
    snapshot: typeof snapshot === 'string' ? snapshot : undefined,
  })
}

function receive(from: MessagePort, memoryMiB: number): Promise<Result<ReceivedState, StateFault>> {
  return new Promise((resolve) => {
    from.onmessage = ({ data }: MessageEvent<unknown>) => {
      from.close()
      resolve(checkReply(data, memoryMiB))
    }
    from.onmessageerror = () => resolve(refuse('damaged', 'The state could not be read.'))
  })
}

/** By block of the disk, what the state has there. */
function blocksOf(batches: readonly PageBatch[], first: number, count: number): Map<number, Uint8Array> {
  const wanted = new Map<number, Uint8Array>()
  for (const { indices, bytes } of batches)
    for (const [position, page] of indices.entries())
      if (page >= first && page < first + count)
        wanted.set(
          page - first,
          bytes.subarray(position * IMAGE_PAGE_BYTES, (position + 1) * IMAGE_PAGE_BYTES),
        )
  return wanted
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false
  return true
}

/** Blocks of the disk that are not what the state has there, with what it has. */
async function* differences(
  disk: BlockStore,
  wanted: ReadonlyMap<number, Uint8Array>,
): AsyncGenerator<readonly [offset: number, bytes: Uint8Array]> {
  const count = Math.ceil(disk.size / IMAGE_PAGE_BYTES)
  const occupied = disk.occupied?.() ?? Array.from({ length: count }, (_, block) => block)
  for (const block of new Set([...wanted.keys(), ...occupied])) {
    const offset = block * IMAGE_PAGE_BYTES
    const length = Math.min(IMAGE_PAGE_BYTES, disk.size - offset)
    const bytes = wanted.get(block)?.slice(0, length) ?? new Uint8Array(length)
    const found = disk.read(offset, length)
    if (!isSame(found instanceof Promise ? await found : found, bytes)) yield [offset, bytes]
  }
}

/**
 * Lets the writable disks, in the order of the image, be what they were in the state; or refuses where they are not any
 * more. A disk of ours is changed by its flush, all of it at once: after a crash it is the old one or the new one.
 * @throws what the disks fail with
 */
async function settleDisks(
  disks: readonly BlockStore[],
  blocks: readonly PageBatch[],
  policy: 'from-state' | 'unchanged',
): Promise<Result<void, StateFault>> {
  let first = 0
  for (const disk of disks) {
    const count = Math.ceil(disk.size / IMAGE_PAGE_BYTES)
    for await (const [offset, bytes] of differences(disk, blocksOf(blocks, first, count))) {
      if (policy === 'unchanged')
        return refuse('mismatch', 'Its disk has changed since; to go on would lose what was written to it.')
      await disk.write(offset, bytes)
    }
    if (policy === 'from-state') await disk.flush()
    first += count
  }
  return ok(undefined)
}

/** Gives a blank disk what the state's guest had made of its own. */
function seedDisk(disks: readonly TrackedDisk[], content: DiskContent | undefined): Result<void, StateFault> {
  assert(content !== undefined, 'the disk is settled when the machine has its memory')
  const [disk, another] = disks
  if (disk === undefined || another !== undefined || !disk.isBlank)
    return refuse('mismatch', 'It was taken with a blank disk, and this one is not blank any more.')
  if (content.indices.some((block) => block * IMAGE_PAGE_BYTES >= disk.size))
    return refuse('damaged', 'It has content beyond the end of its disk.')
  disk.seed(content)
  return ok(undefined)
}

export type OpenedSource = {
  readonly machine: MachineResume
  /** To be called when the machine has taken the rest: `disks` are the writable ones in the order of the image. */
  settleDisks(disks: readonly TrackedDisk[]): Promise<Result<void, StateFault>>
  /** What its console had shown; empty where it draws itself. */
  readonly console: Uint8Array
  /** The snapshot in the store that this is. */
  readonly stored: { readonly id: SnapshotId; readonly ram: Uint8Array<ArrayBuffer> } | undefined
}

/** Unpacks the state of a golden snapshot. */
export async function openGolden(
  source: Extract<ResumeSource, { kind: 'golden' }>,
): Promise<Result<OpenedSource, StateFault>> {
  const opened = await openStateFile(source.file)
  if (!opened.ok) return opened
  const { machine, disk, console } = opened.value
  const settleDisks = async (disks: readonly TrackedDisk[]): Promise<Result<void, StateFault>> =>
    source.blankDisk ? seedDisk(disks, disk()) : ok(undefined)
  // What a guest does on the way to its first screen runs once, as booting does: compiled, it would take longer.
  const upWith = source.stage === 'checkpoint' ? GuestFrame.ready : GuestFrame.pong
  return ok({ machine: { ...machine, upWith }, settleDisks, console, stored: undefined })
}

/** Waits for the state, wherever it comes from. */
export async function openResumeSource(
  source: ResumeSource,
  memoryMiB: number,
): Promise<Result<OpenedSource, StateFault>> {
  if (source.kind === 'golden') return openGolden(source)
  const state = await receive(source.from, memoryMiB)
  if (!state.ok) return state
  const { deviceState, filled, blocks, snapshot } = state.value
  const ram = new Uint8Array(state.value.ram)
  return ok({
    machine: {
      device: deviceState,
      fill: (memory) => copyPages(ram, memory, filled),
      upWith: GuestFrame.pong,
    },
    async settleDisks(disks) {
      const settled = await settleDisks(disks, blocks, source.disks)
      if (settled.ok && snapshot !== undefined) for (const disk of disks) disk.isStored()
      return settled
    },
    console: new Uint8Array(),
    stored: snapshot === undefined ? undefined : { id: snapshot, ram },
  })
}
