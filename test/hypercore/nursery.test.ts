/** What is made ready before a guest is started: for whom, in which order, and what becomes of it. */

import { describe, expect, it } from 'vitest'
import type { HandOff } from '../../src/protocol/hand-off.ts'
import { encodeHostFrame } from '../../src/hypercore/agent.ts'
import { Bench, COUNTERS, goldenOf, handOff, idOf } from './bench-board.ts'

const ALL = ['primary', 'web', 'management']

/** Each with a golden snapshot of its own, told apart by the hash. */
function given(starting: readonly string[] = ALL, more: Partial<HandOff> = {}): HandOff {
  const plain = handOff(more, starting)
  const goldens = ALL.map((name, index) => goldenOf(name, plain, { sha256: `${index}${index}`.repeat(32) }))
  return { ...plain, goldens }
}

const names = (bench: Bench): string[] => bench.spawned.map(({ name }) => name)

describe('before the hand-off', () => {
  it('builds the machines of what will start, the first screen first, as many at a time as there are processors', async () => {
    const bench = new Bench()
    await bench.prepare(given())
    expect(names(bench)).toEqual(['primary', 'management'])
    expect(bench.spawned.map(({ kinds }) => kinds)).toEqual([['prepare'], ['prepare']])
    expect(bench.latest('primary').requests[0]).toMatchObject({
      spec: { mac: expect.stringMatching(/^02:48:53:/), boot: { kind: 'none' } },
    })
    bench.latest('management').says({ kind: 'prepared' })
    expect(names(bench)).toEqual(['primary', 'management', 'web'])
  })

  it('begins with what has the longest way to its first screen, once that of the person’s choice has begun', async () => {
    const bench = new Bench()
    const all = given()
    const goldens = all.goldens.map((golden) =>
      golden.appliance === 'web' ? Object.assign(golden, { stage: 'checkpoint' as const }) : golden,
    )
    await bench.prepare({ ...all, goldens })
    expect(names(bench)).toEqual(['primary', 'web'])
  })

  it('tells the page nothing, and no guest runs', async () => {
    const bench = new Bench()
    await bench.prepare(given())
    expect(bench.events).toEqual([])
  })

  it('leaves out what goes on where it was left', async () => {
    const bench = new Bench()
    await bench.prepare(given(), ['primary'])
    expect(names(bench)).toEqual(['management', 'web'])
  })

  it('is of use at the hand-off: each start gets the worker that is ahead, whole or not', async () => {
    const bench = new Bench()
    await bench.prepare(given())
    const [primary, management] = bench.spawned
    management?.says({ kind: 'prepared' })
    await bench.handOff(given())
    expect(primary?.kinds.slice(0, 2)).toEqual(['prepare', 'bootstrap'])
    expect(primary?.bootstrap.resume).toMatchObject({ kind: 'golden', sha256: '00'.repeat(32) })
    expect(management?.bootstrap.resume).toMatchObject({ kind: 'golden' })
    expect(names(bench)).toEqual(['primary', 'management', 'web'])
    primary?.comesUp()
    await bench.settle()
    expect(bench.info('primary').state).toBe('running')
    expect(bench.spawned.some(({ terminated }) => terminated)).toBe(false)
  })

  it('was for nothing where the person chose otherwise: it ends with the boot', async () => {
    const bench = new Bench()
    await bench.prepare(given())
    await bench.handOff(given(['management']))
    bench.latest('management').comesUp()
    await bench.settle()
    const primary = bench.latest('primary')
    expect([primary.kinds, primary.terminated]).toEqual([['prepare', 'let-go'], false])
    primary.says({ kind: 'let-go' })
    expect(primary.terminated).toBe(true)
    expect(bench.spawned.filter(({ terminated }) => terminated)).toEqual([primary])
    expect(bench.info('management').state).toBe('running')
  })

  it('that does not let go of its disk in a second is ended without', async () => {
    const bench = new Bench()
    await bench.prepare(given(['primary']))
    await bench.handOff(given([]))
    await bench.pass(900)
    expect(bench.latest('primary').terminated).toBe(false)
    await bench.pass(200)
    expect(bench.latest('primary').terminated).toBe(true)
  })

  it('is not used where the golden snapshot is another one', async () => {
    const bench = new Bench()
    await bench.prepare(given(['primary']))
    const [ahead] = bench.spawned
    const other = handOff({}, ['primary'])
    await bench.handOff({ ...other, goldens: [goldenOf('primary', other, { sha256: 'ff'.repeat(32) })] })
    // Two cannot have its disk open.
    expect(ahead?.kinds).toEqual(['prepare', 'let-go'])
    expect(bench.latest('primary').kinds).toContain('bootstrap')
    expect(bench.latest('primary')).not.toBe(ahead)
  })

  it('that failed is made up for by a worker of the start itself', async () => {
    const bench = new Bench()
    await bench.prepare(given(['primary']))
    const [failed] = bench.spawned
    failed?.dies('out of memory')
    expect(failed?.terminated).toBe(true)
    await bench.handOff(given(['primary']))
    bench.latest('primary').comesUp()
    await bench.settle()
    expect(bench.info('primary')).toMatchObject({ state: 'running', crash: undefined })
  })

  it('is refused once there was a hand-off', async () => {
    const bench = new Bench()
    await bench.handOff(given([]))
    await bench.prepare(given())
    expect(names(bench)).toEqual([])
    expect(bench.journal.join()).toContain('preparation after the hand-off')
  })
})

describe('the next disposable', () => {
  async function live(more: Partial<HandOff> = {}): Promise<Bench> {
    const bench = new Bench()
    await bench.handOff(given(['web'], more))
    bench.latest('web').comesUp()
    await bench.settle()
    return bench
  }

  it('is prepared once all that starts is there, and used by the next start; then comes another', async () => {
    const bench = await live()
    expect(names(bench)).toEqual(['web'])
    await bench.pass(10_000)
    expect(bench.spawned.map(({ kinds }) => kinds[0])).toEqual(['bootstrap', 'prepare'])
    const spare = bench.latest('web')
    spare.says({ kind: 'prepared' })
    const created = await bench.call({ name: 'create', args: { config: { appliance: 'web' } } })
    expect(created).toMatchObject({ ok: true, value: 'web-2' })
    void bench.on('web-2', 'start')
    await bench.settle()
    expect(spare.kinds.slice(0, 2)).toEqual(['prepare', 'bootstrap'])
    expect(spare.bootstrap.spec.mac).not.toBe(bench.spawned[0]?.bootstrap.spec.mac)
    spare.comesUp()
    await bench.pass(10_000)
    expect(names(bench)).toEqual(['web', 'web', 'web'])
    expect(bench.latest('web').kinds).toEqual(['prepare'])
  })

  it('draws its first screen in the stage’s size, once for each size', async () => {
    const bench = await live()
    await bench.pass(10_000)
    const spare = bench.latest('web')
    expect(spare.kinds).toEqual(['prepare'])
    const told = async (width: number): Promise<void> => {
      const size = { width, height: 800 }
      await bench.call({ name: 'setScreenSize', args: { id: idOf('web'), size } })
      await bench.pass(10_000)
    }
    await told(1280)
    await told(1280)
    expect(spare.kinds).toEqual(['prepare', 'rehearse'])
    await told(1440)
    expect(spare.kinds).toEqual(['prepare', 'rehearse', 'rehearse'])
    expect(spare.requests[2]).toMatchObject({
      frames: [encodeHostFrame({ kind: 'screen', size: { width: 1440, height: 800 } }), expect.anything()],
    })
  })

  it('draws it when the guests leave half of the processors', async () => {
    const bench = await live()
    await bench.pass(10_000)
    const spare = bench.latest('web')
    void bench.on('management', 'start')
    await bench.settle()
    bench.latest('management').comesUp()
    // Of neither is known how much it wants: all, then.
    const size = { width: 1280, height: 800 }
    await bench.call({ name: 'setScreenSize', args: { id: idOf('web'), size } })
    await bench.pass(10_000)
    expect(spare.kinds).toEqual(['prepare'])
    await bench.on('management', 'kill')
    await bench.pass(10_000)
    expect(spare.kinds).toEqual(['prepare', 'rehearse'])
  })

  it('has done what it had done before it was asked for: no figure of the guest that takes it counts that', async () => {
    const bench = await live()
    await bench.pass(10_000)
    const spare = bench.latest('web')
    await bench.call({ name: 'create', args: { config: { appliance: 'web' } } })
    void bench.on('web-2', 'start')
    await bench.settle()
    spare.comesUp()
    const counted = async (instructions: number, busyMs: number): Promise<void> => {
      await bench.pass(250)
      spare.says({ kind: 'counters', counters: { ...COUNTERS, instructions, busyMs } })
    }
    await counted(900_000_000, 5000)
    await counted(910_000_000, 5050)
    await bench.pass(250)
    const stats = bench.events.flatMap((event) =>
      event.type === 'stats' ? event.stats.filter(([id]) => id === 'web-2') : [],
    )
    expect(stats).toMatchObject([['web-2', { mips: 40, cpuPercent: 20 }]])
  })

  it('comes, too, where a guest was killed before its own state was unpacked', async () => {
    const bench = new Bench()
    await bench.prepare(given(['web']))
    await bench.handOff(given(['web']))
    expect(bench.latest('web').kinds.slice(0, 2)).toEqual(['prepare', 'bootstrap'])
    await bench.on('web', 'kill')
    await bench.settle()
    await bench.pass(10_000)
    expect(bench.spawned.map(({ kinds, terminated }) => [kinds[0], terminated])).toEqual([
      ['prepare', true],
      ['prepare', false],
    ])
  })

  it('leaves the worker’s script to be loaded for any other guest, once nothing starts', async () => {
    const bench = new Bench()
    await bench.handOff(given(['web']))
    await bench.pass(5000)
    expect(bench.expected).toEqual([])
    bench.latest('web').comesUp()
    await bench.settle()
    await bench.pass(1000)
    expect(new Set(bench.expected)).toEqual(new Set([given().scripts.domain.url]))
  })

  it('is given up where the budget has no room for it any more', async () => {
    const bench = await live({ memoryBudgetMiB: 128 })
    await bench.pass(10_000)
    const spare = bench.latest('web')
    expect(spare.kinds).toEqual(['prepare'])
    void bench.on('management', 'start')
    await bench.settle()
    bench.latest('management').comesUp()
    await bench.pass(10_000)
    expect(spare.terminated).toBe(true)
    expect(bench.info('management').state).toBe('running')
    void bench.call({ name: 'kill', args: { id: idOf('management') } })
    await bench.pass(10_000)
    expect(bench.latest('web').kinds).toEqual(['prepare'])
  })
})
