import { describe, expect, it } from 'vitest'
import { Packets } from '../../src/hypercore/packets.ts'
import type { SupervisorEvent } from '../../src/protocol/supervisor.ts'
import { Bench } from './bench-board.ts'
import { handOff } from './bench-board.ts'

type Told = Extract<SupervisorEvent, { type: 'packets' }>

const PORT = { id: 'web', mac: '02:48:53:00:00:02', address: '10.83.7.11' }

function setUp(): {
  packets: Packets
  events: SupervisorEvent[]
  pass: (frames: number) => void
  last: () => Told
} {
  const events: SupervisorEvent[] = []
  const clock = { now: () => 0, wallClock: () => 1_700_000_000_000 }
  const packets = new Packets(clock, (event) => events.push(event), '1.2.3')
  packets.attach(PORT)
  return {
    packets,
    events,
    pass: (frames) => {
      for (let count = 0; count < frames; count++) packets.observe('web', 'from-guest', new Uint8Array(60))
    },
    last: () => {
      const event = events.at(-1)
      if (event?.type !== 'packets') throw new Error('nothing was told')
      return event
    },
  }
}

const numbersOf = ({ rows }: Told): number[] => rows.map(({ number }) => number)

describe('the capture at the page’s service', () => {
  it('tells of each frame once, and says nothing where nothing is new', () => {
    const { packets, events, pass, last } = setUp()
    packets.act('start')
    expect(last()).toMatchObject({ report: { recording: true, seen: 0, ports: [PORT] }, rows: [] })
    pass(2)
    packets.report()
    expect(numbersOf(last())).toEqual([1, 2])
    pass(1)
    packets.report()
    expect(numbersOf(last())).toEqual([3])
    const told = events.length
    packets.report()
    packets.report()
    expect(events.length).toBe(told)
  })

  it('tells the latest of a flood, and how much it holds of it', () => {
    const { packets, pass, last } = setUp()
    packets.act('start')
    pass(60_000)
    packets.report()
    expect(last().rows.length).toBe(200)
    expect(numbersOf(last()).at(-1)).toBe(60_000)
    expect(last().report).toMatchObject({ packets: 50_000, seen: 60_000, bytes: 3_000_000 })
  })

  it('says at once that it was emptied, and counts from one again', () => {
    const { packets, pass, last } = setUp()
    packets.act('start')
    pass(5)
    packets.act('clear')
    expect(last()).toMatchObject({ report: { recording: true, packets: 0, seen: 0 }, rows: [] })
    pass(9)
    packets.report()
    expect(numbersOf(last())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('records nothing before it is started and after it is stopped', () => {
    const { packets, pass, last } = setUp()
    pass(3)
    packets.act('start')
    pass(1)
    packets.act('stop')
    pass(3)
    packets.report()
    expect(last().report).toMatchObject({ recording: false, packets: 1, seen: 1 })
  })
})

describe('the supervisor’s capture', () => {
  it('is started by a call, tells four times a second, and is given out as a file', async () => {
    const bench = new Bench()
    await bench.handOff(handOff())
    await bench.call({ name: 'capture', args: { act: 'start' } })
    const told = bench.events.findLast((event) => event.type === 'packets')
    expect(told).toMatchObject({ report: { recording: true } })
    const file = await bench.call({ name: 'exportCapture', args: { of: undefined } })
    if (!file.ok || !(file.value instanceof Blob)) throw new Error('no file')
    // The section header of pcapng.
    const head = new DataView(await file.value.slice(0, 4).arrayBuffer())
    expect(head.getUint32(0, true)).toBe(0x0a0d_0d0a)
  })
})
