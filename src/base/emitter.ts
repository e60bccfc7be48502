/** A typed event source with as many listeners as wanted; a listener that throws does not silence the others. */

import type { Dispose } from './disposables.ts'

export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()

  /** Subscribes; the returned function unsubscribes. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Dispose {
    const listeners = this.#listeners.get(name) ?? new Set()
    listeners.add(listener as (event: never) => void)
    this.#listeners.set(name, listeners)
    return () => {
      listeners.delete(listener as (event: never) => void)
    }
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const errors: unknown[] = []
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        ;(listener as (event: Events[Name]) => void)(event)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `a listener of ${String(name)} threw`)
  }
}
