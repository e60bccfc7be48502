/** The texts of a snapshot, which a person gives, and whoever uses the public interface. */

import { err, ok, type Result } from '../base/result.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import { MAX_NAME_LENGTH, MAX_NOTE_LENGTH } from '../protocol/snapshot.ts'

export function checkText(
  untrustedName: unknown,
  untrustedNote: unknown,
): Result<{ name: string; note: string }, Fault> {
  const trimmed = typeof untrustedName === 'string' ? untrustedName.trim() : ''
  const note = typeof untrustedNote === 'string' ? untrustedNote : ''
  if (trimmed !== '' && trimmed.length <= MAX_NAME_LENGTH && !/\p{C}/u.test(trimmed))
    if (note.length <= MAX_NOTE_LENGTH) return ok({ name: trimmed, note })
  return err(
    fault(
      'malformed',
      `A name has 1 to ${MAX_NAME_LENGTH} printable characters, a note at most ${MAX_NOTE_LENGTH}.`,
    ),
  )
}
