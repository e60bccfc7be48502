/**
 * Compiles the engine. A browser keeps the machine code that a module's hot functions have become beside the file it was streamed from
 * (Chromium: once that is a megabyte), and never that of bytes handed to it.
 */

export type MeasuredEngine = {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of the bytes, 64 hexadecimal digits. */
  readonly sha256: string
}

/** For a request's `integrity` (Subresource Integrity, 3.2). */
function integrityOf(sha256: string): string {
  const digest = sha256.match(/../g) ?? []
  return `sha256-${btoa(String.fromCharCode(...digest.map((digits) => parseInt(digits, 16))))}`
}

/**
 * The browser refuses what does not have the hash that was measured, so that nothing else is compiled than what was.
 * @param keptAt where a kept copy of the same file is, which costs no second way through the network; undefined: nowhere
 * @throws what `WebAssembly.compile` throws
 */
export async function compileEngine(
  { bytes, sha256 }: MeasuredEngine,
  keptAt: string | undefined,
): Promise<WebAssembly.Module> {
  try {
    if (keptAt !== undefined)
      return await WebAssembly.compileStreaming(fetch(keptAt, { integrity: integrityOf(sha256) }))
  } catch {
    // No such function, no such file any more, or one of another type or content.
  }
  return WebAssembly.compile(bytes)
}
