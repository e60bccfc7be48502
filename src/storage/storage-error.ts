/** Why storage failed, as far as a caller can act on it. */

export type StorageErrorKind =
  /** Another tab or worker holds it. */
  | 'busy'
  /** The browser grants no more space. */
  | 'quota'
  /** The browser has removed the file, which was open. */
  | 'evicted'
  /** This browser or window offers no such storage. */
  | 'unavailable'
  /** Whoever asked for it has given it up. */
  | 'stopped'
  /** Everything else the storage said. */
  | 'io'

/** The message is one sentence for a person. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly kind: StorageErrorKind

  constructor(kind: StorageErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** What a piece of work fails with that its owner has given up. */
export function stopped(): StorageError {
  return new StorageError('stopped', 'It was cancelled at the console; nothing was changed by it.')
}

/** By the names of exceptions in the File System and HTML standards. */
const MEANINGS: Readonly<Record<string, readonly [StorageErrorKind, string]>> = {
  NoModificationAllowedError: ['busy', 'another tab or window is using it: close that one and start again'],
  QuotaExceededError: ['quota', 'the browser grants no more space: free some on this device'],
  SecurityError: ['unavailable', 'this browser window does not allow storage (a private window?)'],
  TypeError: ['unavailable', 'this browser does not offer the storage it needs'],
}

/** What a failed operation on `what` means to a caller. */
export function storageError(what: string, cause: unknown): StorageError {
  const [kind, words] = MEANINGS[cause instanceof Error ? cause.name : ''] ?? ['io', String(cause)]
  return new StorageError(kind, `${what}: ${words}.`, { cause })
}
