/** Keyboard and mouse behind the i8042, fed from outside. */

import type { Bus } from './v86-internals.ts'

/** PS/2 deltas are nine bits; v86 splits nothing, so that a larger movement is clipped. */
const LARGEST_DELTA = 255

export class PointingAndKeys {
  readonly #bus: Bus
  #buttons = 0

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /** Scancodes of set 1, prefixes and break codes included. */
  keys(scancodes: readonly number[]): void {
    for (const code of scancodes) this.#bus.send('keyboard-code', code & 0xff)
  }

  /** dx, dy in pixels, y down; wheel in notches, positive towards the person; buttons 1 left, 2 middle, 4 right. */
  mouse(dx: number, dy: number, wheel: number, buttons: number): void {
    const clip = (delta: number): number =>
      Math.max(-LARGEST_DELTA, Math.min(LARGEST_DELTA, Math.round(delta)))
    // PS/2 counts y upwards.
    if (dx !== 0 || dy !== 0) this.#bus.send('mouse-delta', [clip(dx), -clip(dy)])
    if (buttons !== this.#buttons) {
      this.#buttons = buttons
      this.#bus.send('mouse-click', [(buttons & 1) !== 0, (buttons & 2) !== 0, (buttons & 4) !== 0])
    }
    // v86 subtracts: its own adapter counts notches away from the person.
    if (wheel !== 0) this.#bus.send('mouse-wheel', [-Math.sign(wheel), 0])
  }
}
