/** Starting from a golden snapshot: when it is taken, what the guest is told, and what comes of one that does not fit. */

import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../src/base/bytes.ts'
import { GuestFrame, HostFrame } from '../../src/protocol/agent.ts'
import type { HandOff, VerifiedGolden } from '../../src/protocol/hand-off.ts'
import { Bench, goldenOf, handOff, idOf, type FakeDomain } from './bench-board.ts'
import { ByteWriter } from '../../src/base/bytes.ts'

function withGolden(appliance: string, more: Partial<VerifiedGolden> = {}): HandOff {
  const given = handOff()
  return { ...given, goldens: [goldenOf(appliance, given, more)] }
}

async function started(given: HandOff, id = 'web'): Promise<{ bench: Bench; fake: FakeDomain }> {
  const bench = new Bench()
  await bench.handOff(given)
  void bench.on(id, 'start')
  await bench.settle()
  return { bench, fake: bench.latest(id) }
}

type Told = { readonly type: number; readonly reader: ByteReader }

/** What its agent was sent, headers taken off. */
function told(fake: FakeDomain): Told[] {
  return fake.requests.flatMap((request) =>
    request.kind === 'agent-send'
      ? [
          {
            type: new DataView(request.frame.buffer).getUint16(4, true),
            reader: new ByteReader(request.frame.subarray(12)),
          },
        ]
      : [],
  )
}

function resumedFields(fake: FakeDomain) {
  const { reader } = told(fake).find(({ type }) => type === HostFrame.resumed) ?? {}
  if (reader === undefined) throw new Error('its agent was told nothing')
  const unixMs = reader.u32('low') + reader.u32('high') * 2 ** 32
  const mac = [...reader.bytes(6, 'mac')].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
  const hostname = reader.string('hostname')
  const entropy = reader.bytes(reader.u16('length'), 'entropy')
  const shown = reader.u8('shown') === 1
  expect(reader.finish()).toEqual({ ok: true, value: undefined })
  return { unixMs, mac, hostname, entropy, shown }
}

function pong(fake: FakeDomain): void {
  const ping = told(fake).find(({ type }) => type === HostFrame.ping)
  fake.frame(GuestFrame.pong, new ByteWriter().u32(ping?.reader.u32('nonce') ?? 0))
}

describe('a domain whose golden snapshot fits', () => {
  it('resumes from it, with nothing to boot from', async () => {
    const { bench, fake } = await started(withGolden('web'))
    expect(fake.bootstrap.resume).toMatchObject({ kind: 'golden' })
    expect(fake.bootstrap.spec.boot).toEqual({ kind: 'none' })
    expect(bench.composed).toEqual([])
    expect(bench.info('web').origin).toEqual({ kind: 'golden' })
  })

  it('is told the time, its own address, its own name and fresh randomness once it runs, and not before', async () => {
    const { bench, fake } = await started(withGolden('web'))
    expect(told(fake)).toEqual([])
    await bench.pass(40)
    fake.says({ kind: 'running' })
    const fields = resumedFields(fake)
    expect(fields.unixMs).toBe(bench.core.environment.wallClock())
    expect(fields.mac).toMatch(/^02:48:53:00:00:0[1-9]$/)
    expect(fields.hostname).toBe('web')
    expect(fields.shown).toBe(false)
    expect(fields.entropy.length).toBeGreaterThanOrEqual(32)
    expect(new Set(fields.entropy).size).toBeGreaterThan(8)
  })

  it('is told the size of its screen first of all', async () => {
    const { bench, fake } = await started(withGolden('web'))
    await bench.call({
      name: 'setScreenSize',
      args: { id: idOf('web'), size: { width: 1600, height: 900 } },
    })
    fake.says({ kind: 'running' })
    expect(fake.agentFrames).toEqual([HostFrame.screen, HostFrame.resumed, HostFrame.ping])
  })

  it('resumes from one for a blank disk at its first start alone, and no second one of its kind does', async () => {
    const { bench, fake } = await started(withGolden('primary', { blankDisk: true }), 'primary')
    expect(fake.bootstrap.resume).toMatchObject({ kind: 'golden', blankDisk: true })
    fake.says({ kind: 'running' })
    expect(resumedFields(fake)).toMatchObject({ hostname: 'primary', shown: true })
    await bench.call({ name: 'create', args: { config: { appliance: 'primary' } } })
    void bench.on('primary-2', 'start')
    await bench.settle()
    expect(bench.latest('primary-2').bootstrap.resume).toBeUndefined()
    await bench.on('primary', 'kill')
    void bench.on('primary', 'start')
    await bench.settle()
    expect(bench.latest('primary').bootstrap.resume).toBeUndefined()
    expect(bench.info('primary').origin).toEqual({ kind: 'boot', why: undefined })
  })

  it('gets a new identity from it, where a reset boots; only a disposable does', async () => {
    const { bench, fake } = await started(withGolden('web'))
    fake.says({ kind: 'running' })
    void bench.on('web', 'newIdentity')
    await bench.settle()
    const fresh = bench.latest('web')
    expect(fake.terminated).toBe(true)
    expect([fresh === fake, fresh.bootstrap.resume]).toMatchObject([false, { kind: 'golden' }])
    fresh.says({ kind: 'running' })
    void bench.on('web', 'reset')
    await bench.settle()
    expect(bench.latest('web').bootstrap.resume).toBeUndefined()
    expect(await bench.on('vault', 'newIdentity')).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
  })

  it('is another machine than a second one of the same state', async () => {
    const { bench, fake } = await started(withGolden('web'))
    await bench.call({ name: 'create', args: { config: { appliance: 'web' } } })
    void bench.on('web-2', 'start')
    await bench.settle()
    const second = bench.latest('web-2')
    for (const each of [fake, second]) each.says({ kind: 'running' })
    const [a, b] = [resumedFields(fake), resumedFields(second)]
    expect(b.hostname).toBe('web-2')
    expect(b.mac).not.toBe(a.mac)
    expect([...b.entropy]).not.toEqual([...a.entropy])
  })

  it('is ready when its agent has applied that, and then has an agent to shut it down', async () => {
    const { bench, fake } = await started(withGolden('web'))
    fake.says({ kind: 'running' })
    fake.frame(GuestFrame.pong, new ByteWriter().u32(7))
    expect(bench.info('web').ready).toBe(false)
    await bench.pass(30)
    pong(fake)
    expect(bench.info('web')).toMatchObject({ ready: true, readyAfterMs: 30 })
    expect(bench.journal.join('\n')).toContain('Web is ready after 30 ms, resumed from its golden snapshot.')
    void bench.on('web', 'shutdown')
    expect(fake.agentFrames).toContain(HostFrame.shutdown)
  })

  it('taken at its checkpoint is ready when its first screen is up', async () => {
    const { bench, fake } = await started(withGolden('primary', { stage: 'checkpoint' }), 'primary')
    fake.says({ kind: 'running' })
    pong(fake)
    expect(bench.info('primary').ready).toBe(false)
    fake.frame(GuestFrame.ready)
    expect(bench.info('primary').ready).toBe(true)
  })

  it('boots when it is reset or restarts itself, since that is what was asked for', async () => {
    const { bench, fake } = await started(withGolden('web'))
    fake.says({ kind: 'running' })
    void bench.on('web', 'reset')
    await bench.settle()
    expect(bench.latest('web').bootstrap.resume).toBeUndefined()
    bench.latest('web').comesUp()
    bench.latest('web').says({ kind: 'reset-requested' })
    await bench.settle()
    expect(bench.spawned).toHaveLength(3)
    expect(bench.latest('web').bootstrap.resume).toBeUndefined()
    expect(bench.info('web').origin).toEqual({ kind: 'boot', why: undefined })
  })
})

describe('a domain boots and says why', () => {
  const boots = async (given: HandOff, id = 'web'): Promise<string> => {
    const { bench, fake } = await started(given, id)
    expect(fake.bootstrap.resume).toBeUndefined()
    expect(fake.bootstrap.spec.boot.kind).toBe('multiboot')
    const { origin } = bench.info(id)
    if (origin?.kind !== 'boot' || origin.why === undefined) throw new Error('it does not say why')
    expect(bench.journal.join('\n')).toContain(`boots cold: ${origin.why}.`)
    return origin.why
  }

  it('where the golden is of another memory size', async () => {
    const given = withGolden('web')
    const [golden] = given.goldens
    if (golden === undefined) throw new Error('unreachable')
    const other = { ...golden, machine: { ...golden.machine, memoryMiB: 48 } }
    expect(await boots({ ...given, goldens: [other] })).toContain('48 MiB, not 64')
  })

  it('where it is of another engine', async () => {
    const given = withGolden('web')
    expect(await boots({ ...given, engine: { ...given.engine, sha256: 'ee'.repeat(32) } })).toContain(
      'another machine: engine',
    )
  })

  it('where the firmware refused it', async () => {
    const reason = { kind: 'mismatch', expectedSha256: 'aa', actualSha256: 'bb' } as const
    const given = handOff({ refusedGoldens: [{ appliance: 'web', reason }] })
    expect(await boots(given)).toBe(
      'its golden snapshot was refused: its SHA-256 is not the one that the build noted',
    )
  })

  it('where its own disk is not the one that the state knows', async () => {
    const given = withGolden('primary', { stage: 'checkpoint' })
    const bench = new Bench()
    await bench.handOff(given)
    await bench.call({ name: 'create', args: { config: { appliance: 'primary', memoryMiB: 64 } } })
    void bench.on('primary-2', 'start')
    await bench.settle()
    expect(bench.latest('primary-2').bootstrap.resume).toBeUndefined()
    expect(bench.info('primary-2').origin).toMatchObject({ kind: 'boot' })
  })

  it('where the machine itself finds that the state does not restore, within the same start and from then on', async () => {
    const { bench, fake } = await started(withGolden('web'))
    fake.says({
      kind: 'not-resumed',
      fault: { kind: 'damaged', message: 'The state file is damaged: cut off.' },
    })
    await bench.settle()
    expect(fake.terminated).toBe(true)
    const second = bench.latest('web')
    expect(second).not.toBe(fake)
    expect(second.bootstrap.resume).toBeUndefined()
    second.comesUp()
    expect(bench.info('web')).toMatchObject({
      state: 'running',
      ready: true,
      crash: undefined,
      origin: {
        kind: 'boot',
        why: 'its golden snapshot does not restore: The state file is damaged: cut off',
      },
    })
    await bench.on('web', 'kill')
    void bench.on('web', 'start')
    await bench.settle()
    expect(bench.latest('web').bootstrap.resume).toBeUndefined()
  })

  it('where this build has none of it', async () => {
    expect(await boots(handOff())).toBe('this build has no golden snapshot of it')
  })
})

it('goes on where a guest waits at a checkpoint that nobody took', async () => {
  const bench = new Bench()
  await bench.handOff(handOff())
  const fake = await bench.up('primary')
  fake.frame(GuestFrame.checkpoint)
  expect(resumedFields(fake).hostname).toBe('primary')
})
