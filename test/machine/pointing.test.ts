import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PointingAndKeys } from '../../src/machine/pointing.ts'

/** A guest's mouse: v86's ring of 1024 bytes, Linux's adding up of what no program has read, a pointer that edges hold. */
class GuestMouse {
  use_mouse = true
  readonly mouse_buffer = { length: 0 }
  readonly kbd_buffer = { length: 0 }
  streaming = true
  x: number
  /** Where the buttons changed. */
  readonly presses: number[] = []
  readonly typed: unknown[] = []
  lost = 0
  executed = 0
  readonly #packets: { readonly dx: number; readonly press: boolean }[] = []
  readonly input: PointingAndKeys
  readonly #width: number

  constructor(width: number, halts = true) {
    this.#width = width
    this.x = width / 2
    this.input = new PointingAndKeys({
      bus: { send: (name, data) => this.#sent(name, data) },
      mouse: this,
      instructions: () => this.executed,
      halts,
    })
  }

  mouse_stream_active(): boolean {
    return this.streaming
  }

  #sent(name: string, data: unknown): void {
    if (name === 'keyboard-code') {
      this.typed.push(data)
      return
    }
    const dx = name === 'mouse-delta' && Array.isArray(data) ? Number(data[0]) : 0
    if (!this.streaming) this.lost++
    if (this.mouse_buffer.length + 4 > 1024) this.lost++
    this.mouse_buffer.length += 4
    this.#packets.push({ dx, press: name === 'mouse-click' })
  }

  /** The kernel reads it all; a program sees movements between two presses as one. */
  read(): void {
    let sum = 0
    for (const { dx, press } of this.#packets.splice(0)) {
      sum += dx
      if (press) {
        this.#move(sum)
        sum = 0
        this.presses.push(this.x)
      }
    }
    this.#move(sum)
    this.mouse_buffer.length = 0
  }

  #move(dx: number): void {
    this.x = Math.min(this.#width - 1, Math.max(0, this.x + dx))
  }

  slice(halted: boolean): void {
    this.executed += 1_000_000
    this.input.sliceEnded(halted)
  }
}

/** To the left edge, and from there on. */
function lead(guest: GuestMouse, x: number): void {
  for (let step = 0; step < 7; step++) guest.input.mouse(-255, 0, 0, 0)
  guest.input.mouse(-1, 0, 0, 0, true)
  for (let rest = x; rest > 0; rest -= 255) guest.input.mouse(Math.min(255, rest), 0, 0, 0)
}

describe('pointing', () => {
  it('stops 354 pixels from the edge in a guest that was held while it was led there, not at 99 or 0', () => {
    const guest = new GuestMouse(1432)
    lead(guest, 354)
    guest.slice(false)
    guest.slice(false)
    expect(guest.x).toBe(716)
    for (let slice = 0; slice < 3; slice++) {
      guest.read()
      guest.slice(true)
    }
    guest.read()
    expect(guest.x).toBe(354)
  })

  it('goes on after a while for a guest that never halts', () => {
    const guest = new GuestMouse(1432)
    lead(guest, 354)
    for (let slice = 0; slice < 200; slice++) {
      guest.read()
      guest.slice(false)
    }
    expect(guest.x).toBe(354)
  })

  it('loses nothing of what fits its queue, however a guest reads, and never overfills the ring or a mouse switched off', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ x: fc.integer({ min: 0, max: 1431 }) }),
            fc.constantFrom('read', 'slice', 'halt', 'off', 'on'),
          ),
          { maxLength: 20 },
        ),
        (steps) => {
          const guest = new GuestMouse(1432)
          for (const step of steps) {
            if (typeof step === 'object') lead(guest, step.x)
            else if (step === 'read') guest.read()
            else if (step === 'off' || step === 'on') guest.streaming = step === 'on'
            else guest.slice(step === 'halt' && guest.mouse_buffer.length === 0)
          }
          guest.streaming = true
          for (let slice = 0; slice < 300; slice++) {
            guest.read()
            guest.slice(true)
          }
          guest.read()
          const last = steps.findLast((step) => typeof step === 'object')
          expect(guest.x).toBe(last?.x ?? 716)
          expect(guest.lost).toBe(0)
        },
      ),
    )
  })

  it('hands over what was typed after a click that waits, after it', () => {
    const guest = new GuestMouse(1432)
    lead(guest, 354)
    guest.input.mouse(0, 0, 0, 1)
    guest.input.keys([0x1e, 0x9e])
    guest.read()
    expect(guest.typed).toEqual([])
    guest.slice(true)
    expect(guest.typed).toHaveLength(2)
    guest.read()
    expect(guest.presses).toEqual([354])
    guest.input.keys([0x1e])
    expect(guest.typed).toHaveLength(3)
  })

  it('keeps a press where it was and knows the buttons even when movements had to be given up', () => {
    const guest = new GuestMouse(1432)
    for (let report = 0; report < 2000; report++) guest.input.mouse(1, 0, 0, 0)
    guest.input.mouse(0, 0, 0, 1)
    for (let slice = 0; slice < 5; slice++) {
      guest.read()
      guest.slice(true)
    }
    expect(guest.presses).toHaveLength(1)
    expect(guest.lost).toBe(0)
  })

  it.each([
    ['2,000 million instructions', true, 2000],
    ['100 million in one that may never halt', false, 100],
  ])('gives a guest the next keys when it has read those before, or after %s', (_when, halts, slices) => {
    const guest = new GuestMouse(1432, halts)
    const all = Array.from({ length: 60 }, (_, at) => [at, at + 0x80]).flat()
    guest.input.keys(all.slice(0, 100))
    guest.input.keys(all.slice(100))
    expect(guest.typed).toEqual(all.slice(0, 16))
    guest.slice(true)
    expect(guest.typed).toEqual(all.slice(0, 32))
    // It halts with keys that its kernel has not even heard of.
    guest.kbd_buffer.length = 1
    guest.slice(true)
    for (let slice = 2; slice < slices; slice++) guest.slice(false)
    expect(guest.typed).toEqual(all.slice(0, 32))
    guest.slice(false)
    expect(guest.typed).toEqual(all.slice(0, 48))
    guest.kbd_buffer.length = 0
    for (let slice = 0; slice < 9; slice++) guest.slice(true)
    expect(guest.typed).toEqual(all)
  })

  it('keeps nothing for a guest without a driver for it', () => {
    const guest = new GuestMouse(1432)
    guest.use_mouse = false
    lead(guest, 354)
    guest.use_mouse = true
    guest.slice(true)
    expect(guest.mouse_buffer.length).toBe(0)
  })
})
