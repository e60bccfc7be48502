/** Those who wait for news of something, all told at once. */

export class Waiters {
  #waiting: (() => void)[] = []

  /** Settles at the next `wake`. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
