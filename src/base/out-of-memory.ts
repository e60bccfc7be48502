/** The browser has no memory for what was asked of it: an expected failure, however it is said. */

/**
 * What engines say where an allocation fails: V8 “Array buffer allocation failed” and “Out of memory: Cannot allocate Wasm
 * memory for new instance”, SpiderMonkey “out of memory”, JavaScriptCore “Out of memory” and “Out of executable memory”.
 */
const WORDS = /out of (?:executable )?memory|allocation failed|cannot allocate/i

/** Memory that was asked for and not given, told by whoever asked. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory'
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof OutOfMemory || (error instanceof Error && WORDS.test(error.message))
}
