/**
 * A domain's worker whose script is loaded before a guest needs it. For a clone or a restore that wait, 0.15 s and more of it on a
 * busy machine, is a quarter of the time to its answer.
 */

/** The part of `Worker` in use. */
export type SparePort = {
  onerror: ((event: ErrorEvent) => unknown) | null
  terminate(): void
}

export class SpareWorker<T extends SparePort> {
  readonly #spawn: (scriptUrl: string, name: string) => T
  #spare: { readonly scriptUrl: string; readonly worker: T } | undefined
  /** One could not be loaded: the next guest has its own, which says why. */
  #isGivenUp = false

  /** `name` is for the browser's tools. */
  constructor(spawn: (scriptUrl: string, name: string) => T) {
    this.#spawn = spawn
  }

  /** Has one ready for whoever asks next. */
  keep(scriptUrl: string): void {
    if (this.#isGivenUp || this.#spare?.scriptUrl === scriptUrl) return
    this.#spare?.worker.terminate()
    const worker = this.#spawn(scriptUrl, 'domain ahead')
    worker.onerror = (event) => {
      event.preventDefault()
      this.#isGivenUp = true
      this.#spare?.worker.terminate()
      this.#spare = undefined
    }
    this.#spare = { scriptUrl, worker }
  }

  /** The one that is ready, or a new one; whoever takes it hears its errors. */
  take(scriptUrl: string, name: string): T {
    const spare = this.#spare
    if (spare?.scriptUrl !== scriptUrl) return this.#spawn(scriptUrl, name)
    this.#spare = undefined
    spare.worker.onerror = null
    return spare.worker
  }
}
