/** An origin private file system in memory with the standard's behaviour: exclusive handles, quota, swap at close. */

import type { DiskDirectory, DiskFile, DiskHandle } from '../../src/storage/opfs-disk.ts'
import type { NvramFile } from '../../src/storage/nvram-store.ts'

export type FakeFile = DiskFile &
  NvramFile & {
    bytes: Uint8Array<ArrayBuffer>
    open: number
  }

export type FakeOptions = {
  /** Total bytes that the origin may use. */
  quota?: number
  /** Ends a swap write before its close(), as a killed tab does. */
  dieBeforeSwap?: boolean
  /** A browser whose page has no createWritable. */
  withoutWritable?: boolean
}

export class FakeDirectory implements DiskDirectory {
  readonly folders = new Map<string, FakeDirectory>()
  readonly files = new Map<string, FakeFile>()
  readonly options: FakeOptions

  constructor(options: FakeOptions = {}) {
    this.options = options
  }

  async getDirectoryHandle(name: string, { create }: { create: boolean }): Promise<FakeDirectory> {
    const folder = this.folders.get(name) ?? (create ? new FakeDirectory(this.options) : undefined)
    if (folder === undefined) throw new DOMException('no such folder', 'NotFoundError')
    this.folders.set(name, folder)
    return folder
  }

  async getFileHandle(name: string, { create }: { create: boolean }): Promise<FakeFile> {
    const file = this.files.get(name) ?? (create ? fakeFile(this.options) : undefined)
    if (file === undefined) throw new DOMException('no such file', 'NotFoundError')
    this.files.set(name, file)
    return file
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.files.delete(name)) throw new DOMException('no such file', 'NotFoundError')
  }
}

export function fakeFile(options: FakeOptions): FakeFile {
  const file: FakeFile = {
    bytes: new Uint8Array(),
    open: 0,
    async createSyncAccessHandle() {
      if (file.open > 0) throw new DOMException('locked', 'NoModificationAllowedError')
      file.open += 1
      return fakeHandle(file, options)
    },
    async getFile() {
      return new Blob([file.bytes])
    },
    ...(options.withoutWritable === true
      ? {}
      : {
          async createWritable() {
            let swap = new Uint8Array()
            return {
              async write(bytes: Uint8Array<ArrayBuffer>) {
                if (bytes.length > (options.quota ?? Infinity))
                  throw new DOMException('', 'QuotaExceededError')
                swap = bytes.slice()
              },
              async close() {
                if (options.dieBeforeSwap === true) throw new DOMException('the tab died', 'AbortError')
                file.bytes = swap
              },
              async abort() {
                swap = new Uint8Array()
              },
            }
          },
        }),
  }
  return file
}

function view(source: unknown): Uint8Array {
  if (!(source instanceof Uint8Array)) throw new TypeError('the fake takes byte arrays alone')
  return source
}

function fakeHandle(file: FakeFile, options: FakeOptions): DiskHandle {
  let closed = false
  const check = (): void => {
    if (closed) throw new DOMException('closed', 'InvalidStateError')
  }
  const grow = (size: number): void => {
    if (size > (options.quota ?? Infinity)) throw new DOMException('', 'QuotaExceededError')
    const larger = new Uint8Array(size)
    larger.set(file.bytes.subarray(0, size))
    file.bytes = larger
  }
  return {
    read(target: unknown, { at = 0 } = {}) {
      check()
      const part = file.bytes.subarray(at, at + view(target).length)
      view(target).set(part)
      return part.length
    },
    write(source: unknown, { at = 0 } = {}) {
      check()
      const room = (options.quota ?? Infinity) - at
      const part = view(source).subarray(0, Math.max(0, room))
      if (at + part.length > file.bytes.length) grow(at + part.length)
      file.bytes.set(part, at)
      return part.length
    },
    truncate(size: number) {
      check()
      grow(size)
    },
    getSize() {
      check()
      return file.bytes.length
    },
    flush() {
      check()
    },
    close() {
      if (!closed) file.open -= 1
      closed = true
    },
  }
}
