/** Ownership: whoever opens something adds its closing here and disposes the lot, last opened first. */

export type Dispose = () => void

export class Disposables {
  #items: Dispose[] = []
  #disposed = false

  /** Adds a closing action; runs it at once when the owner is already disposed. */
  add(dispose: Dispose): void {
    if (this.#disposed) dispose()
    else this.#items.push(dispose)
  }

  get disposed(): boolean {
    return this.#disposed
  }

  /** Runs every action once, last added first; an action that throws does not keep the others from running. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    const errors: unknown[] = []
    for (const item of this.#items.toReversed()) {
      try {
        item()
      } catch (error) {
        errors.push(error)
      }
    }
    this.#items = []
    if (errors.length > 0) throw new AggregateError(errors, 'disposing failed')
  }
}
