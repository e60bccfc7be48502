/** What a server of ours answers. */

export type HttpResponse = {
  readonly status: number
  /** Without those that this file writes: length, transfer coding, connection. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array | ReadableStream<Uint8Array>
}
