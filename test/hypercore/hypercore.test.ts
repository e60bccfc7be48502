import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { HYPERCORE_VERSION } from '../../src/hypercore/hypercore.ts'
import { ByteWriter } from '../../src/base/bytes.ts'
import { HostFrame } from '../../src/protocol/agent.ts'
import type { DomainEvent } from '../../src/protocol/guest.ts'
import {
  BASE_VOLUMES,
  Bench,
  COUNTERS,
  type FakeDomain,
  crashReport,
  handOff,
  idOf,
  refused,
  volume,
  type PlainCall,
} from './bench-board.ts'

let bench: Bench

beforeEach(async () => {
  bench = new Bench()
  await bench.handOff(handOff())
})

const fails = (kind: string, words = '') => ({
  ok: false,
  error: { kind, message: expect.stringContaining(words) as unknown },
})

describe('the hand-off', () => {
  it('makes one domain of each appliance and says ready after them', () => {
    expect(bench.events.map(({ type }) => type)).toEqual([
      ...Array(5).fill('domain-changed'),
      'policy',
      'ready',
      'snapshots',
    ])
    expect(bench.states('vault')).toEqual(['created'])
    expect(bench.spawned).toEqual([])
  })

  it('is taken once', async () => {
    await bench.handOff(handOff())
    expect(bench.events.filter(({ type }) => type === 'ready').length).toBe(1)
    expect(bench.journal.join()).toContain('second hand-off')
  })

  it('comes before any call', async () => {
    expect(await new Bench().on('web', 'start')).toMatchObject(fails('no-such-domain'))
    const create = await new Bench().call({ name: 'create', args: { config: { appliance: 'web' } } })
    expect(create).toMatchObject(fails('failed', 'handed off'))
  })

  it('carries the version of the package', () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(manifest).toMatchObject({ version: HYPERCORE_VERSION })
  })
})

describe('the boot', () => {
  const all = ['primary', 'web', 'messaging', 'management', 'vault']
  const names = (from: Bench): string[] => from.spawned.map(({ name }) => name)

  it('starts the first screen first, and on two cores one after the other is ready', async () => {
    const two = new Bench()
    const given = handOff({}, all)
    await two.handOff({ ...given, settings: { ...given.settings, firstScreen: 'messaging' } })
    expect(names(two)).toEqual(['messaging'])
    two.latest('messaging').says({ kind: 'running' })
    await two.settle()
    expect(names(two)).toEqual(['messaging'])
    two.latest('messaging').comesUp()
    await two.settle()
    expect(names(two)).toEqual(['messaging', 'management'])
  })

  it('starts as many at once as leave a processor for the page', async () => {
    const four = new Bench()
    const given = handOff({}, all)
    await four.handOff({ ...given, platform: { ...given.platform, processors: 4 } })
    expect(names(four)).toEqual(['primary', 'management', 'vault'])
  })

  it('waits five seconds at most for a guest without an agent, and not at all for one that crashed', async () => {
    const two = new Bench()
    await two.handOff(handOff({}, all))
    two.latest('primary').says({ kind: 'running' })
    await two.settle()
    await two.pass(4900)
    expect(names(two)).toEqual(['primary'])
    await two.pass(200)
    expect(names(two)).toEqual(['primary', 'management'])
    two.latest('management').dies('no script')
    await two.settle()
    expect(names(two)).toEqual(['primary', 'management', 'vault'])
  })

  it('starts the primary OS alone on its own path', async () => {
    const alone = new Bench()
    await alone.handOff(handOff({ bootPath: 'primary' }, all))
    alone.latest('primary').comesUp()
    await alone.settle()
    expect(names(alone)).toEqual(['primary'])
  })

  it('goes on past a refused volume, which is shown with both hashes', async () => {
    const two = new Bench()
    const given = handOff({ refused: [refused('primary')] }, all)
    await two.handOff({ ...given, volumes: given.volumes.filter(({ appliance }) => appliance !== 'primary') })
    expect(names(two)).toEqual(['management'])
    expect(two.info('primary')).toMatchObject({ state: 'crashed', crash: { cause: { kind: 'boot-failed' } } })
    const again = await two.on('primary', 'start')
    expect(again).toMatchObject(fails('failed', 'Volume “primary” was refused'))
    expect(again).toMatchObject(fails('failed', 'aa'.repeat(32)))
    expect(again).toMatchObject(fails('failed', 'bb'.repeat(32)))
  })

  it('goes on past one that does not fit the budget, and says so', async () => {
    const two = new Bench()
    await two.handOff(handOff({ memoryBudgetMiB: 100 }, all))
    two.latest('primary').comesUp()
    await two.settle()
    expect(names(two)).toEqual(['primary'])
    expect(two.states('web')).toEqual(['created'])
    expect(two.journal.join()).toContain('Web needs 64 MiB')
  })
})

describe('a start', () => {
  it('builds the machine of the appliance', async () => {
    await bench.up('primary')
    const primary = bench.latest('primary')
    expect(primary.scriptUrl).toBe('domain.js')
    expect(primary.bootstrap.spec).toMatchObject({
      memoryMiB: 64,
      vgaMemoryMiB: 0.25,
      hda: { kind: 'read-only' },
      hdb: {
        kind: 'persistent',
        name: 'primary',
        base: { kind: 'blank', bytes: 256 * 2 ** 20 },
        formerPath: 'disks/primary.img',
      },
      cdrom: undefined,
      deferJit: true,
      mac: '02:48:53:00:00:01',
    })
    expect(bench.composed[0]?.commandLine).toBe('quiet hs.role=primary hs.hostname=primary hs.disk=sdb')
    expect(new TextDecoder().decode(bench.composed[0]?.kernel)).toBe('kernel')
    await bench.up('web')
    expect(bench.composed[1]?.framebuffer).toEqual({ width: 1024, height: 768 })
    expect(bench.latest('web').bootstrap.spec).toMatchObject({ vgaMemoryMiB: 8, hdb: undefined })
    await bench.up('management')
    expect(bench.latest('management').bootstrap.spec).toMatchObject({ hda: undefined, mac: undefined })
  })

  it('gives a port pair to the page, and the other ends to the worker', async () => {
    await bench.up('web')
    const ports = bench.events.find(({ type }) => type === 'domain-ports')
    const { bootstrap } = bench.latest('web')
    if (ports?.type !== 'domain-ports') throw new Error('no ports came')
    const heard = new Promise((resolve) => {
      ports.console.onmessage = ({ data }: MessageEvent) => resolve(data)
    })
    bootstrap.console.postMessage('from the guest')
    expect(await heard).toBe('from the guest')
    ports.console.close()
    ports.display.close()
  })

  it('resolves when the machine runs, and is ready when the agent says so', async () => {
    const started = bench.on('web', 'start')
    await bench.settle()
    expect(bench.info('web')).toMatchObject({ state: 'starting', ready: false })
    await bench.pass(300)
    bench.latest('web').says({ kind: 'running' })
    expect(await started).toEqual({ ok: true, value: undefined })
    expect(bench.info('web')).toMatchObject({ state: 'running', ready: false, readyAfterMs: undefined })
    await bench.pass(200)
    bench.latest('web').comesUp()
    expect(bench.info('web')).toMatchObject({ state: 'running', ready: true, readyAfterMs: 500 })
  })

  it('is refused over budget, with the figures', async () => {
    const small = new Bench()
    await small.handOff(handOff({ memoryBudgetMiB: 150 }))
    await small.up('primary')
    await small.up('web')
    const third = await small.on('messaging', 'start')
    expect(third).toMatchObject(
      fails('over-budget', 'Messaging needs 64 MiB; 22 of the 150 MiB budget are free'),
    )
    expect(third).toMatchObject(fails('over-budget', 'Primary 64, Web 64'))
    await small.on('web', 'kill')
    await small.up('messaging')
  })

  it('counts a domain that is still starting', async () => {
    const small = new Bench()
    await small.handOff(handOff({ memoryBudgetMiB: 100 }))
    void small.on('primary', 'start')
    expect(await small.on('web', 'start')).toMatchObject(fails('over-budget'))
  })

  it('takes memory from the call, then the settings, then the manifest, then the definition', async () => {
    const given = handOff()
    const other = new Bench()
    await other.handOff({
      ...given,
      settings: { ...given.settings, appliances: {} },
      volumes: [...BASE_VOLUMES, volume('appliance', 'web', { ramMiB: 80 })],
    })
    expect(bench.info('web').memoryBytes).toBe(64 * 2 ** 20)
    expect(other.info('web').memoryBytes).toBe(80 * 2 ** 20)
    expect(other.info('messaging').memoryBytes).toBe(48 * 2 ** 20)
    await other.call({ name: 'create', args: { config: { appliance: 'web', memoryMiB: 100 } } })
    expect(other.info('web-2').memoryBytes).toBe(100 * 2 ** 20)
  })

  it('uses no persistent disk where the browser keeps nothing', async () => {
    const privateWindow = new Bench()
    const given = handOff()
    await privateWindow.handOff({
      ...given,
      platform: { ...given.platform, storage: { kind: 'memory', why: 'test', remedy: 'Nothing.' } },
    })
    await privateWindow.up('primary')
    await privateWindow.up('vault')
    expect(privateWindow.latest('primary').bootstrap.spec.hdb).toBeUndefined()
    expect(privateWindow.composed[0]?.commandLine).not.toContain('hs.disk')
    expect(privateWindow.latest('vault').bootstrap.spec.hdb).toEqual({
      kind: 'volatile',
      bytes: 32 * 2 ** 20,
    })
    expect(privateWindow.info('vault').lossOnKill).toContain('Every secret')
  })

  it('starts management without a volume, and no other', async () => {
    const bare = new Bench()
    await bare.handOff(handOff({ volumes: BASE_VOLUMES }))
    await bare.up('management')
    expect(bare.composed[0]?.commandLine).toBe(
      'console=ttyS0 quiet hs.role=management hs.hostname=management',
    )
    expect(await bare.on('web', 'start')).toMatchObject(fails('failed', 'holds no web volume'))
  })

  it('fails in words when the kernel was refused, the worker cannot be made, or its script does not load', async () => {
    const bare = new Bench()
    await bare.handOff(
      handOff({
        volumes: [volume('appliance', 'web')],
        refused: [{ ...refused('x'), role: 'stub', appliance: undefined }],
      }),
    )
    expect(await bare.on('web', 'start')).toMatchObject(fails('failed', 'was refused'))
    bench.spawnError = new Error('no more workers')
    expect(await bench.on('web', 'start')).toMatchObject(fails('failed', 'no more workers'))
    expect(bench.info('web').crash?.cause).toMatchObject({ kind: 'boot-failed' })
    bench.spawnError = undefined
    const started = bench.on('web', 'start')
    await bench.settle()
    bench.latest('web').dies('404')
    expect(await started).toMatchObject(fails('failed', '404'))
    await bench.up('web')
    expect(bench.info('web').crash).toBeUndefined()
  })

  it('reads the parts again after they could not be read', async () => {
    const broken = volume('kernel')
    const content = Object.assign(new Blob(['kernel']), {
      arrayBuffer: () => Promise.reject(new Error('the file is gone')),
    })
    const bare = new Bench()
    const others = handOff().volumes.filter(({ role }) => role !== 'kernel')
    await bare.handOff(handOff({ volumes: [...others, { ...broken, content }] }))
    expect(await bare.on('web', 'start')).toMatchObject(fails('failed', 'the file is gone'))
    Reflect.deleteProperty(content, 'arrayBuffer')
    await bare.up('web')
  })

  it('ends quietly when it is killed while its parts are read', async () => {
    const started = bench.on('web', 'start')
    const killed = bench.on('web', 'kill')
    expect(await killed).toEqual({ ok: true, value: undefined })
    expect(await started).toMatchObject(fails('illegal-state', 'ended meanwhile'))
    await bench.settle()
    expect(bench.spawned).toEqual([])
    expect(bench.info('web').state).toBe('off')
  })

  it('tells of a slow start without ending it', async () => {
    void bench.on('web', 'start')
    await bench.settle()
    await bench.pass(40_000, 500)
    expect(bench.journal.filter((line) => line.includes('has not reported in'))).toHaveLength(1)
    expect(bench.info('web').state).toBe('starting')
  })
})

describe('pause and resume', () => {
  it('move the state when the vCPU confirms', async () => {
    const web = await bench.up('web')
    const paused = bench.on('web', 'pause')
    await bench.settle()
    expect(bench.info('web').state).toBe('running')
    web.says({ kind: 'paused' })
    expect(await paused).toEqual({ ok: true, value: undefined })
    expect(bench.info('web').state).toBe('paused')
    const resumed = bench.on('web', 'resume')
    await bench.settle()
    web.says({ kind: 'resumed' })
    expect(await resumed).toEqual({ ok: true, value: undefined })
    expect(web.kinds.filter((kind) => kind === 'pause' || kind === 'resume')).toEqual(['pause', 'resume'])
  })

  it('settle when the domain ends instead', async () => {
    const web = await bench.up('web')
    const paused = bench.on('web', 'pause')
    await bench.settle()
    web.says({ kind: 'crashed', report: crashReport({ kind: 'panic' }) })
    expect(await paused).toMatchObject(fails('failed', 'Web has crashed (panic)'))
  })

  it('are refused in words where they make no sense', async () => {
    expect(await bench.on('web', 'pause')).toMatchObject(fails('illegal-state', 'Web is not started yet'))
    await bench.up('web')
    expect(await bench.on('web', 'resume')).toMatchObject(fails('illegal-state', 'Web is running'))
    expect(await bench.on('web', 'start')).toMatchObject(fails('illegal-state'))
    expect(await bench.on('web', 'remove')).toMatchObject(fails('illegal-state'))
    expect(await bench.on('nobody', 'kill')).toMatchObject(fails('no-such-domain', 'nobody'))
  })
})

describe('a shutdown', () => {
  it('asks the agent, expects the halt, and ends the worker', async () => {
    const web = await bench.up('web')
    const off = bench.on('web', 'shutdown')
    await bench.settle()
    expect(bench.info('web').state).toBe('shutting-down')
    expect(web.kinds.slice(-2)).toEqual(['expect-halt', 'agent-send'])
    expect(web.agentFrames.at(-1)).toBe(HostFrame.shutdown)
    web.says({ kind: 'powered-off' })
    expect(await off).toEqual({ ok: true, value: undefined })
    expect(web.terminated).toBe(true)
    expect(bench.info('web')).toMatchObject({ state: 'off', ready: false, lossOnKill: undefined })
    expect(bench.pendingTimers).toBe(0)
  })

  it('lets a paused guest run for it, also one paused in the same instant', async () => {
    const web = await bench.up('web')
    void bench.on('web', 'pause')
    await bench.settle()
    void bench.on('web', 'shutdown')
    await bench.settle()
    web.says({ kind: 'paused' })
    expect(web.kinds.at(-1)).toBe('resume')
    const primary = await bench.up('primary')
    void bench.on('primary', 'pause')
    await bench.settle()
    primary.says({ kind: 'paused' })
    void bench.on('primary', 'shutdown')
    await bench.settle()
    expect(primary.kinds.slice(-3)).toEqual(['resume', 'expect-halt', 'agent-send'])
  })

  it('gives up after ten seconds with a timeout that offers to kill, and the guest may still end', async () => {
    const web = await bench.up('web')
    const off = bench.on('web', 'shutdown')
    await bench.settle()
    for (const ms of [4000, 4000, 1900, 200]) {
      web.says({ kind: 'pong', nonce: 0 })
      await bench.pass(ms)
    }
    expect(await off).toMatchObject(fails('timeout', 'kill it'))
    expect(bench.info('web').state).toBe('shutting-down')
    web.says({ kind: 'powered-off' })
    expect(bench.info('web').state).toBe('off')
  })

  it('is refused in words without an agent', async () => {
    void bench.on('web', 'start')
    await bench.settle()
    bench.latest('web').says({ kind: 'running' })
    expect(await bench.on('web', 'shutdown')).toMatchObject(fails('failed', 'no agent'))
    bench.latest('web').hello(9)
    expect(await bench.on('web', 'shutdown')).toMatchObject(fails('failed', 'no agent'))
    expect(bench.journal.join()).toContain('ABI 9')
    expect(bench.info('web').state).toBe('running')
  })

  it('is over when the guest would rather reboot', async () => {
    const web = await bench.up('web')
    const off = bench.on('web', 'shutdown')
    await bench.settle()
    web.says({ kind: 'reset-requested' })
    expect(await off).toEqual({ ok: true, value: undefined })
    await bench.settle()
    expect(bench.spawned).toHaveLength(1)
  })
})

describe('a guest that ends by itself', () => {
  it('is off after a power-off', async () => {
    const web = await bench.up('web')
    web.frame(4, goodbye(0))
    expect(web.kinds.at(-1)).toBe('expect-halt')
    web.says({ kind: 'powered-off' })
    expect(bench.info('web').state).toBe('off')
    expect(bench.journal.at(-1)).toBe('Web is off.')
  })

  it('is off, not crashed, when its goodbye and the report of its halt crossed', async () => {
    const web = await bench.up('web')
    web.frame(4, goodbye(0))
    web.says({ kind: 'crashed', report: crashReport({ kind: 'halted' }) })
    expect(bench.info('web').state).toBe('off')
  })

  it.each<[string, (says: (event: DomainEvent) => void, bye: (code: number) => void) => void]>([
    ['a goodbye', (says, bye) => [bye(1), says({ kind: 'powered-off' })]],
    ['a bare reset', (says) => says({ kind: 'reset-requested' })],
  ])('comes back in a fresh worker after %s', async (_how, reboot) => {
    const web = await bench.up('web')
    reboot(
      (event) => web.says(event),
      (code) => web.frame(4, goodbye(code)),
    )
    await bench.settle()
    expect(web.terminated).toBe(true)
    expect(bench.spawned).toHaveLength(2)
    bench.latest('web').comesUp()
    expect(bench.states('web')).toEqual(['created', 'starting', 'running', 'off', 'starting', 'running'])
    expect(bench.journal).toContain('Web restarts itself.')
  })

  it('is left off when it does nothing but restart', async () => {
    await bench.up('web')
    for (let round = 0; round < 6; round++) {
      bench.latest('web').says({ kind: 'reset-requested' })
      await bench.settle()
    }
    expect(bench.spawned).toHaveLength(6)
    expect(bench.info('web').state).toBe('off')
    expect(bench.journal.at(-1)).toContain('left off')
  })
})

describe('a crash', () => {
  it('is reported, ends the worker, and leaves the others alone', async () => {
    const [web, primary] = [await bench.up('web'), await bench.up('primary')]
    web.says({ kind: 'crashed', report: crashReport({ kind: 'panic' }) })
    expect(bench.info('web')).toMatchObject({
      state: 'crashed',
      crash: { cause: { kind: 'panic' }, consoleTail: 'Oops', instructions: 7 },
    })
    expect([web.terminated, primary.terminated]).toEqual([true, false])
    await bench.up('web')
    expect(bench.info('web')).toMatchObject({ state: 'running', crash: undefined })
  })

  it('is declared when the worker dies', async () => {
    const web = await bench.up('web')
    web.dies('out of memory')
    expect(bench.info('web').crash?.cause).toEqual({ kind: 'worker-died', detail: 'out of memory' })
  })

  it('is declared when a message of the worker makes the supervisor fail, and the supervisor goes on', async () => {
    const web = await bench.up('web')
    const broken: DomainEvent = JSON.parse('{ "kind": "crashed" }')
    web.says(broken)
    expect(bench.info('web')).toMatchObject({ state: 'crashed', crash: { cause: { kind: 'worker-died' } } })
    await bench.up('primary')
  })

  it('of a spinning guest is none: it is health', async () => {
    const web = await bench.up('web')
    web.says({ kind: 'spinning', forMs: 3000 })
    expect(bench.info('web')).toMatchObject({ state: 'running', health: { kind: 'spinning', forMs: 3000 } })
    web.says({ kind: 'spinning', forMs: 0 })
    expect(bench.info('web').health).toEqual({ kind: 'ok' })
    web.says({ kind: 'spinning', forMs: 3000 })
    void bench.on('web', 'reset')
    await bench.settle()
    expect(bench.info('web').health).toEqual({ kind: 'ok' })
  })

  it('of a worker that says nothing for ten seconds is none yet, and over with its next word', async () => {
    const web = await bench.up('web')
    await bench.pass(9_000)
    expect(bench.info('web').health).toEqual({ kind: 'ok' })
    await bench.pass(4_000)
    expect(bench.info('web')).toMatchObject({ state: 'running', health: { kind: 'silent' } })
    web.says({ kind: 'pong', nonce: 1 })
    expect(bench.info('web').health).toEqual({ kind: 'ok' })
  })

  it('is declared after a silent minute, and the others are pinged on', async () => {
    const [web, primary] = [await bench.up('web'), await bench.up('primary')]
    for (let second = 0; second < 62; second++) {
      primary.says({ kind: 'pong', nonce: 0 })
      await bench.pass(1000)
    }
    expect(bench.info('web').crash?.cause).toMatchObject({ kind: 'heartbeat-lost' })
    expect(web.terminated).toBe(true)
    expect(bench.info('primary').state).toBe('running')
    expect(primary.kinds.filter((kind) => kind === 'ping').length).toBeGreaterThan(4)
  })

  it('is not declared after a night in which the supervisor slept too', async () => {
    const web = await bench.up('web')
    await bench.pass(2000)
    web.says({ kind: 'pong', nonce: 0 })
    bench.jump(8 * 3600 * 1000)
    await bench.settle()
    expect(bench.info('web').state).toBe('running')
    await bench.pass(2000)
    expect(bench.info('web').state).toBe('running')
  })
})

describe('kill and reset', () => {
  it('end the worker at once, whatever it does', async () => {
    const web = await bench.up('web')
    const shutdown = bench.on('web', 'shutdown')
    await bench.settle()
    expect(await bench.on('web', 'kill')).toEqual({ ok: true, value: undefined })
    expect(await shutdown).toEqual({ ok: true, value: undefined })
    expect(web.terminated).toBe(true)
    web.says({ kind: 'running' })
    expect(bench.info('web').state).toBe('off')
  })

  it('reset is a fresh worker, from crashed as well', async () => {
    await bench.up('web')
    const reset = bench.on('web', 'reset')
    await bench.settle()
    bench.latest('web').comesUp()
    expect(await reset).toEqual({ ok: true, value: undefined })
    expect(bench.spawned.map(({ terminated }) => terminated)).toEqual([true, false])
    bench.latest('web').dies('gone')
    void bench.on('web', 'reset')
    await bench.settle()
    expect(bench.spawned).toHaveLength(3)
  })
})

describe('further guests', () => {
  it('take the next id, name and free shortcut, share the volume and get no persistent disk', async () => {
    expect(await bench.call({ name: 'create', args: { config: { appliance: 'primary' } } })).toEqual({
      ok: true,
      value: 'primary-2',
    })
    expect(bench.info('primary-2')).toMatchObject({ name: 'Primary 2', shortcut: 6, colour: 'teal' })
    await bench.up('primary')
    await bench.up('primary-2')
    const [one, two] = [bench.latest('primary'), bench.latest('primary-2')].map(
      ({ bootstrap }) => bootstrap.spec,
    )
    expect(two?.hdb).toBeUndefined()
    expect(two?.hda).toEqual(one?.hda)
    expect(two?.mac).not.toBe(one?.mac)
    expect(bench.composed.at(-1)?.commandLine).toBe('quiet hs.role=primary hs.hostname=primary-2')
    expect(bench.info('primary-2').lossOnKill).toContain('Everything')
  })

  it('reuse an id that was removed, and have no shortcut beyond the ninth', async () => {
    const create = () => bench.call({ name: 'create', args: { config: { appliance: 'web' } } })
    for (let round = 0; round < 5; round++) await create()
    expect(bench.info('web-5').shortcut).toBe(9)
    expect(bench.info('web-6').shortcut).toBeUndefined()
    expect(await bench.on('web-3', 'remove')).toEqual({ ok: true, value: undefined })
    expect(bench.events.at(-1)).toEqual({ type: 'domain-removed', id: 'web-3' })
    expect(await create()).toEqual({ ok: true, value: 'web-3' })
    expect(bench.info('web-3').shortcut).toBe(7)
  })

  it.each([
    [{ appliance: 'toaster' }, 'primary, web'],
    [{ appliance: 'web', name: '' }, 'name'],
    [{ appliance: 'web', name: 'x'.repeat(41) }, 'name'],
    [{ appliance: 'web', name: 'a\u001b[31m' }, 'name'],
    [{ appliance: 'web', memoryMiB: 4 }, 'Memory'],
    [{ appliance: 'web', memoryMiB: Number.NaN }, 'Memory'],
    [{ appliance: 'web', limits: { capPercent: 0 } }, 'cap'],
    [{ appliance: 'web', limits: { weight: 1.5 } }, 'weight'],
  ])('are refused for %j', async (config, words) => {
    expect(await bench.call({ name: 'create', args: { config } })).toMatchObject(fails('malformed', words))
  })
})

describe('focus', () => {
  it('moves, and both domains are told', async () => {
    await bench.on('web', 'focus')
    await bench.on('primary', 'focus')
    expect([bench.info('web').focused, bench.info('primary').focused]).toEqual([false, true])
  })
})

describe('the processors', () => {
  it('are statistics four times a second, from the differences of totals', async () => {
    const web = await bench.up('web')
    await bench.pass(250)
    web.says({ kind: 'counters', counters: { ...COUNTERS, instructions: 10_000_000, busyMs: 100 } })
    await bench.pass(250)
    web.says({
      kind: 'counters',
      counters: { ...COUNTERS, instructions: 60_000_000, busyMs: 225, throttledMs: 20, interrupts: 9 },
    })
    await bench.pass(250)
    const stats = bench.events.findLast(({ type }) => type === 'stats')
    expect(stats).toMatchObject({
      stats: [
        ['web', { mips: 200, cpuPercent: 50, instructions: 60_000_000, interrupts: 9, grantedPercent: 100 }],
      ],
    })
    const before = bench.events.length
    await bench.pass(250)
    expect(bench.events.slice(before).filter(({ type }) => type === 'stats')).toEqual([])
  })

  it('are granted within the cap from the first instant, and anew when it changes', async () => {
    const limits = { capPercent: 20 }
    await bench.call({ name: 'setLimits', args: { id: idOf('web'), limits } })
    const web = await bench.up('web')
    expect(web.requests[1]).toEqual({ kind: 'set-rate', percent: 20, compilePercent: 20 })
    await bench.call({ name: 'setLimits', args: { id: idOf('web'), limits: { capPercent: 60 } } })
    expect(web.requests.at(-1)).toEqual({ kind: 'set-rate', percent: 60, compilePercent: 40 })
    expect(bench.info('web').limits).toEqual({ capPercent: 60, weight: 100 })
    const wrong = await bench.call({
      name: 'setLimits',
      args: { id: idOf('web'), limits: { capPercent: 101 } },
    })
    expect(wrong).toMatchObject(fails('malformed'))
  })

  it('are divided by weight among guests that want all of them, but for what the page keeps', async () => {
    const one = new Bench()
    const given = handOff()
    await one.handOff({ ...given, platform: { ...given.platform, processors: 1 } })
    const [web, primary] = [await one.up('web'), await one.up('primary')]
    await one.call({ name: 'setLimits', args: { id: idOf('primary'), limits: { weight: 300 } } })
    for (const [fake, busyMs] of [
      [web, 200],
      [primary, 200],
    ] as const) {
      fake.says({ kind: 'counters', counters: { ...COUNTERS, busyMs, throttledMs: 500 } })
    }
    await one.pass(250)
    // Three quarters of the only processor; a fifth of each part may be spent on compiling, in tens.
    expect(web.requests.at(-1)).toEqual({ kind: 'set-rate', percent: 19, compilePercent: 10 })
    expect(primary.requests.at(-1)).toEqual({ kind: 'set-rate', percent: 56, compilePercent: 10 })
    void one.on('primary', 'pause')
    await one.settle()
    primary.says({ kind: 'paused' })
    await one.pass(250)
    expect(web.requests.findLast(({ kind }) => kind === 'set-rate')).toEqual({
      kind: 'set-rate',
      percent: 75,
      compilePercent: 20,
    })
  })
})

describe('every call', () => {
  it('settles, whatever the workers do', async () => {
    const step = fc.constantFrom<PlainCall>('start', 'pause', 'resume', 'shutdown', 'reset', 'kill', 'focus')
    const event = fc.constantFrom<DomainEvent>(
      { kind: 'running' },
      { kind: 'paused' },
      { kind: 'resumed' },
      { kind: 'powered-off' },
      { kind: 'reset-requested' },
      { kind: 'crashed', report: crashReport({ kind: 'panic' }) },
      { kind: 'spinning', forMs: 1 },
    )
    const settles = fc.asyncProperty(
      fc.array(fc.oneof(step, event), { minLength: 5, maxLength: 40 }),
      async (steps) => {
        const machine = new Bench()
        await machine.handOff(handOff())
        let open = 0
        for (const next of steps) {
          if (typeof next !== 'string') machine.spawned.findLast(({ terminated }) => !terminated)?.says(next)
          else {
            open += 1
            void machine.on('web', next).finally(() => {
              open -= 1
            })
          }
          await machine.settle()
        }
        if (machine.info('web').state !== 'off') await machine.on('web', 'kill')
        await machine.settle()
        return (
          open === 0 && machine.pendingTimers === 0 && machine.spawned.every(({ terminated }) => terminated)
        )
      },
    )
    expect(await fc.check(settles, { numRuns: 200 })).toMatchObject({ failed: false })
  })
})

function goodbye(code: number) {
  return new ByteWriter().u8(code)
}

describe('the size of a screen', () => {
  const size = (width: number, height: number, id = 'web') =>
    bench.call({ name: 'setScreenSize', args: { id: idOf(id), size: { width, height } } })
  const told = (fake: FakeDomain): number[][] =>
    fake.payloads(HostFrame.screen).map((payload) => Array.from(new Uint16Array(payload.slice().buffer)))

  it('is told a running guest at once, and each of its later lives when its agent says hello', async () => {
    const first = await bench.up('web')
    expect(told(first)).toEqual([])
    expect(await size(1280, 801)).toMatchObject({ ok: true })
    expect(told(first)).toEqual([[1280, 801]])
    await bench.on('web', 'kill')
    const second = await bench.up('web')
    expect(told(second)).toEqual([[1280, 801]])
    expect(second.agentFrames.indexOf(HostFrame.welcome)).toBeLessThan(
      second.agentFrames.indexOf(HostFrame.screen),
    )
  })

  it('waits for the agent of a guest that is still starting', async () => {
    void bench.on('web', 'start')
    await bench.settle()
    const fake = bench.latest('web')
    fake.says({ kind: 'running' })
    await size(800, 600)
    expect(told(fake)).toEqual([])
    fake.hello()
    expect(told(fake)).toEqual([[800, 600]])
  })

  it('is refused out of its range, and where there is no such screen', async () => {
    for (const [width, height] of [
      [1281, 800],
      [632, 480],
      [1928, 1080],
      [640, 1089],
      [1024, 767.5],
      [Number.NaN, 600],
    ] as const)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await size(width, height)).toMatchObject(fails('malformed', 'multiple of 8'))
    expect(await size(1024, 768, 'vault')).toMatchObject(fails('failed', 'no screen'))
  })
})
