/** Assertions: a failed one is a bug in this program, never an expected failure, and it throws. */

/** Throws when `condition` is false. @throws Error with `message` */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/** Closes a `switch` over a union: the compiler refuses a call while a member is unhandled. */
export function assertNever(value: never): never {
  throw new Error(`unhandled member of a closed union: ${JSON.stringify(value)}`)
}

/** Returns `value`, or throws when it is undefined: for indices that an invariant guarantees. */
export function defined<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(`assertion failed: ${message}`)
  return value
}
