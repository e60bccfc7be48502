/** Why stored or imported bytes are refused. What the storage itself said is a `StorageError`. */

import { err, ok, type Result } from '../../base/result.ts'
import { StorageError } from '../storage-error.ts'

export type FormatErrorKind =
  /** Not a file of this format. */
  | 'foreign'
  /** Of this format, by a version this one does not read. */
  | 'version'
  /** Ends before it should. */
  | 'truncated'
  /** A checksum or a field does not hold. */
  | 'corrupt'
  /** Larger than a limit allows. */
  | 'too-large'
  /** Sound, but it belongs to something else: another base, another memory size. */
  | 'mismatch'
  /** No such snapshot. */
  | 'missing'

/** The message is one sentence for a person. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  readonly kind: FormatErrorKind

  constructor(kind: FormatErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export type StoreFault = StorageError | FormatError

/** Runs `action`; the two expected failures become values, anything else is a bug and throws. */
export async function attempt<T>(action: () => T | Promise<T>): Promise<Result<T, StoreFault>> {
  try {
    return ok(await action())
  } catch (error) {
    if (error instanceof FormatError || error instanceof StorageError) return err(error)
    throw error
  }
}
