/** Keyboard and mouse behind the i8042, fed from outside as fast as the guest takes it. */

import type { Bus, Mouse } from './v86-internals.ts'

/** PS/2 deltas are nine bits; v86 splits nothing, so that a larger movement is clipped. */
const LARGEST_DELTA = 255

/** v86's ring; past its end it would write over packets that are half read. */
const BUFFER_BYTES = 1024
/** A report makes at most three packets of four bytes: movement, buttons, wheel. */
const REPORT_BYTES = 12

/** Drop-tail for a guest that takes nothing; a person sends some hundred a second. */
const MAX_WAITING = 256

/** Scancodes that wait, some hundred keys; more than that nobody types blindly. */
const MAX_TYPED = 2048

/**
 * Scancodes that a guest is given before its programs have read them. Linux keeps 64 events for a reader, three a scancode,
 * and forgets all of them when there is one more; a BIOS keeps 15 keys.
 */
const UNREAD_SCANCODES = 16

/**
 * How long a guest that never halts has before what was to be settled counts as taken: a few hundred milliseconds of a
 * busy one.
 */
const SETTLE_INSTRUCTIONS = 100_000_000

/** The same for keys, in a guest whose programs halt when they have read all: some seconds of computing. */
const READING_INSTRUCTIONS = 2_000_000_000

type Report = {
  readonly dx: number
  readonly dy: number
  readonly wheel: number
  readonly buttons: number
  readonly settle: boolean
}

export type InputDevices = {
  readonly bus: Bus
  readonly mouse: Mouse
  /** What the guest has executed. */
  readonly instructions: () => number
  /** Whether its programs are known to halt when they have nothing to do, as a person's own DOS may not. */
  readonly halts: boolean
}

export class PointingAndKeys {
  readonly #devices: InputDevices
  readonly #waiting: Report[] = []
  /** Typed after a movement or after keys that the guest has yet to take. */
  #typed: number[] = []
  /** Scancodes given since the guest was last seen to have read all, and when the first of them was. */
  #unread = 0
  #unreadSince = 0
  #buttons = 0
  /** Set while the guest has yet to take a report that was to be settled. */
  #settlingSince: number | undefined

  constructor(devices: InputDevices) {
    this.#devices = devices
  }

  /** Scancodes of set 1, prefixes and break codes included. */
  keys(scancodes: readonly number[]): void {
    if (this.#typed.length + scancodes.length > MAX_TYPED) return
    this.#typed.push(...scancodes)
    this.#type()
  }

  #type(): void {
    // Whoever clicks and types means what is clicked.
    if (this.#settlingSince !== undefined) return
    const { bus, instructions } = this.#devices
    const codes = this.#typed.splice(0, UNREAD_SCANCODES - this.#unread)
    if (this.#unread === 0) this.#unreadSince = instructions()
    this.#unread += codes.length
    for (const code of codes) bus.send('keyboard-code', code & 0xff)
  }

  /**
   * dx, dy in pixels, y down; wheel in notches, positive towards the person; buttons 1 left, 2 middle, 4 right.
   * @param settle the guest's programs take this movement before they hear of the next. Linux adds up what nobody has
   *   read, so that “far to the left, then 300 to the right” may else come as one movement to the left.
   */
  mouse(dx: number, dy: number, wheel: number, buttons: number, settle = false): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ dx, dy, wheel, buttons, settle })
    // The movement is lost, the buttons are not.
    else this.#waiting[MAX_WAITING - 1] = { dx: 0, dy: 0, wheel: 0, buttons, settle: false }
    this.#feed()
  }

  /** @param halted the guest has nothing left to do until an interrupt: whoever waited for input has read it */
  sliceEnded(halted: boolean): void {
    const { mouse, instructions } = this.#devices
    const since = this.#settlingSince
    if (since !== undefined) {
      const taken = halted && mouse.mouse_buffer.length === 0
      if (taken || instructions() - since >= SETTLE_INSTRUCTIONS) this.#settlingSince = undefined
    }
    if (this.#unread > 0) {
      const patience = this.#devices.halts ? READING_INSTRUCTIONS : SETTLE_INSTRUCTIONS
      const taken = halted && mouse.kbd_buffer.length === 0
      if (taken || instructions() - this.#unreadSince >= patience) this.#unread = 0
    }
    if (this.#waiting.length > 0) this.#feed()
    if (this.#typed.length > 0) this.#type()
  }

  #feed(): void {
    const { mouse } = this.#devices
    // Without a driver nobody will ever take it.
    if (!mouse.use_mouse) {
      this.#waiting.length = 0
      this.#settlingSince = undefined
      return
    }
    while (this.#settlingSince === undefined && this.#hasRoom()) {
      const report = this.#waiting.shift()
      if (report === undefined) return
      this.#send(report)
      if (report.settle) this.#settlingSince = this.#devices.instructions()
    }
  }

  /** While the driver has the mouse switched off to talk to it, v86 adds movements up to what a packet cannot say. */
  #hasRoom(): boolean {
    const { mouse } = this.#devices
    return mouse.mouse_stream_active() && mouse.mouse_buffer.length <= BUFFER_BYTES - REPORT_BYTES
  }

  #send({ dx, dy, wheel, buttons }: Report): void {
    const { bus } = this.#devices
    const clip = (delta: number): number =>
      Math.max(-LARGEST_DELTA, Math.min(LARGEST_DELTA, Math.round(delta)))
    // PS/2 counts y upwards.
    if (dx !== 0 || dy !== 0) bus.send('mouse-delta', [clip(dx), -clip(dy)])
    if (buttons !== this.#buttons) {
      this.#buttons = buttons
      bus.send('mouse-click', [(buttons & 1) !== 0, (buttons & 2) !== 0, (buttons & 4) !== 0])
    }
    // v86 subtracts: its own adapter counts notches away from the person.
    if (wheel !== 0) bus.send('mouse-wheel', [-Math.sign(wheel), 0])
  }
}
