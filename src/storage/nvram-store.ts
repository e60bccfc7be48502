/**
 * Keeps the firmware's NVRAM: a few hundred bytes whose format, checksum included, is the firmware's own.
 *
 * ```
 * origin private file system          localStorage, where files cannot be written from a page
 * └── nvram/settings.bin              hyperspace.nvram = the same bytes, hexadecimal
 * ```
 * A write replaces the whole or nothing: createWritable() writes beside the file and swaps at close() (File System
 * Standard, 2.5.3), localStorage.setItem is one step (HTML, 12.2.1). A crash in between leaves the old bytes.
 */

import { toHex } from '../base/bytes.ts'
import { StorageError, storageError } from './storage-error.ts'

const FOLDER = 'nvram'
const FILE = 'settings.bin'
const KEY = 'hyperspace.nvram'

/** Far above any settings; keeps a foreign file from being read into memory whole. */
const MAX_BYTES = 64 * 1024

/** The parts of the two browser interfaces in use. */
export type NvramDirectory = {
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<NvramDirectory>
  getFileHandle(name: string, options: { create: boolean }): Promise<NvramFile>
}

export type NvramFile = {
  getFile(): Promise<Pick<Blob, 'size' | 'arrayBuffer'>>
  /** Missing in some browsers' pages. */
  createWritable?(): Promise<{
    write(bytes: Uint8Array<ArrayBuffer>): Promise<void>
    close(): Promise<void>
    abort(): Promise<void>
  }>
}

export type NvramText = {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export type NvramStore = {
  /** Undefined when nothing was ever written. Rejects with a `StorageError`. */
  read(): Promise<Uint8Array | undefined>
  /** All or nothing. Rejects with a `StorageError`. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>
}

export type NvramPlaces = {
  /** Undefined where there is no origin private file system. */
  readonly directory: (() => Promise<NvramDirectory>) | undefined
  /** Undefined where there is no localStorage. */
  readonly text: NvramText | undefined
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotFoundError'
}

async function openFile(directory: () => Promise<NvramDirectory>, create: boolean): Promise<NvramFile> {
  const folder = await (await directory()).getDirectoryHandle(FOLDER, { create })
  return folder.getFileHandle(FILE, { create })
}

async function readFile(directory: () => Promise<NvramDirectory>): Promise<Uint8Array | undefined> {
  try {
    const file = await (await openFile(directory, false)).getFile()
    if (file.size > MAX_BYTES)
      throw new StorageError('io', `NVRAM: ${file.size} bytes are no settings of ours.`)
    return file.size === 0 ? undefined : new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error instanceof StorageError ? error : storageError('NVRAM', error)
  }
}

function fromHex(text: string): Uint8Array {
  // Anything else than hexadecimal becomes bytes whose checksum the firmware refuses and reports.
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
}

export function createNvramStore({ directory, text }: NvramPlaces): NvramStore {
  async function writeFile(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (directory === undefined) return false
    try {
      const writable = await (await openFile(directory, true)).createWritable?.()
      if (writable === undefined) return false
      try {
        await writable.write(bytes)
      } catch (error) {
        await writable.abort()
        throw error
      }
      await writable.close()
      return true
    } catch (error) {
      throw storageError('NVRAM', error)
    }
  }

  return {
    // Text goes first: it exists only while files cannot be written, and then the file, if any, is older.
    async read() {
      const stored = text?.getItem(KEY) ?? undefined
      if (stored !== undefined) return fromHex(stored.slice(0, 2 * MAX_BYTES))
      return directory === undefined ? undefined : readFile(directory)
    },

    async write(bytes) {
      if (bytes.length > MAX_BYTES) throw new RangeError(`${bytes.length} bytes do not fit the NVRAM`)
      if (await writeFile(bytes)) {
        text?.removeItem(KEY)
        return
      }
      if (text === undefined)
        throw new StorageError(
          'unavailable',
          'NVRAM: this browser window keeps no settings (a private window?).',
        )
      try {
        text.setItem(KEY, toHex(bytes))
      } catch (error) {
        throw storageError('NVRAM', error)
      }
    },
  }
}

/**
 * The store of this browser's page. `localStorage` is asked for inside, since reading it throws where a person has
 * forbidden it (HTML, 12.2.3).
 */
export function browserNvramStore(localStorage: () => NvramText): NvramStore {
  const storage: Partial<StorageManager> | undefined = navigator.storage
  const hasFiles = typeof storage?.getDirectory === 'function'
  return createNvramStore({
    directory: hasFiles ? () => navigator.storage.getDirectory() : undefined,
    text: allowed(localStorage),
  })
}

function allowed(localStorage: () => NvramText): NvramText | undefined {
  try {
    return localStorage()
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}
