/** A base of zeros: a new disk has nothing beneath its changes. */

import type { BlockStore } from '../../protocol/block-store.ts'

export class BlankBase implements BlockStore {
  readonly size: number
  readonly readOnly = true

  constructor(bytes: number) {
    this.size = bytes
  }

  read(_offset: number, length: number): Uint8Array {
    return new Uint8Array(length)
  }

  write(): never {
    throw new Error('a base is not written')
  }

  occupied(): Iterable<number> {
    return []
  }

  flush(): void {
    // Nothing was written.
  }

  close(): void {
    // Nothing is open.
  }
}
