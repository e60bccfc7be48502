/** What the seat needs of the browser, so that its sessions run under test with a clock and frames of the test's own. */

import type { Dispose } from '../base/disposables.ts'

/** A canvas that keeps a picture: what a stage shows and a thumbnail is drawn from. */
export type PictureCanvas = HTMLCanvasElement | OffscreenCanvas

export type PageEnvironment = {
  /** Milliseconds on the clock of event timestamps. */
  now(): number
  /** Runs in a task of its own, soon: input and painting may come first. */
  defer(run: () => void): void
  setTimer(run: () => void, milliseconds: number): Dispose
  /** Runs before the next frame is painted; not at all while the page is hidden. */
  requestFrame(run: () => void): Dispose
  hidden(): boolean
  onVisibilityChange(listener: () => void): Dispose
  makeCanvas(width: number, height: number): PictureCanvas
}

export function browserEnvironment(): PageEnvironment {
  // A message of one's own is a task without the 4 ms that nested timers wait.
  const channel = new MessageChannel()
  const deferred: (() => void)[] = []
  channel.port1.onmessage = () => deferred.shift()?.()
  return {
    now: () => performance.now(),
    defer(run) {
      deferred.push(run)
      channel.port2.postMessage(undefined)
    },
    setTimer(run, milliseconds) {
      const timer = setTimeout(run, milliseconds)
      return () => clearTimeout(timer)
    },
    requestFrame(run) {
      const frame = requestAnimationFrame(run)
      return () => cancelAnimationFrame(frame)
    },
    hidden: () => document.hidden,
    onVisibilityChange(listener) {
      document.addEventListener('visibilitychange', listener)
      return () => document.removeEventListener('visibilitychange', listener)
    },
    makeCanvas(width, height) {
      const canvas = document.createElement('canvas')
      canvas.width = width
      canvas.height = height
      return canvas
    },
  }
}
