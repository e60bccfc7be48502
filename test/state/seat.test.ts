import { describe, expect, it } from 'vitest'
import { LONGEST_ASIDE_MS, type ConsoleRequest, type DisplayRequest } from '../../src/protocol/channels.ts'
import type { DomainInfo } from '../../src/protocol/domain.ts'
import { FaultError } from '../../src/protocol/fault.ts'
import type { SupervisorEvent } from '../../src/protocol/supervisor.ts'
import { createHypercore } from '../../src/state/hypercore-api.ts'
import { JOURNAL_LIMIT, memoryInUseMiB } from '../../src/state/machine-store.ts'
import { Seat } from '../../src/state/seat.ts'
import { domain, handOff, id, stats } from './domain-fixtures.ts'
import { FakeEnvironment, FakePort } from './fake-environment.ts'
import { FakeWorker } from './fake-worker.ts'

const PRIMARY = domain('primary', { shortcut: 1 })
const WEB = domain('web', { shortcut: 2, view: 'screen' })
const VAULT = domain('vault', { shortcut: 5 })

function setUp(options: { readonly preferredFocus?: string; readonly domains?: readonly DomainInfo[] } = {}) {
  const environment = new FakeEnvironment()
  const seat = new Seat(environment)
  const worker = new FakeWorker()
  const tell = (event: SupervisorEvent): void => worker.say({ kind: 'event', event })
  const change = (changed: DomainInfo): void => tell({ type: 'domain-changed', domain: changed })
  const connect = (): void => {
    seat.connect(worker, handOff(), { preferredFocus: options.preferredFocus })
    tell({ type: 'ready', memoryBudgetMiB: 400 })
    for (const known of options.domains ?? [PRIMARY, WEB, VAULT]) change(known)
  }
  const openPorts = (name: string) => {
    const ports = { console: new FakePort<ConsoleRequest>(), display: new FakePort<DisplayRequest>() }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the part of a MessagePort that a session uses
    const event = { type: 'domain-ports', id: id(name), ...ports } as unknown as SupervisorEvent
    tell(event)
    return ports
  }
  const focusCalls = (): string[] =>
    worker.sent.flatMap((request) =>
      request.kind === 'call' && request.call.name === 'focus' ? [request.call.args.id] : [],
    )
  const answerFocusCalls = (): void => {
    for (const request of worker.sent)
      if (request.kind === 'call') worker.say({ kind: 'returned', callId: request.callId, value: undefined })
  }
  return { environment, seat, worker, tell, change, connect, openPorts, focusCalls, answerFocusCalls }
}

function connected(options: Parameters<typeof setUp>[0] = {}) {
  const all = setUp(options)
  all.connect()
  return all
}

const focused = (seat: Seat): string | undefined => seat.store.getState().focusedId

describe('seat', () => {
  it('hands off first and once, and is ready when HyperCore says so', async () => {
    const { seat, worker, connect, tell } = setUp()
    expect(seat.store.getState().phase).toBe('firmware')
    connect()
    tell({ type: 'ready', memoryBudgetMiB: 400 })
    await seat.ready
    expect(worker.sent[0]?.kind).toBe('hand-off')
    expect(seat.store.getState()).toMatchObject({ phase: 'running', memoryBudgetMiB: 400 })
    expect(() => seat.connect(worker, handOff())).toThrow('once')
  })

  it('lists domains by shortcut, those without behind', () => {
    const { seat } = connected({
      domains: [domain('web-2', { appliance: 'web' }), VAULT, WEB, domain('aaa'), PRIMARY],
    })
    expect(seat.store.getState().domains.map((known) => known.id)).toEqual([
      'primary',
      'web',
      'vault',
      'aaa',
      'web-2',
    ])
  })

  it('halts with the reason when the worker dies, and everything that waits rejects', async () => {
    const { seat, worker, openPorts } = connected()
    openPorts('web')
    const wait = seat.console('web')?.waitFor('never')
    worker.die('boom')
    await expect(wait).rejects.toBeInstanceOf(FaultError)
    expect(seat.store.getState()).toMatchObject({ phase: 'halted', haltReason: 'boom' })
  })

  it('rejects `ready` when HyperCore dies before it took over', async () => {
    const { seat, worker } = setUp()
    seat.connect(worker, handOff())
    worker.die('no memory')
    await expect(seat.ready).rejects.toThrow('no memory')
  })

  it('refuses calls before the hand-off with illegal-state', async () => {
    const { seat } = setUp()
    await expect(seat.call('start', { id: id('web') })).rejects.toMatchObject({ kind: 'illegal-state' })
  })

  it('keeps a journal of bounded length', () => {
    const { seat, tell } = connected()
    for (let at = 0; at < JOURNAL_LIMIT + 10; at++)
      tell({ type: 'log', at, level: 'info', text: `line ${at}`, id: undefined })
    const { journal } = seat.store.getState()
    expect(journal).toHaveLength(JOURNAL_LIMIT)
    expect(journal.at(-1)?.text).toBe(`line ${JOURNAL_LIMIT + 9}`)
  })

  it('counts the memory of live domains', () => {
    const { seat, change } = connected()
    expect(memoryInUseMiB(seat.store.getState())).toBe(192)
    change({ ...VAULT, state: 'off' })
    expect(memoryInUseMiB(seat.store.getState())).toBe(128)
  })
})

describe('focus', () => {
  it('is first where the firmware’s settings say', () => {
    const { seat, focusCalls } = connected()
    expect(focused(seat)).toBe('primary')
    expect(focusCalls()).toEqual(['primary'])
  })

  it('is where a link says, though that domain comes last', () => {
    const { seat } = connected({ preferredFocus: 'vault' })
    expect(focused(seat)).toBe('vault')
  })

  it('falls to the first domain that comes while the wanted one does not', () => {
    const { seat, change } = connected({ preferredFocus: 'messaging' })
    expect(focused(seat)).toBe('primary')
    change(domain('messaging', { shortcut: 3 }))
    expect(focused(seat)).toBe('messaging')
  })

  it('stays where a person put it, though the wanted domain comes later', () => {
    const { seat, change } = connected({ preferredFocus: 'messaging' })
    seat.focus('web')
    change(domain('messaging', { shortcut: 3 }))
    expect(focused(seat)).toBe('web')
  })

  it('changes on the page before the supervisor is told', () => {
    const { seat, focusCalls } = connected()
    const told: number[] = []
    seat.store.subscribe((state) => {
      if (state.focusedId === 'web') told.push(focusCalls().length)
    })
    seat.focus('web', 123)
    expect(told[0]).toBe(1) // the first screen's call alone
    expect(focusCalls()).toEqual(['primary', 'web'])
    expect(seat.store.getState().focusChange).toEqual({ from: 'primary', to: 'web', startedAt: 123 })
    expect(seat.domain('web')?.focused).toBe(true)
    expect(seat.domain('primary')?.focused).toBe(false)
  })

  it('is not moved by what the supervisor said before it heard of ours', () => {
    const { seat, change } = connected()
    seat.focus('web')
    change({ ...PRIMARY, focused: true })
    expect(focused(seat)).toBe('web')
  })

  it('follows a guest’s request to the supervisor', () => {
    const { seat, change, answerFocusCalls } = connected()
    answerFocusCalls()
    change({ ...VAULT, focused: true })
    expect(focused(seat)).toBe('vault')
  })

  it('toggles between the primary system and the last appliance', () => {
    const { seat } = connected()
    seat.focus('vault')
    seat.focus('web')
    const seen: (string | undefined)[] = []
    for (let count = 0; count < 3; count++) {
      seat.toggle()
      seen.push(focused(seat))
    }
    expect(seen).toEqual(['primary', 'web', 'primary'])
  })

  it('toggles to another domain where no appliance was seen yet', () => {
    const { seat } = connected()
    expect(seat.toggle()).toBe(true)
    expect(focused(seat)).toBe('web')
  })

  it('goes by shortcut, and nowhere for a digit that nobody has', () => {
    const { seat } = connected()
    expect(seat.focusShortcut(5)).toBe(true)
    expect(focused(seat)).toBe('vault')
    expect(seat.focusShortcut(9)).toBe(false)
    expect(seat.focus('nobody')).toBe(false)
    expect(focused(seat)).toBe('vault')
  })

  it('falls to the primary system when its domain is removed', () => {
    const { seat, tell } = connected()
    seat.focus('web')
    tell({ type: 'domain-removed', id: id('web') })
    expect(focused(seat)).toBe('primary')
    expect(seat.store.getState().lastApplianceId).toBeUndefined()
  })

  it('gives the focused domain’s shown view, and no other, its credits and its back-pressure', () => {
    const { seat, openPorts } = connected()
    const web = openPorts('web')
    const vault = openPorts('vault')
    seat.focus('web')
    expect(seat.console('web')?.foreground()).toBe(false)
    seat.setView(id('web'), 'terminal')
    expect(seat.console('web')?.foreground()).toBe(true)
    expect(web.display.sent.filter(({ kind }) => kind === 'credit')).toHaveLength(1)
    seat.focus('vault')
    expect(seat.console('web')?.foreground()).toBe(false)
    expect(seat.console('vault')?.foreground()).toBe(true)
    expect(vault.display.sent.filter(({ kind }) => kind === 'credit')).toHaveLength(0)
  })

  it('has the other guest in front before any guest hears of a switch', () => {
    const { seat, openPorts } = connected()
    const ports = [openPorts('web'), openPorts('vault')]
    const said = (): number => ports.reduce((sum, { display }) => sum + display.sent.length, 0)
    seat.focus('vault')
    const before = said()
    const saidByThen: number[] = []
    seat.store.subscribe(({ focusedId }) => {
      if (focusedId === 'web') saidByThen.push(said())
    })
    seat.focus('web')
    expect(saidByThen[0]).toBe(before)
    expect(said()).toBeGreaterThan(before)
  })

  it('has every guest stand aside for a switch, until it is painted', () => {
    const { seat, openPorts } = connected()
    const ports = [openPorts('web'), openPorts('vault')]
    const asked = (): unknown[] =>
      ports.map(({ display }) =>
        display.sent.flatMap((request) => (request.kind === 'stand-aside' ? [request.forMs] : [])),
      )
    seat.focus('web')
    expect(asked()).toEqual([[LONGEST_ASIDE_MS], [LONGEST_ASIDE_MS]])
    seat.switchPainted()
    expect(asked()).toEqual([
      [LONGEST_ASIDE_MS, 0],
      [LONGEST_ASIDE_MS, 0],
    ])
  })
})

describe('window.hypercore', () => {
  it('lists, waits, writes and reads', async () => {
    const { seat, openPorts } = connected()
    const api = createHypercore(seat, '1.2.3')
    const { console } = openPorts('web')
    expect(api.version).toBe('1.2.3')
    expect(api.domains().map((known) => known.id)).toEqual(['primary', 'web', 'vault'])
    api.console('web').write('uname\r')
    expect(console.take()).toEqual([{ kind: 'input', bytes: new TextEncoder().encode('uname\r') }])
    const wait = api.console('web').waitFor(/Linux \S+/)
    console.deliver({
      kind: 'output',
      bytes: new TextEncoder().encode('uname\r\n\x1b[1mLinux\x1b[m web\r\n'),
    })
    await expect(wait).resolves.toBe('Linux web')
    expect(api.console('web').text()).toBe('uname\nLinux web\n')
  })

  it('rejects, and throws where it answers at once, no-such-domain with the names there are', async () => {
    const api = createHypercore(connected().seat, '1')
    await expect(api.start('nobody')).rejects.toMatchObject({
      kind: 'no-such-domain',
      message: expect.stringContaining('primary, web, vault'),
    })
    await expect(api.focus('nobody')).rejects.toMatchObject({ kind: 'no-such-domain' })
    expect(() => api.stats('nobody')).toThrow(FaultError)
    expect(() => api.console('nobody')).toThrow(FaultError)
  })

  it('passes calls on and settles as they do', async () => {
    const { seat, worker } = connected()
    const api = createHypercore(seat, '1')
    const created = api.create({ appliance: 'web' })
    worker.say({ kind: 'returned', callId: worker.callIdOf('create'), value: id('web-2') })
    await expect(created).resolves.toBe('web-2')
    const killed = api.kill('web')
    await Promise.resolve()
    worker.say({
      kind: 'failed',
      callId: worker.callIdOf('kill'),
      fault: { kind: 'illegal-state', message: 'off' },
    })
    await expect(killed).rejects.toMatchObject({ kind: 'illegal-state' })
  })

  it('tells of domains, crashes, samples and removals', () => {
    const { seat, change, tell } = connected()
    const api = createHypercore(seat, '1')
    const seen: string[] = []
    api.on('domain', (event) => seen.push(`domain ${event.id} ${event.state}`))
    api.on('crash', (event) => seen.push(`crash ${event.id}`))
    api.on('stats', (event) => seen.push(`stats ${event.id} ${event.stats.mips}`))
    const off = api.on('removed', (event) => seen.push(`removed ${event.id}`))
    change({ ...WEB, state: 'crashed' })
    change({ ...WEB, state: 'crashed', memoryBytes: 1 })
    tell({ type: 'stats', stats: [[id('vault'), stats(1000)]] })
    tell({ type: 'domain-removed', id: id('web') })
    off()
    tell({ type: 'domain-removed', id: id('vault') })
    expect(seen).toEqual([
      'domain web crashed',
      'crash web',
      'domain web crashed',
      'stats vault 100',
      'removed web',
    ])
    expect(() => api.stats('vault')).toThrow(FaultError)
  })

  it('answers not-implemented for what is not built', async () => {
    const { seat } = connected()
    const api = createHypercore(seat, '1')
    const fault = expect.objectContaining({ kind: 'not-implemented' })
    expect(() => api.measurements()).toThrow(fault)
    await expect(api.exits('web')[Symbol.asyncIterator]().next()).rejects.toEqual(fault)
  })

  it('takes screenshots from whoever draws, and says so where nobody does', async () => {
    const { seat } = connected()
    const api = createHypercore(seat, '1')
    await expect(api.screenshot('web')).rejects.toMatchObject({ kind: 'illegal-state' })
    seat.setScreenshot(async (shot) => new Blob([shot]))
    await expect((await api.screenshot('web')).text()).resolves.toBe('web')
  })
})
