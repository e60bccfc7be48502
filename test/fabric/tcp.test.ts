import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flag, parseTcp, tcpFrame, type Segment, type SegmentFields } from '../../src/fabric/packets/tcp.ts'
import { TcpConnection } from '../../src/fabric/tcp/connection.ts'
import type { RelayStream } from '../../src/fabric/environment.ts'
import { Bench, ipv4Of, settle } from './bench.ts'
import { TcpClient } from './tcp-client.ts'

const WORLD = 0x5db8_d822

/** A far end that reads to the end, keeps what it read, then writes `answer` and ends. */
function echoWorld(answer: Uint8Array, heard: number[]): () => RelayStream {
  return () => {
    let finished: () => void = () => undefined
    const whole = new Promise<void>((resolve) => (finished = resolve))
    let told = false
    return {
      write: (bytes) => {
        heard.push(...bytes)
        if (heard.length >= 3000) finished()
        return Promise.resolve()
      },
      read: async () => {
        await whole
        if (told) return undefined
        told = true
        return answer
      },
      close: () => finished(),
    }
  }
}

/** A plan of losses and doubles that ends with the guest's last acknowledgement sent twice. */
const LAST_TWICE = Array.from('31013000130000000000031030013110111110003111111000003100110033', Number)

function bytesOf(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 7) & 255)
}

describe('a connection', () => {
  it('brings both directions over whole, whatever the link loses, doubles and disorders', async () => {
    const plan = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 40, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(plan, fc.boolean(), async (luck, wraps) => {
        const heard: number[] = []
        const answer = bytesOf(20_000)
        const bench = new Bench({ decide: () => 'allow', relay: echoWorld(answer, heard) })
        const guest = bench.plug('a', 1)
        const question = bytesOf(3000)
        const client = new TcpClient(guest, WORLD, 7, 40_000, question, wraps ? 0xffff_ff00 : 5000)
        let turn = 0
        // 0: lost; 1: twice; 2: after the next. The plan ends, so that every run can.
        const fate = (): number => (turn < luck.length ? (luck[turn++] ?? 5) : 5)
        const carry = async (frames: readonly Uint8Array[]): Promise<void> => {
          let held: Uint8Array | undefined
          for (const frame of frames) {
            const what = fate()
            if (what === 0) continue
            if (what === 2 && held === undefined) {
              held = frame
              continue
            }
            await guest.send(frame)
            if (what === 1) await guest.send(frame)
            if (held !== undefined) await guest.send(held)
            held = undefined
          }
        }
        for (let step = 0; step < 400 && !client.done && client.state !== 'reset'; step++) {
          await carry(client.segments())
          for (let more = client.listen(() => fate() !== 0); more.length > 0;) {
            await carry(more)
            more = client.listen(() => fate() !== 0)
          }
          await bench.clock.advance(300)
        }
        expect(client.state).toBe('open')
        expect(client.done).toBe(true)
        expect(heard).toEqual([...question])
        expect(client.received).toEqual([...answer])
      }),
      // The last acknowledgement twice: the second finds the connection gone.
      { numRuns: 60, examples: [[[...LAST_TWICE], false]] },
    )
  })

  it('waits for a guest that has no room, asks, and goes on when it has', async () => {
    const heard: number[] = []
    const bench = new Bench({ decide: () => 'allow', relay: echoWorld(bytesOf(5000), heard) })
    const guest = bench.plug('a', 1)
    const client = new TcpClient(guest, WORLD, 7, 40_000, bytesOf(3000))
    await guest.send(...client.segments())
    await guest.send(...client.listen())
    client.window = 0
    await guest.send(...client.segments())
    await guest.send(...client.listen())
    expect(client.received.length).toBe(0)
    // Five minutes of asking and being told no.
    for (let minute = 0; minute < 5; minute++) {
      for (let ask = 0; ask < 30; ask++) {
        await bench.clock.advance(2000)
        await guest.send(...client.listen())
      }
    }
    expect(client.state).toBe('open')
    expect(client.received.length).toBe(0)
    client.window = 60_000
    for (let step = 0; step < 20 && !client.done; step++) {
      await guest.send(...client.segments())
      await guest.send(...client.listen())
      await bench.clock.advance(100)
    }
    expect(client.received).toEqual([...bytesOf(5000)])
  })

  it('gives a silent guest up, and leaves no timer behind', async () => {
    const bench = new Bench({ decide: () => 'allow', relay: echoWorld(bytesOf(5000), []) })
    const guest = bench.plug('a', 1)
    const client = new TcpClient(guest, WORLD, 7, 40_000, bytesOf(3000))
    await guest.send(...client.segments())
    await bench.clock.advance(120_000)
    expect(bench.clock.timers).toBe(0)
    const late = new TcpClient(guest, WORLD, 7, 40_001, bytesOf(3000))
    await guest.send(...late.segments())
    await guest.send(...late.listen())
    await guest.send(...late.segments())
    await bench.clock.advance(300_000)
    expect(bench.clock.timers).toBe(0)
    expect((parseTcp(ipv4Of(guest.received.at(-1)))?.flags ?? 0) & Flag.rst).toBe(Flag.rst)
  })

  it('holds a bounded number of connections, and frees those that end', async () => {
    const bench = new Bench({ decide: () => 'allow', relay: echoWorld(bytesOf(1), []) })
    const guest = bench.plug('a', 1)
    const clients = Array.from(
      { length: 200 },
      (_, index) => new TcpClient(guest, WORLD, 7, 40_000 + index, bytesOf(10)),
    )
    await guest.send(...clients.flatMap((client) => client.segments()))
    expect(guest.drops()).toEqual({ full: 104 })
    for (const client of clients) await guest.send(...client.listen())
    const open = clients.filter(({ state }) => state === 'open')
    expect(open.length).toBe(96)
    for (const client of open.slice(0, 10)) await guest.send(client.reset())
    const more = new TcpClient(guest, WORLD, 7, 41_000, bytesOf(10))
    await guest.send(...more.segments())
    more.listen()
    expect(more.state).toBe('open')
  })

  it('refuses where nobody listens, and a reset only counts at the exact number', async () => {
    const bench = new Bench({ decide: () => 'allow', relay: echoWorld(bytesOf(1), []) })
    const guest = bench.plug('a', 1)
    const nobody = new TcpClient(guest, 0x0a53_0001, 7, 40_000, bytesOf(1))
    await guest.send(...nobody.segments())
    nobody.listen()
    expect(nobody.state).toBe('reset')

    const client = new TcpClient(guest, WORLD, 7, 40_001, bytesOf(3000))
    await guest.send(...client.segments())
    await guest.send(...client.listen())
    const forged = {
      sourcePort: 40_001,
      destinationPort: 7,
      sequence: 5001 + 100,
      acknowledgement: 0,
      flags: Flag.rst,
      window: 0,
      maximumSegment: undefined,
    }
    await guest.send(tcpFrame(guest.envelope('gateway', WORLD), forged))
    await guest.send(...client.segments())
    client.listen()
    expect(client.sent).toBe(3000)
  })
})

describe('the far end of a connection', () => {
  const syn: Segment = {
    sourcePort: 1,
    destinationPort: 2,
    sequence: 100,
    acknowledgement: 0,
    flags: Flag.syn,
    window: 60_000,
    maximumSegment: 1460,
    payload: new Uint8Array(),
  }

  it('settles every promise when it is reset', async () => {
    const bench = new Bench()
    let closed = 0
    const connection = new TcpConnection(
      {
        send: () => undefined,
        now: () => bench.clock.now(),
        after: (ms, action) => bench.clock.after(ms, action),
        established: () => undefined,
        closed: () => closed++,
      },
      syn,
      7000,
    )
    connection.receive({ ...syn, flags: Flag.ack, sequence: 101, acknowledgement: 7001 })
    expect(connection.state).toBe('established')
    const read = connection.read()
    const write = connection.write(bytesOf(300_000)).then(
      () => 'written',
      (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
    )
    await settle()
    connection.receive({ ...syn, flags: Flag.rst, sequence: 101 })
    expect(await read).toBeUndefined()
    expect(await write).toBe('ConnectionEnded')
    expect(closed).toBe(1)
    expect(bench.clock.timers).toBe(0)
  })

  it('says once that it has ended: when the guest ends after it, that is acknowledged and no more', () => {
    const bench = new Bench()
    const sent: SegmentFields[] = []
    const connection = new TcpConnection(
      {
        send: (fields) => sent.push({ ...fields, sourcePort: 2, destinationPort: 1 }),
        now: () => bench.clock.now(),
        after: (ms, action) => bench.clock.after(ms, action),
        established: () => undefined,
        closed: () => undefined,
      },
      syn,
      7000,
    )
    connection.receive({ ...syn, flags: Flag.ack, sequence: 101, acknowledgement: 7001 })
    connection.end()
    expect(sent.at(-1)).toMatchObject({ flags: Flag.fin | Flag.ack, sequence: 7001 })
    connection.receive({ ...syn, flags: Flag.ack, sequence: 101, acknowledgement: 7002 })
    connection.receive({ ...syn, flags: Flag.fin | Flag.ack, sequence: 101, acknowledgement: 7002 })
    expect(sent.at(-1)).toMatchObject({ flags: Flag.ack, sequence: 7002, acknowledgement: 102 })
    expect(sent.filter(({ flags }) => (flags & Flag.fin) !== 0).length).toBe(1)
  })
})
