/**
 * A file behind a synchronous access handle that can lose power: what was written since the last flush may afterwards be
 * there, be missing, or be there in part (any of its 512-byte sectors, the one in which it broke off cut anywhere), each
 * write by itself and in any order.
 */

import type { DiskHandle } from '../../../src/storage/opfs-disk.ts'

const SECTOR = 512

/** Thrown from the operation during which the power fails, and from every later one. */
export class Crash extends Error {}

type Operation =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number }

/** Numbers in [0, 1), from a seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes of a file that grows and shrinks in place. */
class Contents {
  #buffer: Uint8Array<ArrayBuffer>
  length: number

  constructor(bytes: Uint8Array) {
    this.#buffer = new Uint8Array(bytes)
    this.length = bytes.length
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.length)
  }

  apply(operation: Operation): void {
    if (operation.kind === 'truncate') return this.#resize(operation.size)
    this.#resize(Math.max(this.length, operation.at + operation.bytes.length))
    this.#buffer.set(operation.bytes, operation.at)
  }

  #resize(size: number): void {
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(size, this.#buffer.length * 2))
      larger.set(this.bytes)
      this.#buffer = larger
    } else if (size < this.length) this.#buffer.fill(0, size, this.length)
    this.length = size
  }
}

function bytesOf(source: unknown): Uint8Array {
  if (!(source instanceof Uint8Array)) throw new TypeError('the fake takes byte arrays alone')
  return source
}

export class CrashFile implements DiskHandle {
  readonly #contents: Contents
  readonly #durable: Contents
  #pending: Operation[] = []
  /** Changes and flushes so far: the instants at which the power can fail. */
  operations = 0
  /** The power fails in this operation, counted from 0. */
  crashAt = Infinity
  /** Bytes the file may have. */
  quota = Infinity
  /** A private window of Chromium's: where there is no room nothing throws; a write answers −8, unsigned. */
  isPrivate = false
  writtenBytes = 0
  closed = false

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#contents = new Contents(bytes)
    this.#durable = new Contents(bytes)
  }

  /** A copy of the bytes as a reader sees them. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#contents.bytes.slice()
  }

  #step(operation: Operation | undefined): void {
    const instant = this.operations
    this.operations += 1
    // The operation under way may still reach the device; none after it does.
    if (operation !== undefined && instant <= this.crashAt) this.#pending.push(operation)
    if (instant >= this.crashAt) throw new Crash('the power failed')
    if (operation !== undefined) this.#contents.apply(operation)
  }

  read(target: unknown, { at = 0 } = {}): number {
    const part = this.#contents.bytes.subarray(at, at + bytesOf(target).length)
    bytesOf(target).set(part)
    return part.length
  }

  write(source: unknown, { at = 0 } = {}): number {
    if (this.isPrivate && at + bytesOf(source).length > this.quota) return 2 ** 32 - 8
    const bytes = bytesOf(source).slice(0, Math.max(0, this.quota - at))
    this.#step({ kind: 'write', at, bytes })
    this.writtenBytes += bytes.length
    return bytes.length
  }

  truncate(size: number): void {
    if (this.isPrivate && size > this.quota) return
    if (size > this.quota) throw new DOMException('no room', 'QuotaExceededError')
    this.#step({ kind: 'truncate', size })
  }

  getSize(): number {
    return this.#contents.length
  }

  flush(): void {
    this.#step(undefined)
    for (const operation of this.#pending) this.#durable.apply(operation)
    this.#pending = []
  }

  close(): void {
    this.closed = true
  }

  /** What a device could hold after the power failed now. `isOrdered`: only the process was killed. */
  afterCrash(seed: number, isOrdered = false): CrashFile {
    const random = randomFrom(seed)
    const survivors = isOrdered ? this.#pending : shuffled(this.#pending, random)
    const contents = new Contents(this.#durable.bytes)
    for (const [index, operation] of survivors.entries()) {
      const isWhole = isOrdered && index < survivors.length - 1
      for (const piece of isWhole ? [operation] : pieces(operation, random)) contents.apply(piece)
    }
    return new CrashFile(contents.bytes)
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

function pieces(operation: Operation, random: () => number): Operation[] {
  const choice = random()
  if (choice < 0.35) return [operation]
  if (choice < 0.55) return []
  if (operation.kind === 'truncate') return choice < 0.8 ? [operation] : []
  const parts: Operation[] = []
  for (let at = 0; at < operation.bytes.length; at += SECTOR) {
    if (random() < 0.5) continue
    const sector = operation.bytes.subarray(at, at + SECTOR)
    const length = random() < 0.9 ? sector.length : Math.floor(random() * sector.length)
    parts.push({ kind: 'write', at: operation.at + at, bytes: sector.slice(0, length) })
  }
  return parts
}
