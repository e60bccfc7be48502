import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pointer } from '../../src/state/pointer.ts'

/** A guest that moves its pointer as reported and stops it at the edges. */
class Guest {
  x: number
  y: number
  buttons = 0
  wheel = 0
  readonly clicks: { readonly buttons: number; readonly x: number; readonly y: number }[] = []
  readonly #width: number
  readonly #height: number

  constructor(width: number, height: number, x: number, y: number) {
    this.#width = width
    this.#height = height
    this.x = x
    this.y = y
  }

  follow(pointer: Pointer): void {
    for (const { dx, dy, wheel, buttons } of pointer.take()) {
      if (Math.abs(dx) > 255 || Math.abs(dy) > 255) throw new Error(`${dx}, ${dy} do not fit a report`)
      this.x = Math.min(this.#width - 1, Math.max(0, this.x + dx))
      this.y = Math.min(this.#height - 1, Math.max(0, this.y + dy))
      this.wheel += wheel
      // The machine moves first, then presses.
      if (buttons !== this.buttons) this.clicks.push({ buttons, x: this.x, y: this.y })
      this.buttons = buttons
    }
  }

  followAll(pointer: Pointer): void {
    while (pointer.pending) this.follow(pointer)
  }
}

const point = fc.tuple(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 0, max: 767 }))

describe('pointer', () => {
  it('leads the guest’s pointer exactly to the person’s, wherever it was', () => {
    fc.assert(
      fc.property(
        point,
        fc.array(fc.tuple(point, fc.integer({ min: 0, max: 3 })), { minLength: 1 }),
        (start, path) => {
          const pointer = new Pointer()
          pointer.setScreen(1024, 768)
          const guest = new Guest(1024, 768, ...start)
          pointer.enter()
          for (const [[x, y], frames] of path) {
            pointer.moveTo(x, y)
            for (let frame = 0; frame < frames; frame++) guest.follow(pointer)
          }
          // A path that outran the guest's frames loses movements and says so by going home with the next one.
          guest.followAll(pointer)
          const [x, y] = path.at(-1)?.[0] ?? [0, 0]
          pointer.moveTo(x, y)
          guest.followAll(pointer)
          expect([guest.x, guest.y]).toEqual([x, y])
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('reports at most four movements a frame', () => {
    const pointer = new Pointer()
    pointer.setScreen(1024, 768)
    pointer.moveTo(500, 500)
    expect(pointer.take().length).toBeLessThanOrEqual(4)
    expect(pointer.pending).toBe(true)
  })

  it('has the guest take the way home before it hears of the way back', () => {
    const pointer = new Pointer()
    pointer.setScreen(1432, 848)
    pointer.moveTo(354, 0)
    const sent = Array.from({ length: 10 }, () => pointer.take()).flat()
    const home = sent.findIndex(({ settle }) => settle)
    const sum = (reports: typeof sent): number => reports.reduce((x, { dx }) => x + dx, 0)
    expect(sum(sent.slice(0, home + 1))).toBeLessThanOrEqual(-1432)
    expect(sum(sent.slice(home + 1))).toBe(354)
    expect(sent.filter(({ settle }) => settle)).toHaveLength(1)
  })

  it('presses and releases where the person did, not where the pointer went next', () => {
    const pointer = new Pointer()
    pointer.setScreen(640, 480)
    const guest = new Guest(640, 480, 300, 300)
    pointer.moveTo(10, 20)
    pointer.press(1)
    pointer.moveTo(30, 20)
    pointer.press(0)
    pointer.moveTo(50, 60)
    guest.followAll(pointer)
    expect(guest.clicks).toEqual([
      { buttons: 1, x: 10, y: 20 },
      { buttons: 0, x: 30, y: 20 },
    ])
    expect([guest.x, guest.y]).toEqual([50, 60])
  })

  it('goes home again when it enters anew or the screen’s size changes, but not while a button is held', () => {
    const pointer = new Pointer()
    pointer.setScreen(640, 480)
    const guest = new Guest(640, 480, 0, 0)
    pointer.moveTo(100, 100)
    guest.followAll(pointer)
    guest.x = 400 // the guest has moved its pointer itself
    pointer.enter()
    pointer.moveTo(100, 100)
    guest.followAll(pointer)
    expect([guest.x, guest.y]).toEqual([100, 100])
    pointer.press(1)
    guest.followAll(pointer)
    pointer.enter()
    pointer.moveTo(110, 100)
    expect(pointer.take()).toEqual([{ dx: 10, dy: 0, wheel: 0, buttons: 1, settle: false }])
  })

  it('never loses a released button, and finds its place again, where movements are lost', () => {
    const pointer = new Pointer()
    pointer.setScreen(1024, 768)
    const guest = new Guest(1024, 768, 0, 0)
    pointer.moveTo(0, 0)
    guest.followAll(pointer)
    pointer.press(1)
    // To and fro: such movements do not add up, and soon there are more than are kept.
    for (let count = 0; count < 200; count++) pointer.moveTo((count % 2) * 1000, 5)
    pointer.press(0)
    guest.followAll(pointer)
    expect(guest.buttons).toBe(0)
    pointer.moveTo(321, 123)
    guest.followAll(pointer)
    expect([guest.x, guest.y]).toEqual([321, 123])
  })

  it('releases buttons when it is taken away', () => {
    const pointer = new Pointer()
    pointer.setScreen(640, 480)
    pointer.moveTo(1, 1)
    pointer.press(5)
    pointer.take()
    pointer.release()
    expect(pointer.take().at(-1)?.buttons).toBe(0)
  })

  it('scrolls one notch a report', () => {
    const pointer = new Pointer()
    pointer.wheel(-2)
    expect(pointer.take().map(({ wheel }) => wheel)).toEqual([-1, -1])
  })

  it('does nothing before the guest has a screen', () => {
    const pointer = new Pointer()
    pointer.moveTo(5, 5)
    expect(pointer.pending).toBe(false)
  })
})
