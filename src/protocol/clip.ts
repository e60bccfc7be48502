/** The person's clipboard, as text, on its way to a guest. */

/** A reply is one frame of 64 KiB. */
export const CLIP_LIMIT_BYTES = 32_768

export type ClipAnswer = {
  /** Of the event `clip-wanted`. */
  readonly request: number
  /** Undefined: the browser or the person did not give it. */
  readonly text: string | undefined
}
