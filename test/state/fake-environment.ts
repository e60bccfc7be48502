/** A page under the test's control: its clock, tasks, frames and visibility move when the test says so. */

import type { Dispose } from '../../src/base/disposables.ts'
import type { PageEnvironment, PictureCanvas } from '../../src/state/page-environment.ts'

type Scheduled = { readonly run: () => void; readonly at: number }

export class FakeEnvironment implements PageEnvironment {
  time = 1000
  readonly #tasks: (() => void)[] = []
  readonly #timers = new Set<Scheduled>()
  readonly #frames = new Set<Scheduled>()
  readonly #visibilityListeners = new Set<() => void>()
  #hidden = false
  /** What was drawn onto canvases of this page. */
  readonly drawn: {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
  }[] = []

  now(): number {
    return this.time
  }

  defer(run: () => void): void {
    this.#tasks.push(run)
  }

  setTimer(run: () => void, milliseconds: number): Dispose {
    return schedule(this.#timers, { run, at: this.time + milliseconds })
  }

  requestFrame(run: () => void): Dispose {
    return schedule(this.#frames, { run, at: this.time })
  }

  hidden(): boolean {
    return this.#hidden
  }

  onVisibilityChange(listener: () => void): Dispose {
    this.#visibilityListeners.add(listener)
    return () => this.#visibilityListeners.delete(listener)
  }

  makeCanvas(width: number, height: number): PictureCanvas {
    const context = {
      putImageData: (image: { width: number; height: number }, x: number, y: number) =>
        this.drawn.push({ x, y, width: image.width, height: image.height }),
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the part of a canvas that a session uses
    return { width, height, getContext: () => context } as unknown as PictureCanvas
  }

  setHidden(hidden: boolean): void {
    this.#hidden = hidden
    for (const listener of this.#visibilityListeners) listener()
  }

  /** Runs deferred tasks, and those that they defer, up to a limit that an endless loop would pass. */
  runTasks(limit = 10_000): number {
    let count = 0
    for (; this.#tasks.length > 0; count++) {
      if (count === limit) throw new Error('tasks defer each other without end')
      this.#tasks.shift()?.()
    }
    return count
  }

  runOneTask(): void {
    this.#tasks.shift()?.()
  }

  /** Moves the clock and runs the timers that come due, in their order. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.time = Math.max(this.time, next.at)
      next.run()
    }
    this.time = end
  }

  /** One animation frame; none while hidden, as in a browser. */
  frame(): void {
    if (this.#hidden) return
    const callbacks = [...this.#frames]
    this.#frames.clear()
    for (const { run } of callbacks) run()
  }

  get pendingFrames(): number {
    return this.#frames.size
  }

  get pendingTimers(): number {
    return this.#timers.size
  }
}

function schedule(set: Set<Scheduled>, item: Scheduled): Dispose {
  set.add(item)
  return () => set.delete(item)
}

/** A port whose other end is the test. */
export class FakePort<Request> {
  readonly sent: Request[] = []
  readonly transferred: Transferable[] = []
  onmessage: ((event: MessageEvent) => void) | null = null
  closed = false

  postMessage(message: Request, transfer: Transferable[] = []): void {
    this.sent.push(message)
    this.transferred.push(...transfer)
  }

  close(): void {
    this.closed = true
  }

  deliver(data: unknown): void {
    this.onmessage?.(new MessageEvent('message', { data }))
  }

  /** What was sent since the last call. */
  take(): Request[] {
    return this.sent.splice(0)
  }
}
