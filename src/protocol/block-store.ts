/**
 * A virtual disk's bytes, whoever keeps them: the interface between the disk controller in `machine` and what stores
 * the blocks (a verified volume, memory, a file of the origin's private file system in `storage`).
 *
 * Every method may answer at once or with a promise. A store that can answer at once (memory, a synchronous access
 * handle) does so: the guest's transfer then ends within the same vCPU slice. Offsets and lengths are bytes, always
 * multiples of 512 inside `size`; the caller checks that, so that a store need not. A rejection (or a throw) is an I/O
 * error and reaches the guest as one.
 */
export type BlockStore = {
  /** Capacity in bytes, a multiple of 512, fixed for the store's life. */
  readonly size: number
  /** `write` rejects. */
  readonly readOnly: boolean
  /** The bytes at `offset`, as they are after every `write` that was called before. The caller does not change them. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>
  /** Takes `bytes` over: the caller does not touch them afterwards. Durable only after `flush`. */
  write(offset: number, bytes: Uint8Array): void | Promise<void>
  /** Settles when every write called before it is on stable storage (ATA FLUSH CACHE). */
  flush(): void | Promise<void>
  /** Blocks of 4096 bytes that may hold anything but zeros; undefined, or no such method, where that is not known. */
  occupied?(): Iterable<number> | undefined
  /** What a person is told of a failure, where it takes a look to know that. */
  reasonOf?(error: unknown): Promise<unknown>
  /** Gives up the underlying handle; nothing is called afterwards. Implies no flush. */
  close(): void
}
