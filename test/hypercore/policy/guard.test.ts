import { beforeEach, describe, expect, it } from 'vitest'
import { Guard } from '../../../src/hypercore/policy/guard.ts'
import type { ConsentRequest, PolicyDecision } from '../../../src/protocol/policy.ts'
import type { SupervisorEvent } from '../../../src/protocol/supervisor.ts'
import { PolicyDesk } from '../../../src/state/policy-desk.ts'

const DNS = { source: 'primary', destination: 'gateway', service: 'dns' }
const TRUNK = { source: 'primary', destination: 'trunk', service: 'tcp/80' }

let now = 0
let events: SupervisorEvent[]
let timers: { at: number; action: () => void }[]
let changes: number
let guard: Guard

beforeEach(() => {
  now = 1000
  events = []
  timers = []
  changes = 0
  guard = new Guard({
    applianceOf: (id) => id,
    now: () => now,
    wallClock: () => now,
    after: (ms, action) => {
      const timer = { at: now + ms, action }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    emit: (event) => events.push(event),
    changed: () => {
      changes += 1
    },
  })
})

function pass(ms: number): void {
  now += ms
  for (const timer of timers.filter(({ at }) => at <= now)) {
    timers = timers.filter((other) => other !== timer)
    timer.action()
  }
}

function open(): readonly ConsentRequest[] {
  return events.findLast((event) => event.type === 'consents')?.open ?? []
}

function decisions(): readonly PolicyDecision[] {
  guard.report()
  return events.flatMap((event) => (event.type === 'decisions' ? event.rows : []))
}

describe('a policy', () => {
  it('is applied at once, and one that is none changes nothing', () => {
    expect(guard.decideFlow(DNS)).toBe('allow')
    expect(guard.setPolicy('primary gateway dns deny\n').ok).toBe(true)
    expect(guard.decideFlow(DNS)).toBe('deny')
    const refused = guard.setPolicy('primary gateway dns perhaps\n')
    expect(refused).toMatchObject({ ok: false, error: { kind: 'malformed' } })
    expect(guard.decideFlow(DNS)).toBe('deny')
    expect(guard.describe('text')).toBe('  1  primary gateway dns deny')
    expect(changes).toBe(1)
  })

  it('has a log that counts, names the line, and keeps a flood in bounds', () => {
    guard.setPolicy('primary gateway dns allow\n')
    for (let i = 0; i < 5; i++) guard.decideFlow(DNS)
    for (let port = 1; port <= 65_535; port++)
      guard.decideFlow({ source: 'primary', destination: 'web', service: `tcp/${port}` })
    const rows = decisions()
    expect(rows.length).toBeLessThanOrEqual(64)
    expect(rows.at(-1)).toMatchObject({ verdict: 'deny', line: 2, count: 1 })
    expect(events.findLast((event) => event.type === 'decisions')?.denied).toBe(65_535)
    expect(guard.describe('log').split('\n').length).toBeLessThanOrEqual(513)
  })

  it('hands the page every row of its log, in batches: the rows of a scan beyond the first batch never came', () => {
    guard.setPolicy('primary gateway dns allow\n')
    const desk = new PolicyDesk(() => Promise.resolve())
    const quarter = (): boolean => {
      const before = events.length
      pass(250)
      guard.report()
      const fresh = events.slice(before).flatMap((event) => (event.type === 'decisions' ? [event] : []))
      for (const event of fresh) {
        expect(event.rows.length).toBeLessThanOrEqual(64)
        desk.receive(event)
      }
      return fresh.length > 0
    }
    for (let port = 1; port <= 300; port++)
      guard.decideFlow({ source: 'primary', destination: 'web', service: `tcp/${port}` })
    // Rows that count up all the while push nobody's row back for ever.
    for (let turn = 0; turn < 10; turn++) {
      for (let port = 1; port <= 100; port++)
        guard.decideFlow({ source: 'web', destination: 'primary', service: `udp/${port}` })
      quarter()
    }
    while (quarter());
    const shown = desk.store.getState().decisions
    const ports = shown.filter(({ source }) => source === 'primary').map(({ service }) => service)
    expect(ports).toEqual(Array.from({ length: 300 }, (_, index) => `tcp/${index + 1}`))
    const others = shown.filter(({ source }) => source === 'web')
    expect(others.map(({ count }) => count)).toEqual(Array.from({ length: 100 }, () => 10))
    expect(shown.findIndex(({ source }) => source === 'web')).toBe(300)

    for (let port = 1; port <= 65_535; port++)
      guard.decideFlow({ source: 'primary', destination: 'own', service: `tcp/${port}` })
    let batches = 0
    while (quarter()) batches += 1
    expect(batches).toBe(8)
    expect(desk.store.getState().decisions.map(({ service }) => service)).toEqual(
      Array.from({ length: 512 }, (_, index) => `tcp/${65_535 - 511 + index}`),
    )
  })
})

describe('a question', () => {
  beforeEach(() => guard.setPolicy('primary trunk * ask\nprimary vault secret ask\n'))

  it('drops the frame, is put once, and lets the next one pass when the person says yes', () => {
    expect(guard.decideFlow(TRUNK)).toBe('ask')
    expect(guard.decideFlow(TRUNK)).toBe('ask')
    expect(open()).toMatchObject([{ source: 'primary', destination: 'trunk', service: 'tcp/80', line: 1 }])
    const before = changes
    expect(guard.answer(open()[0]?.id ?? 0, 'session').ok).toBe(true)
    expect(changes).toBe(before + 1)
    expect(open()).toEqual([])
    expect([guard.decideFlow(TRUNK), guard.decideFlow(TRUNK)]).toEqual(['allow', 'allow'])
    expect(decisions().at(-1)).toMatchObject({ verdict: 'ask', answered: 'session', line: 1 })
  })

  it('answered with “once” is good for one', () => {
    guard.decideFlow(TRUNK)
    guard.answer(open()[0]?.id ?? 0, 'once')
    expect([guard.decideFlow(TRUNK), guard.decideFlow(TRUNK)]).toEqual(['allow', 'ask'])
  })

  it('that nobody answers is denied, and is put again only after a pause', () => {
    guard.decideFlow(TRUNK)
    pass(60_000)
    expect(open()).toEqual([])
    expect(guard.decideFlow(TRUNK)).toBe('deny')
    pass(10_000)
    expect(guard.decideFlow(TRUNK)).toBe('ask')
  })

  it('that was blocked stays so until the policy changes', () => {
    guard.decideFlow(TRUNK)
    guard.answer(open()[0]?.id ?? 0, 'block')
    pass(3_600_000)
    expect(guard.decideFlow(TRUNK)).toBe('deny')
    guard.setPolicy('primary trunk * ask\n')
    expect(guard.decideFlow(TRUNK)).toBe('ask')
  })

  it('of a guest that ends is over, and so is what it was granted', () => {
    guard.decideFlow(TRUNK)
    guard.answer(open()[0]?.id ?? 0, 'session')
    guard.domainEnded('primary')
    expect(guard.decideFlow(TRUNK)).toBe('ask')
    guard.domainEnded('primary')
    expect(open()).toEqual([])
  })

  it('cannot be put without end', () => {
    for (let port = 1; port <= 1000; port++) guard.decideFlow({ ...TRUNK, service: `tcp/${port}` })
    expect(open()).toHaveLength(2)
    expect(timers).toHaveLength(2)
  })

  it('that is not open any more is a fault', () => {
    expect(guard.answer(99, 'once')).toMatchObject({ ok: false, error: { kind: 'failed' } })
  })
})
