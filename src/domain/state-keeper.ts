/**
 * Takes the state of a running machine: stops it between two slices, compares its RAM with what is stored, and lets it
 * run on while the pages travel. Layout and messages in protocol/store.ts.
 */

import { breathe } from '../base/breathe.ts'
import { copyFilledPages } from '../base/pages.ts'
import type { Machine } from '../machine/machine.ts'
import type { SnapshotId } from '../protocol/snapshot.ts'
import type { LoadReply, PageBatch, SaveMessage, SaveReply } from '../protocol/store.ts'
import { IMAGE_PAGE_BYTES } from '../protocol/store.ts'
import { RamShadow, type Capture } from '../storage/pages/ram-shadow.ts'
import { SlowDisk, type DiskCapture, type TrackedDisk } from './tracked-disk.ts'

export type Taken = { readonly pauseMs: number; readonly changedPages: number }

/** An expected failure, in words for a person. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'
}

/** Adds where the part begins in an image to the numbers of its pages. */
function shifted({ indices, bytes, zeros }: PageBatch, by: number): PageBatch {
  return { indices: indices.map((page) => page + by), bytes, zeros: zeros.map((page) => page + by) }
}

type State = {
  readonly device: () => Uint8Array<ArrayBuffer>
  readonly ram: Uint8Array
  readonly disks: readonly DiskCapture[]
}

export class StateKeeper {
  readonly #machine: Machine
  readonly #disks: readonly TrackedDisk[]
  readonly #isHeld: () => boolean
  #shadow: RamShadow | undefined
  #abandon: (() => void) | undefined
  #isTaking = false

  /**
   * `disks`: the writable ones, in the order of the image. `isHeld`: somebody else wants the machine to stand still.
   * `from`: what the machine has just resumed from; the next snapshot stores what differs from it.
   */
  constructor(
    machine: Machine,
    disks: readonly TrackedDisk[],
    isHeld: () => boolean,
    from?: { readonly id: SnapshotId; readonly ram: Uint8Array<ArrayBuffer> },
  ) {
    this.#machine = machine
    this.#disks = disks
    this.#isHeld = isHeld
    if (from !== undefined) this.#shadow = new RamShadow(from.ram.length, from)
  }

  get #imageBytes(): number {
    return (
      this.#machine.memory().length +
      this.#disks.reduce((sum, { size }) => sum + Math.ceil(size / IMAGE_PAGE_BYTES) * IMAGE_PAGE_BYTES, 0)
    )
  }

  /** @throws NotTaken */
  async #standingStill<T>(
    take: (state: State) => T,
    { all, before }: { all: boolean; before?: () => Promise<void> },
  ): Promise<{ value: T; pauseMs: number }> {
    if (this.#isTaking) throw new NotTaken('Its state is being taken already: try again in a moment.')
    this.#isTaking = true
    const machine = this.#machine
    try {
      await before?.()
      const begin = performance.now()
      machine.pause()
      await machine.settle()
      const state = machine.captureState()
      if (!state.ok) throw new NotTaken(state.error.message)
      const disks = this.#captureDisks(all)
      return { value: take({ ...state.value, disks }), pauseMs: performance.now() - begin }
    } catch (error) {
      this.#isTaking = false
      throw error
    } finally {
      if (!this.#isHeld()) machine.resume()
    }
  }

  /** @throws NotTaken */
  #captureDisks(all: boolean): DiskCapture[] {
    const captures: DiskCapture[] = []
    try {
      for (const disk of this.#disks) captures.push(disk.capture(all))
      return captures
    } catch (error) {
      for (const capture of captures) capture.settle(false)
      if (error instanceof SlowDisk)
        throw new NotTaken('A disk image of your own cannot be part of a snapshot yet.')
      throw error
    }
  }

  /** Everything at once, for another machine. */
  async clone(to: MessagePort): Promise<Taken> {
    const { value, pauseMs } = await this.#standingStill(
      ({ device, ram, disks }) => {
        const copy = new Uint8Array(ram.length)
        const filled = copyFilledPages(ram, copy)
        return { device, ram: copy.buffer, filled, disks }
      },
      { all: true },
    )
    try {
      const blocks = [...this.#blocks(value.disks, 0)]
      const deviceState = value.device()
      const reply: LoadReply = {
        kind: 'state',
        deviceState,
        ram: value.ram,
        filled: value.filled,
        blocks,
        snapshot: undefined,
      }
      to.postMessage(reply, [value.ram, deviceState.buffer, ...blocks.map(({ bytes }) => bytes.buffer)])
      return { pauseMs, changedPages: value.ram.byteLength / IMAGE_PAGE_BYTES }
    } finally {
      for (const capture of value.disks) capture.settle(false)
      this.#isTaking = false
    }
  }

  *#blocks(captures: readonly DiskCapture[], start: number): Generator<PageBatch> {
    let first = start
    for (const [index, capture] of captures.entries()) {
      for (const batch of capture.batches()) yield shifted(batch, first)
      first += Math.ceil((this.#disks[index]?.size ?? 0) / IMAGE_PAGE_BYTES)
    }
  }

  /** What differs from the last one stored, at the store's pace. Answers when the machine runs on. */
  async store(to: MessagePort): Promise<Taken> {
    const isNew = this.#shadow === undefined
    const shadow = (this.#shadow ??= new RamShadow(this.#machine.memory().length))
    const before = async (): Promise<void> => {
      await this.#keepSeeds()
      if (isNew) await this.#approach(shadow)
    }
    const { value, pauseMs } = await this.#standingStill(
      ({ device, ram, disks }) => ({ device, ram: shadow.capture(ram), disks }),
      { all: false, before },
    )
    this.#send(to, value)
    const blocks = value.disks.reduce((sum, capture) => sum + capture.blocks, 0)
    return { pauseMs, changedPages: value.ram.changedPages + blocks }
  }

  /** @throws NotTaken */
  async #keepSeeds(): Promise<void> {
    try {
      await Promise.all(this.#disks.map((disk) => disk.keepSeed()))
    } catch (error) {
      throw new NotTaken(
        `Its disk could not be kept: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  /** What a first snapshot has to copy is copied while the guest runs; its pause then takes what has changed since. */
  async #approach(shadow: RamShadow): Promise<void> {
    const parts = shadow.approach(() => this.#machine.memory())
    while (parts.next().done !== true) await breathe()
  }

  #send(
    to: MessagePort,
    { device, ram, disks }: { device: State['device']; ram: Capture; disks: readonly DiskCapture[] },
  ): void {
    const settle = (stored: SnapshotId | undefined): void => {
      if (this.#abandon !== abandon) return
      this.#abandon = undefined
      this.#isTaking = false
      ram.settle(stored)
      for (const capture of disks) capture.settle(stored !== undefined)
      if (stored === undefined) this.#forgetStored()
      to.close()
    }
    const abandon = (): void => settle(undefined)
    this.#abandon = abandon
    const batches = this.#pages(ram, disks)
    const post = (message: SaveMessage, transfer: Transferable[] = []): void =>
      to.postMessage(message, transfer)
    to.onmessage = ({ data }: MessageEvent<SaveReply>) => {
      if (data.kind === 'stored') return settle(data.id)
      if (data.kind === 'refused') return settle(undefined)
      try {
        const next = batches.next()
        if (next.done === true) post({ kind: 'end' })
        else post({ kind: 'pages', batch: next.value }, [next.value.bytes.buffer])
      } catch (error) {
        post({ kind: 'refused', message: `Its disk could not be read: ${String(error)}` })
        settle(undefined)
      }
    }
    const deviceState = device()
    post({ kind: 'begin', imageBytes: this.#imageBytes, base: ram.base, deviceState }, [deviceState.buffer])
  }

  *#pages(ram: Capture, disks: readonly DiskCapture[]): Generator<PageBatch> {
    yield* ram.batches()
    yield* this.#blocks(disks, this.#machine.memory().length / IMAGE_PAGE_BYTES)
  }

  /** What was stored may be gone or not be there at all: the next one is stored whole. */
  #forgetStored(): void {
    this.#shadow?.forgetBase()
    for (const disk of this.#disks) disk.forgetStored()
  }

  /** The store is gone: whatever travels is not stored. */
  abandon(): void {
    this.#abandon?.()
  }
}
