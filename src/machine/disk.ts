/**
 * A virtual disk: v86's ATA and ATAPI drives over a block store.
 *
 * v86 knows neither failed transfers nor a write cache: a transfer's callback means success, and FLUSH CACHE answers
 * at once. Both are added here on the drive's registers (ATA/ATAPI-6): a store that fails ends the command with ERR,
 * IDENTIFY DEVICE announces a write cache, without which Linux would never flush, and FLUSH CACHE completes when the
 * store has flushed.
 */

import type { BlockStore } from '../protocol/block-store.ts'
import { defined } from '../base/assert.ts'
import type { Cpu, DiskBuffer, Drive, IdeChannel } from './v86-internals.ts'

const SECTOR_BYTES = 512

/** Status register. */
const BUSY = 0x80
const READY = 0x50
const ERROR = 0x01
/** Error register: uncorrectable data, command aborted. */
const UNCORRECTABLE = 0x40
const ABORTED = 0x04
/** Bus master IDE status: active. Its error bit stands for the bus, not for the medium, and stays clear. */
const DMA_ACTIVE = 0x01

/** WRITE SECTORS, WRITE MULTIPLE and their 48-bit forms. */
const PIO_WRITES: ReadonlySet<number> = new Set([0x30, 0x34, 0xc5, 0x39])
const IDENTIFY_DEVICE = 0xec
const FLUSH_CACHE = 0xe7
const FLUSH_CACHE_EXT = 0xea

/** Words 82 and 85 of IDENTIFY DEVICE: write cache supported, and enabled. */
const WRITE_CACHE = 1 << 5

export type DiskCounters = {
  readonly reads: number
  readonly readBytes: number
  readonly writes: number
  readonly writeBytes: number
}

/** `fault` takes what v86 throws while it takes a transfer's data: the guest gave it an impossible address. */
export type DiskHooks = { readonly fault: (error: unknown) => void }

export class Disk implements DiskBuffer {
  readonly byteLength: number
  onload: (() => void) | undefined
  readonly store: BlockStore
  readonly #hooks: DiskHooks
  #drive: { readonly drive: Drive; readonly channel: IdeChannel } | undefined
  #bootSector: Uint8Array | undefined
  /** A write that failed after its command had been answered; the next flush tells. */
  #lostWrite = false
  /** Transfers and flushes under way. */
  #pending = 0
  #whenSettled: (() => void)[] = []
  #reads = 0
  #readBytes = 0
  #writes = 0
  #writeBytes = 0

  constructor(store: BlockStore, hooks: DiskHooks) {
    this.store = store
    this.byteLength = store.size
    this.#hooks = hooks
  }

  counters(): DiskCounters {
    return {
      reads: this.#reads,
      readBytes: this.#readBytes,
      writes: this.#writes,
      writeBytes: this.#writeBytes,
    }
  }

  /** Nothing is under way: every answer has reached the drive. */
  get settled(): boolean {
    return this.#pending === 0
  }

  /** Resolves when nothing is under way. A guest that is held asks for nothing new. */
  settle(): Promise<void> {
    if (this.settled) return Promise.resolve()
    return new Promise((resolve) => this.#whenSettled.push(resolve))
  }

  /** Tells the drive whose registers carry this disk's errors. */
  attach(drive: Drive, channel: IdeChannel): void {
    this.#drive = { drive, channel }
  }

  load(): void {
    this.onload?.()
  }

  get(offset: number, length: number, done: (bytes: Uint8Array) => void): void {
    const finished = (bytes: Uint8Array): void => {
      this.#reads++
      this.#readBytes += length
      done(bytes)
    }
    this.#settle(
      () => this.#read(offset, length),
      finished,
      () => this.#fail(UNCORRECTABLE),
    )
  }

  set(offset: number, bytes: Uint8Array, done: () => void): void {
    const finished = (): void => {
      this.#writes++
      this.#writeBytes += bytes.length
      done()
    }
    // A copy: with PIO v86 writes out of the drive's own buffer, which the next command overwrites.
    const write = (): void | Promise<void> => {
      if (this.store.readOnly) throw new Error('the disk is read-only')
      return this.store.write(offset, bytes.slice())
    }
    this.#settle(write, finished, (answered) => {
      if (answered) this.#lostWrite = true
      else this.#fail(ABORTED)
    })
  }

  /** v86 reads the boot sector by this before the machine exists, for the geometry. */
  get_and_cache(offset: number, length: number, done: (bytes: Uint8Array) => void): void {
    const keep = (bytes: Uint8Array): void => {
      if (offset === 0) this.#bootSector = bytes
      done(bytes)
    }
    const failed = (): void => done(new Uint8Array(length))
    try {
      const bytes = this.#read(offset, length)
      if (bytes instanceof Uint8Array) keep(bytes)
      else void bytes.then(keep, failed)
    } catch {
      // Unreadable: the guest will find that out by reading; the geometry is guessed from the size.
      failed()
    }
  }

  get_from_cache(offset: number, length: number): Uint8Array | undefined {
    return offset === 0 && this.#bootSector?.length === length ? this.#bootSector : undefined
  }

  get_buffer(done: (buffer: ArrayBuffer | undefined) => void): void {
    done(undefined)
  }

  /** A saved machine names its disks elsewhere and never carries their content. */
  get_state(): unknown[] {
    return []
  }

  set_state(): void {
    // See get_state.
  }

  /** FLUSH CACHE: `ended` hears when everything written is on stable storage, or that something never got there. */
  flush(ended: (success: boolean) => void): void {
    const succeeded = (): void => {
      const lost = this.#lostWrite
      this.#lostWrite = false
      ended(!lost)
    }
    this.#settle(
      () => this.store.flush(),
      succeeded,
      () => ended(false),
    )
  }

  /** CD-ROM sectors are four disk sectors: the end of an image may lack some. Reads beyond it give zeros. */
  #read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    const available = Math.min(length, this.byteLength - offset)
    if (available === length && offset % SECTOR_BYTES === 0) return this.store.read(offset, length)
    const padded = (bytes: Uint8Array): Uint8Array => {
      const whole = new Uint8Array(length)
      whole.set(bytes)
      return whole
    }
    const bytes = this.store.read(offset, Math.max(0, available))
    return bytes instanceof Uint8Array ? padded(bytes) : bytes.then(padded)
  }

  /** Runs a transfer at once where the store can. `failed` is told whether v86 has answered the command already. */
  #settle<T>(
    transfer: () => T | Promise<T>,
    finished: (value: T) => void,
    failed: (answered: boolean) => void,
  ): void {
    let result: T | Promise<T>
    try {
      result = transfer()
    } catch {
      failed(false)
      return
    }
    if (!(result instanceof Promise)) {
      finished(result)
      return
    }
    // With PIO v86 answers a write before it makes it; with DMA the command is still under way.
    const command = this.#drive?.drive.current_command ?? 0
    this.#pending++
    result.then(
      (value) => this.#answer(() => finished(value)),
      () => this.#answer(() => failed(PIO_WRITES.has(command))),
    )
  }

  #answer(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#hooks.fault(error)
    }
    this.#pending--
    if (this.settled) for (const resolve of this.#whenSettled.splice(0)) resolve()
  }

  /** Ends the present command with an error, as a drive does (ATA/ATAPI-6, 9.5). */
  #fail(error: number): void {
    const { drive, channel } = defined(this.#drive, 'a disk transfer before the machine was built')
    drive.in_progress_io_ids.clear()
    drive.error_reg = error
    drive.status_reg = READY | ERROR
    drive.current_command = -1
    channel.dma_status &= ~DMA_ACTIVE
    drive.push_irq()
  }
}

/** Puts `disks` behind their drives and adds the write cache to the command register of a channel. */
export function attachDisks(
  cpu: Cpu,
  channel: IdeChannel,
  master: Disk | undefined,
  slave: Disk | undefined,
): void {
  master?.attach(channel.master, channel)
  slave?.attach(channel.slave, channel)
  const command = cpu.io.ports[channel.command_base | 7]
  if (command === undefined) return
  const write = command.write8
  command.write8 = function (this: unknown, value) {
    const drive = channel.current_interface
    const disk = drive === channel.master ? master : slave
    if (disk === undefined || drive.is_atapi) write.call(this, value)
    else if (value === FLUSH_CACHE || value === FLUSH_CACHE_EXT) flush(cpu, channel, drive, disk)
    else {
      write.call(this, value)
      if (value === IDENTIFY_DEVICE && !disk.store.readOnly) announceWriteCache(drive)
    }
  }
}

function announceWriteCache(drive: Drive): void {
  for (const word of [82, 85]) drive.data16[word] = (drive.data16[word] ?? 0) | WRITE_CACHE
}

function flush(cpu: Cpu, channel: IdeChannel, drive: Drive, disk: Disk): void {
  cpu.device_lower_irq(channel.irq)
  drive.current_command = FLUSH_CACHE
  drive.error_reg = 0
  drive.status_reg = BUSY | READY
  disk.flush((success) => {
    drive.status_reg = success ? READY : READY | ERROR
    drive.error_reg = success ? 0 : ABORTED
    drive.current_command = -1
    drive.push_irq()
  })
}

/** What all of these have done together. */
export function totalOf(disks: readonly Disk[]): DiskCounters {
  const total = { reads: 0, readBytes: 0, writes: 0, writeBytes: 0 }
  for (const disk of disks) {
    const { reads, readBytes, writes, writeBytes } = disk.counters()
    total.reads += reads
    total.readBytes += readBytes
    total.writes += writes
    total.writeBytes += writeBytes
  }
  return total
}
