/**
 * A PS/2 mouse that follows a person's pointer.
 *
 * The mouse reports movements, the page knows positions. A guest without pointer acceleration moves its pointer by
 * exactly what is reported and stops it at the screen's edges: pushed far to the upper left it is at 0, 0, and from
 * there on its position is known. So the pointer is sent home when it enters the picture, and then led.
 */

export type MouseReport = {
  /** Guest pixels, y down. */
  readonly dx: number
  readonly dy: number
  readonly wheel: number
  /** Bits: 0 left, 1 middle, 2 right. */
  readonly buttons: number
  /** To be taken by the guest before it hears of the next: it stops at an edge, which what follows must not undo. */
  readonly settle: boolean
}

/** A report carries nine bits a direction; −256 would read as 0. */
const MAX_STEP = 255

/**
 * Reports for one animation frame: a guest reads a hundred a second at the least, and what waits here can still be
 * joined with what follows.
 */
const REPORTS_PER_FRAME = 4

/** Drop-tail for a guest that is stuck; a person moves on by then. */
const MAX_QUEUED = 64

export class Pointer {
  readonly #queue: MouseReport[] = []
  /** Undefined until the pointer was sent home. */
  #position: { x: number; y: number } | undefined
  #buttons = 0
  #screen = { width: 0, height: 0 }

  /** The guest's screen changed its size: where its pointer is now is not known. */
  setScreen(width: number, height: number): void {
    if (this.#screen.width === width && this.#screen.height === height) return
    this.#screen = { width, height }
    this.#position = undefined
  }

  /** The pointer comes in from outside. With a button held it is still the old movement. */
  enter(): void {
    if (this.#buttons === 0) this.#position = undefined
  }

  /** Leads the guest's pointer to a point of its screen. */
  moveTo(x: number, y: number): void {
    const { width, height } = this.#screen
    if (width === 0 || height === 0) return
    const target = { x: clamp(Math.floor(x), width - 1), y: clamp(Math.floor(y), height - 1) }
    if (this.#position === undefined) {
      this.#move(-width - MAX_STEP, -height - MAX_STEP)
      this.#push({ dx: -1, dy: -1, wheel: 0, settle: true })
      this.#position = { x: 0, y: 0 }
    }
    this.#move(target.x - this.#position.x, target.y - this.#position.y)
    this.#position = target
  }

  #move(dx: number, dy: number): void {
    let [x, y] = [dx, dy]
    while (x !== 0 || y !== 0) {
      const step = { dx: limit(x), dy: limit(y) }
      this.#push({ ...step, wheel: 0, settle: false })
      x -= step.dx
      y -= step.dy
    }
  }

  /** @param buttons bits as in MouseReport */
  press(buttons: number): void {
    if (buttons === this.#buttons) return
    this.#buttons = buttons
    this.#push({ dx: 0, dy: 0, wheel: 0, settle: false })
  }

  /** One report a notch, as a wheel sends them. @param notches whole; positive scrolls down */
  wheel(notches: number): void {
    for (let rest = Math.abs(notches); rest > 0; rest--)
      this.#push({ dx: 0, dy: 0, wheel: Math.sign(notches), settle: false })
  }

  #push(report: Omit<MouseReport, 'buttons'>): void {
    const last = this.#queue.at(-1)
    // Two small movements are one; a press is where it was, whatever moves after it.
    if (last !== undefined && isMovement(last) && isMovement(report) && last.buttons === this.#buttons) {
      const [dx, dy] = [last.dx + report.dx, last.dy + report.dy]
      const sameDirection = last.dx * report.dx >= 0 && last.dy * report.dy >= 0
      if (sameDirection && Math.abs(dx) <= MAX_STEP && Math.abs(dy) <= MAX_STEP) {
        this.#queue[this.#queue.length - 1] = { dx, dy, wheel: 0, buttons: this.#buttons, settle: false }
        return
      }
    }
    if (last === undefined || this.#queue.length < MAX_QUEUED) {
      this.#queue.push({ ...report, buttons: this.#buttons })
    } else {
      // The movement is lost, so the position is no longer known; the buttons are not.
      this.#queue[this.#queue.length - 1] = { ...last, buttons: this.#buttons }
      this.#position = undefined
    }
  }

  get pending(): boolean {
    return this.#queue.length > 0
  }

  /** What goes to the guest with this animation frame. */
  take(): readonly MouseReport[] {
    return this.#queue.splice(0, REPORTS_PER_FRAME)
  }

  /** The pointer is somebody else's: buttons go up, what was not sent is forgotten. */
  release(): void {
    this.#queue.length = 0
    this.#position = undefined
    this.press(0)
  }
}

function isMovement(report: Omit<MouseReport, 'buttons'>): boolean {
  return !report.settle && (report.dx !== 0 || report.dy !== 0)
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value))
}

function limit(distance: number): number {
  return Math.min(MAX_STEP, Math.max(-MAX_STEP, distance))
}
