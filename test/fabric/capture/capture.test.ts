import { describe, expect, it } from 'vitest'
import { Capture, SNAPSHOT_LENGTH } from '../../../src/fabric/capture/capture.ts'

const PORT = { id: 'web', mac: '02:48:53:00:00:02', address: '10.83.7.11' }

function recording(packets: number, bytes: number, now = (): number => 0): Capture {
  const capture = new Capture({ now, wallClock: () => 1_700_000_000_000 }, { packets, bytes })
  capture.attach(PORT)
  capture.start()
  return capture
}

const numbers = (capture: Capture): number[] => capture.frames().map(({ number }) => number)

describe('a capture', () => {
  it('keeps nothing while nobody records, and what it kept after', () => {
    const capture = recording(10, 1000)
    capture.observe('web', 'to-guest', new Uint8Array(20))
    capture.stop()
    capture.observe('web', 'to-guest', new Uint8Array(20))
    capture.start()
    capture.observe('web', 'to-guest', new Uint8Array(20))
    expect(numbers(capture)).toEqual([1, 2])
    expect(capture.report()).toEqual({ recording: true, packets: 2, bytes: 40, seen: 2, ports: [PORT] })
  })

  it('keeps a copy: what the switch does to the frame afterwards is not seen', () => {
    const capture = recording(10, 1000)
    const frame = Uint8Array.of(1, 2, 3)
    capture.observe('web', 'to-guest', frame)
    frame.fill(9)
    expect(capture.frames()[0]?.bytes).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('lets the oldest go when there are too many, and counts them', () => {
    const capture = recording(3, 1000)
    for (let count = 0; count < 500; count++) capture.observe('web', 'to-guest', new Uint8Array(10))
    expect(numbers(capture)).toEqual([498, 499, 500])
    expect(capture.ports()).toEqual([{ ...PORT, seen: 500, letGo: 497 }])
    expect(capture.report()).toMatchObject({ packets: 3, bytes: 30, seen: 500 })
    expect(capture.frames(500).map(({ number }) => number)).toEqual([500])
    expect(capture.frames(501)).toEqual([])
  })

  it('lets the oldest go when they are too large, and cuts one that no wire carries', () => {
    const capture = recording(100, 5000)
    for (let count = 0; count < 4; count++) capture.observe('web', 'from-guest', new Uint8Array(9000))
    expect(capture.frames().map(({ bytes, length }) => [bytes.length, length])).toEqual([
      [SNAPSHOT_LENGTH, 9000],
      [SNAPSHOT_LENGTH, 9000],
    ])
    expect(capture.report().bytes).toBe(2 * SNAPSHOT_LENGTH)
  })

  it('notes a refusal on the frame that last came from that guest, and on no other', () => {
    const capture = recording(10, 1000)
    capture.attach({ ...PORT, id: 'primary', mac: '02:48:53:00:00:01' })
    capture.observe('web', 'from-guest', new Uint8Array(1))
    capture.observe('primary', 'from-guest', new Uint8Array(1))
    capture.observe('web', 'to-guest', new Uint8Array(1))
    capture.refused('web', 'policy')
    capture.refused('web', 'full')
    expect(capture.frames().map(({ dropped }) => dropped)).toEqual(['policy', undefined, undefined])
  })

  it('is empty when cleared, and goes on', () => {
    const capture = recording(10, 1000)
    capture.observe('web', 'to-guest', new Uint8Array(10))
    capture.clear()
    expect(capture.report()).toMatchObject({ recording: true, packets: 0, bytes: 0, seen: 0 })
    capture.observe('web', 'to-guest', new Uint8Array(10))
    expect(numbers(capture)).toEqual([1])
    expect(capture.ports()).toEqual([{ ...PORT, seen: 1, letGo: 0 }])
  })

  it('keeps a guest’s frames of before its restart apart, by its port of then', () => {
    const capture = new Capture({ now: () => 0, wallClock: () => 0 })
    const detach = capture.attach(PORT)
    capture.start()
    capture.observe('web', 'to-guest', new Uint8Array(10))
    capture.attach({ ...PORT, address: '10.83.7.12' })
    // The end of the life before is told late.
    detach()
    capture.observe('web', 'to-guest', new Uint8Array(10))
    expect(capture.frames().map(({ port }) => port.address)).toEqual(['10.83.7.11', '10.83.7.12'])
    expect(capture.ports().length).toBe(2)
    expect(capture.ports('primary')).toEqual([])
  })

  it('keeps the order of time, though the wall clock is set while it records', () => {
    let wall = 1_700_000_000_000
    let now = 5
    const capture = new Capture({ now: () => now, wallClock: () => wall })
    capture.attach(PORT)
    capture.start()
    capture.observe('web', 'to-guest', new Uint8Array(1))
    wall -= 3_600_000
    now += 0.25
    capture.observe('web', 'to-guest', new Uint8Array(1))
    expect(capture.frames().map(({ at }) => at)).toEqual([1_700_000_000_000, 1_700_000_000_000.25])
  })
})
