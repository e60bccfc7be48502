/** Files on their way between domains, or between a domain and the person; images of disks and snapshots among them. */

import type { DomainId } from './domain.ts'

/** The largest file that crosses. The receiver may have room for less, and says so. */
export const FILE_LIMIT_BYTES = 64 * 2 ** 20

export type TransferInfo = {
  readonly id: number
  /** A snapshot’s or a disk’s other end is its domain’s; the person’s is `host`. */
  readonly what: 'file' | 'disk' | 'snapshot'
  /** `host`: the person's side. */
  readonly source: DomainId | 'host'
  readonly destination: DomainId | 'host'
  /** A name without a path, free of control characters. */
  readonly file: string
  readonly doneBytes: number
  /** 0 where it is not known: a file that grows while it is read, or one that the kernel makes up. */
  readonly totalBytes: number
}
