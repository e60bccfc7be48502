/** How far a long piece of work is: whoever does it tells, and whoever asked for it may give it up. */

/** Called between two steps. It throws what the work is to fail with where nobody wants it any more. */
export type Watch = (doneBytes: number, totalBytes: number) => void

export const UNWATCHED: Watch = () => undefined
