/** A typed event source with as many listeners as wanted; a listener that throws does not silence the others. */

import type { Dispose } from './disposables.ts'

export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners: { [Name in keyof Events]?: Set<(event: Events[Name]) => void> } = {}

  /** Subscribes; the returned function unsubscribes. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Dispose {
    const listeners = (this.#listeners[name] ??= new Set())
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const errors: unknown[] = []
    // A copy: a listener may unsubscribe itself while it is called.
    for (const listener of Array.from(this.#listeners[name] ?? [])) {
      try {
        listener(event)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `a listener of ${String(name)} threw`)
  }
}
