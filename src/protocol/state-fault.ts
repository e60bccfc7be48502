/** Expected failures of taking and restoring a machine's state. */

/** Why a state cannot be taken or does not restore. */
export type StateFault = {
  readonly kind:
    /** The machine runs, or a disk has not answered yet. */
    | 'not-settled'
    /** The bytes are no state of ours. */
    | 'foreign'
    /** They are of another machine. */
    | 'mismatch'
    /** They are cut off or contradict themselves. */
    | 'damaged'
  readonly message: string
}
