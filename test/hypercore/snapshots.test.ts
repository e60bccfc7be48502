/** Snapshots as HyperCore deals with them: who may, in which order, and what becomes of it when something fails. */

import { beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/protocol/fault.ts'
import type { SnapshotInfo, SnapshotsReport } from '../../src/protocol/snapshot.ts'
import type { CallRequest } from '../../src/protocol/supervisor.ts'
import { Bench, handOff, idOf, type FakeDomain } from './bench-board.ts'

const ID = 'ab'.repeat(16)

function info(more: Partial<SnapshotInfo> = {}): SnapshotInfo {
  return {
    id: ID,
    domain: 'management',
    appliance: 'management',
    parent: undefined,
    name: 'first',
    note: '',
    time: 5,
    machine: { engine: '', memoryMiB: 64, devices: '' },
    automatic: false,
    imageBytes: 2 ** 26,
    ownBytes: 4096,
    sharedBytes: 0,
    state: 'sound',
    ...more,
  }
}

function fails(kind: Fault['kind'], words = ''): object {
  return { ok: false, error: { kind, message: expect.stringContaining(words) } }
}

let bench: Bench

beforeEach(() => {
  bench = new Bench()
})

function report(): SnapshotsReport | undefined {
  const event = bench.events.findLast(({ type }) => type === 'snapshots')
  return event?.type === 'snapshots' ? event.report : undefined
}

function snapshot(id: string, name = 'first') {
  return bench.call({
    name: 'snapshot',
    args: { id: idOf(id), name, note: '', thumbnail: new Uint8Array() },
  })
}

/** What the domain's worker answers the newest capture with. */
function captures(domain: FakeDomain, message?: string): void {
  const request = domain.requests.findLast(({ kind }) => kind === 'capture')
  if (request?.kind !== 'capture') throw new Error('no capture was asked for')
  const { captureId } = request
  domain.says(
    message === undefined
      ? { kind: 'captured', captureId, pauseMs: 7, changedPages: 3 }
      : { kind: 'capture-refused', captureId, message },
  )
}

function resumeOf(domain: FakeDomain) {
  const { resume } = domain.bootstrap
  return resume?.kind === 'state' ? resume : undefined
}

describe('a snapshot', () => {
  it('is of a running domain, is stored with its parent, and is told with its pause', async () => {
    await bench.handOff(handOff())
    const guest = await bench.up('management')
    const first = snapshot('management')
    await bench.settle()
    captures(guest)
    bench.store.snapshots = [info()]
    bench.store.says('save', { ok: true, value: ID })
    expect(await first).toEqual({ ok: true, value: { id: ID, pauseMs: 7, changedPages: 3 } })
    expect(report()?.current).toEqual([['management', ID]])
    const second = snapshot('management', '  second ')
    await bench.settle()
    expect(bench.store.latest('save')).toMatchObject({
      options: { name: 'second', parent: ID, domain: 'management', automatic: false, replaces: undefined },
    })
    captures(guest, 'Its disk is busy.')
    await bench.settle()
    expect(bench.store.abandoned).toHaveLength(1)
    bench.store.says('save', { ok: false, error: { kind: 'truncated', message: 'It ended.' } })
    expect(await second).toMatchObject(fails('failed', 'Its disk is busy'))
  })

  it('that a guest asks for has the page’s picture too, or none where the page does not answer', async () => {
    await bench.handOff(handOff())
    const management = await bench.up('management')
    const wanted = () => {
      const event = bench.events.findLast(({ type }) => type === 'picture-wanted')
      if (event?.type !== 'picture-wanted') throw new Error('no picture was asked for')
      return event
    }
    management.call('snapshot', 'management', 'mine')
    await bench.settle()
    expect(wanted().id).toBe('management')
    expect(bench.store.calls.map(({ name }) => name)).not.toContain('save')
    const picture = new Uint8Array([0x89, 0x50])
    await bench.call({ name: 'answerPicture', args: { request: wanted().request, picture } })
    await bench.settle()
    expect(bench.store.latest('save')).toMatchObject({ options: { name: 'mine', thumbnail: picture } })
    captures(management)
    bench.store.says('save', { ok: true, value: ID })
    await bench.settle()
    management.call('snapshot', 'management', 'late')
    await bench.pass(1000)
    expect(bench.store.latest('save')).toMatchObject({
      options: { name: 'late', thumbnail: new Uint8Array() },
    })
  })

  it('shows how far its file is on its way, and a cancelled one is given up', async () => {
    bench.store.snapshots = [info({ name: 'to/take along' })]
    await bench.handOff(handOff())
    const onTheirWay = () => {
      const event = bench.events.findLast(({ type }) => type === 'transfers')
      return event?.type === 'transfers' ? event.transfers : []
    }
    const exported = bench.call({ name: 'exportSnapshot', args: { snapshotId: ID } })
    await bench.settle()
    await bench.pass(1000)
    bench.store.progress('export', 4096, 8192)
    expect(onTheirWay()).toMatchObject([
      {
        what: 'snapshot',
        source: 'management',
        destination: 'host',
        file: 'take along',
        doneBytes: 4096,
        totalBytes: 8192,
      },
    ])
    const file = new Blob(['a snapshot'])
    bench.store.says('export', { ok: true, value: file })
    expect(await exported).toEqual({ ok: true, value: file })
    expect(onTheirWay()).toEqual([])

    const imported = bench.call({ name: 'importSnapshot', args: { id: idOf('management'), file } })
    await bench.settle()
    const [{ id } = { id: 0 }] = onTheirWay()
    await bench.call({ name: 'cancelTransfer', args: { transfer: id } })
    expect(bench.store.abandoned).toEqual([])
    bench.store.progress('import', 1, 10)
    expect(bench.store.abandoned).toHaveLength(1)
    bench.store.says('import', { ok: false, error: { kind: 'stopped', message: 'It was cancelled.' } })
    expect(await imported).toMatchObject(fails('failed', 'cancelled'))
    expect(onTheirWay()).toEqual([])
  })

  it('is described anew: its text is checked, and what is listed afterwards is told', async () => {
    bench.store.snapshots = [info()]
    await bench.handOff(handOff())
    const describeIt = (name: unknown, note: unknown) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a caller without types may send
      bench.call({ name: 'describeSnapshot', args: { snapshotId: ID, name, note } } as CallRequest)
    const done = describeIt('  Tools built ', 'before the\nfork bomb')
    await bench.settle()
    expect(bench.store.latest('describe')).toEqual({
      id: ID,
      name: 'Tools built',
      note: 'before the\nfork bomb',
    })
    bench.store.snapshots = [info({ name: 'Tools built', note: 'before the\nfork bomb' })]
    bench.store.says('describe', { ok: true, value: undefined })
    expect(await done).toEqual({ ok: true, value: undefined })
    expect(report()?.snapshots).toMatchObject([{ name: 'Tools built', note: 'before the\nfork bomb' }])

    const asked = bench.store.calls.length
    for (const [name, note] of [
      ['', ''],
      ['   ', ''],
      ['a\u0007b', ''],
      ['x'.repeat(201), ''],
      [7, ''],
      ['good', 'x'.repeat(4001)],
    ])
      expect(await describeIt(name, note)).toMatchObject(fails('malformed', 'printable'))
    expect(bench.store.calls).toHaveLength(asked)
  })

  it('is stored whole where what it was compared with has been removed', async () => {
    await bench.handOff(handOff())
    const guest = await bench.up('management')
    const taken = snapshot('management')
    await bench.settle()
    captures(guest)
    bench.store.says('save', { ok: false, error: { kind: 'missing', message: 'gone' } })
    await bench.settle()
    captures(guest)
    bench.store.says('save', { ok: true, value: ID })
    expect(await taken).toMatchObject({ ok: true })
  })

  it('is refused of what is off, of a vault, with a bad name, and where nothing can be kept', async () => {
    await bench.handOff(handOff())
    expect(await snapshot('management')).toMatchObject(fails('illegal-state', 'running or paused'))
    expect(await snapshot('vault')).toMatchObject(fails('forbidden', 'holds the key'))
    expect(await snapshot('management', '  ')).toMatchObject(fails('malformed'))
    // The public interface is spoken from a browser's console, too, where nothing checks types.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what no TypeScript would pass
    expect(await snapshot('management', { name: 'one' } as unknown as string)).toMatchObject(
      fails('malformed'),
    )
    expect(await snapshot('nobody')).toMatchObject(fails('no-such-domain'))
    const other = new Bench()
    const platform = {
      ...handOff().platform,
      storage: { kind: 'memory', why: 'a private window', remedy: '' } as const,
    }
    await other.handOff(handOff({ platform }))
    const refused = await other.call({
      name: 'snapshot',
      args: { id: idOf('management'), name: 'a', note: '', thumbnail: new Uint8Array() },
    })
    expect(refused).toMatchObject(fails('failed', 'a private window'))
  })

  it('fails in words, and the next call finds a new worker, where the store dies', async () => {
    await bench.handOff(handOff())
    const guest = await bench.up('management')
    const taken = snapshot('management')
    await bench.settle()
    captures(guest)
    bench.store.dies('out of memory')
    expect(await taken).toMatchObject(fails('failed', 'out of memory'))
    expect(guest.kinds.at(-1)).toBe('abandon-capture')
    expect(bench.store.spawned).toBe(2)
  })

  it('under way ends with its domain', async () => {
    await bench.handOff(handOff())
    await bench.up('management')
    const taken = snapshot('management')
    await bench.settle()
    await bench.on('management', 'kill')
    expect(bench.store.abandoned.length).toBeGreaterThan(0)
    bench.store.says('save', { ok: false, error: { kind: 'truncated', message: 'It ended.' } })
    expect(await taken).toMatchObject(fails('illegal-state', 'was ended'))
  })

  it('leaves a copy of its memory in use, which the next start hears of', async () => {
    await bench.handOff(handOff())
    await bench.up('management')
    const taken = snapshot('management')
    await bench.settle()
    bench.latest('management').says({ kind: 'captured', captureId: 1, pauseMs: 1, changedPages: 1 })
    bench.store.says('save', { ok: true, value: ID })
    expect((await taken).ok).toBe(true)
    const created = await bench.call({
      name: 'create',
      args: { config: { appliance: 'management', memoryMiB: 2048, name: 'Large' } },
    })
    const large = created.ok ? String(created.value) : ''
    expect(await bench.on(large, 'start')).toMatchObject(
      fails('over-budget', '(Management 64, Management’s last snapshot 64)'),
    )
  })
})

describe('a restore', () => {
  beforeEach(async () => {
    bench.store.snapshots = [info()]
    await bench.handOff(handOff())
  })

  it('gives up the present life only when everything of the snapshot is read', async () => {
    const guest = await bench.up('management')
    const bad = bench.call({ name: 'restore', args: { snapshotId: ID } })
    await bench.settle()
    bench.store.says('load', { ok: false, error: { kind: 'corrupt', message: 'A page is damaged.' } })
    expect(await bad).toMatchObject(fails('failed', 'damaged'))
    expect(guest.terminated).toBe(false)

    const good = bench.call({ name: 'restore', args: { snapshotId: ID } })
    await bench.settle()
    expect(guest.terminated).toBe(false)
    bench.store.says('load', { ok: true, value: undefined })
    await bench.settle()
    expect(guest.terminated).toBe(true)
    const fresh = bench.latest('management')
    expect(resumeOf(fresh)).toMatchObject({ disks: 'from-state' })
    fresh.says({ kind: 'running' })
    expect(await good).toEqual({ ok: true, value: 'management' })
    expect(report()?.current).toEqual([['management', ID]])
  })

  it('waits until a disk that is kept can be opened again, but not for ever', async () => {
    bench = new Bench()
    const machine = { engine: '', memoryMiB: 96, devices: 'hdb writable 8192, cdrom none' }
    bench.store.snapshots = [info({ domain: 'primary', appliance: 'primary', machine })]
    await bench.handOff(handOff())
    for (const answers of [true, false]) {
      if (bench.info('primary').state !== 'running') await bench.up('primary')
      const guest = bench.latest('primary')
      void bench.call({ name: 'restore', args: { snapshotId: ID } })
      await bench.settle()
      bench.store.says('load', { ok: true, value: undefined })
      await bench.settle()
      expect(guest.kinds.at(-1)).toBe('let-go')
      expect(guest.terminated).toBe(false)
      if (answers) guest.says({ kind: 'let-go' })
      else await bench.pass(1000)
      await bench.settle()
      expect(guest.terminated).toBe(true)
      bench.latest('primary').says({ kind: 'running' })
      await bench.settle()
    }
  })

  it('says why where the machine refuses the state, and starts nothing in its place', async () => {
    const restored = bench.call({ name: 'restore', args: { snapshotId: ID } })
    await bench.settle()
    bench.store.says('load', { ok: true, value: undefined })
    await bench.settle()
    bench.latest('management').says({
      kind: 'not-resumed',
      fault: { kind: 'damaged', message: 'The state is damaged: a field.' },
    })
    expect(await restored).toMatchObject(fails('failed', 'The state is damaged: a field'))
    expect(bench.info('management').state).toBe('crashed')
  })

  it('makes a domain that is gone anew, under its own id', async () => {
    bench = new Bench()
    const machine = { engine: '', memoryMiB: 96, devices: 'hdb writable 8192, cdrom none' }
    bench.store.snapshots = [info({ domain: 'primary-4', appliance: 'primary', machine })]
    await bench.handOff(handOff())
    const restored = bench.call({ name: 'restore', args: { snapshotId: ID } })
    await bench.settle()
    bench.store.says('load', { ok: true, value: undefined })
    await bench.settle()
    const made = bench.latest('primary-4')
    expect(made.bootstrap.spec).toMatchObject({ memoryMiB: 96, hdb: { kind: 'volatile', bytes: 8192 } })
    made.says({ kind: 'running' })
    expect(await restored).toEqual({ ok: true, value: 'primary-4' })
    expect(bench.info('primary-4').name).toBe('Primary 4')
  })

  it('of what is not there is refused', async () => {
    const gone = bench.call({ name: 'restore', args: { snapshotId: 'cd'.repeat(16) } })
    expect(await gone).toMatchObject(fails('failed', 'not kept'))
  })
})

describe('a clone', () => {
  it('starts from what its origin sends, and is taken away again where that fails', async () => {
    await bench.handOff(handOff())
    const origin = await bench.up('management')
    const cloned = bench.on('management', 'clone')
    await bench.settle()
    const twin = bench.latest('management-2')
    expect(resumeOf(twin)).toMatchObject({ disks: 'from-state' })
    captures(origin)
    twin.says({ kind: 'running' })
    expect(await cloned).toEqual({ ok: true, value: 'management-2' })

    const failing = bench.on('management', 'clone')
    await bench.settle()
    captures(origin, 'not now')
    expect(await failing).toMatchObject(fails('failed', 'not now'))
    expect(bench.latest('management-3').terminated).toBe(true)
    expect(bench.events.at(-1)).toEqual({ type: 'domain-removed', id: 'management-3' })
  })

  it('is refused of a vault and of what does not run', async () => {
    await bench.handOff(handOff())
    expect(await bench.on('vault', 'clone')).toMatchObject(fails('forbidden', 'holds the key'))
    expect(await bench.on('web', 'clone')).toMatchObject(fails('illegal-state'))
  })
})

describe('hibernation', () => {
  const automatic = info({ automatic: true, name: 'Hibernation' })

  it('is refused of disposables and of the vault', async () => {
    await bench.handOff(handOff())
    for (const [id, words] of [
      ['web', 'disposable'],
      ['vault', 'holds the key'],
    ] as const) {
      const refused = await bench.call({ name: 'setHibernate', args: { id: idOf(id), on: true } })
      expect(refused).toMatchObject(fails('forbidden', words))
    }
  })

  it('takes one at once, another when time has passed or the page is left, each in place of the last', async () => {
    await bench.handOff(handOff())
    const guest = await bench.up('management')
    const chosen = bench.call({ name: 'setHibernate', args: { id: idOf('management'), on: true } })
    await bench.settle()
    expect(bench.store.latest('save').options).toMatchObject({ automatic: true, replaces: undefined })
    captures(guest)
    bench.store.snapshots = [automatic]
    bench.store.says('save', { ok: true, value: ID })
    expect(await chosen).toEqual({ ok: true, value: undefined })
    expect(report()?.hibernating).toEqual(['management'])

    for (let second = 0; second < 61; second += 1) {
      await bench.pass(1000, 500)
      guest.says({ kind: 'pong', nonce: 0 })
    }
    expect(bench.store.latest('save').options).toMatchObject({ automatic: true, replaces: ID })
    expect(bench.store.calls.filter(({ name }) => name === 'save')).toHaveLength(2)
    captures(guest)
    bench.store.says('save', { ok: true, value: ID })
    await bench.settle()
    const left = bench.call({ name: 'leaving', args: {} })
    await bench.settle()
    captures(guest)
    bench.store.says('save', { ok: true, value: ID })
    expect(await left).toMatchObject({ ok: true })
  })

  it('goes on from there at the next start, if the disk is still what it was', async () => {
    bench.store.snapshots = [automatic]
    await bench.handOff(handOff({}, ['management']), ['management'])
    bench.store.says('load', { ok: true, value: undefined })
    await bench.settle()
    const guest = bench.latest('management')
    expect(resumeOf(guest)).toMatchObject({ disks: 'unchanged' })
    guest.says({ kind: 'running' })
    await bench.settle()
    expect(bench.journal.join('\n')).toContain('goes on where it was left')
  })

  it('starts afresh, says so and forgets what no longer fits', async () => {
    bench.store.snapshots = [automatic]
    bench.store.answers.set('remove', () => ({ ok: true, value: undefined }))
    await bench.handOff(handOff({}, ['management']), ['management'])
    bench.store.says('load', { ok: true, value: undefined })
    await bench.settle()
    bench.latest('management').says({
      kind: 'not-resumed',
      fault: { kind: 'mismatch', message: 'Its disk has changed since.' },
    })
    await bench.settle()
    expect(bench.journal.join('\n')).toMatch(/starts afresh: .*disk has changed/)
    expect(bench.latest('management').bootstrap.resume).toBeUndefined()
    expect(bench.store.calls.some(({ name }) => name === 'remove')).toBe(true)
  })

  it('ends with a shutdown: the next start is a start', async () => {
    bench.store.snapshots = [automatic]
    bench.store.answers.set('remove', () => {
      bench.store.snapshots = []
      return { ok: true, value: undefined }
    })
    await bench.handOff(handOff(), ['management'])
    await bench.up('management')
    await bench.on('management', 'kill')
    await bench.settle()
    expect(bench.store.latest('remove')).toEqual({ id: ID })
    expect(report()?.snapshots).toEqual([])
    expect(report()?.hibernating).toEqual(['management'])
  })
})
