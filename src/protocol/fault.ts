/** Expected failures as they cross threads and reach callers: closed, typed, with words that say what to do. */

export type FaultKind =
  /** The request could not be understood. */
  | 'malformed'
  /** Understood and refused by policy. */
  | 'forbidden'
  /** Understood, allowed, and went wrong. */
  | 'failed'
  /** The operation exists and is not built yet. */
  | 'not-implemented'
  /** The domain's state does not allow it now. */
  | 'illegal-state'
  | 'no-such-domain'
  /** It would take more memory than the budget has left, or than the browser gives. */
  | 'over-budget'
  | 'timeout'

export type Fault = {
  readonly kind: FaultKind
  /** One sentence for a person: what happened and what to do. */
  readonly message: string
}

export function fault(kind: FaultKind, message: string): Fault {
  return { kind, message }
}

/** What the public interface's promises reject with. */
export class FaultError extends Error {
  override readonly name = 'FaultError'
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }

  get kind(): FaultKind {
    return this.fault.kind
  }
}
