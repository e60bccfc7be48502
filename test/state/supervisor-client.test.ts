import { describe, expect, it } from 'vitest'
import { FaultError } from '../../src/protocol/fault.ts'
import type { SupervisorEvent } from '../../src/protocol/supervisor.ts'
import { SupervisorClient } from '../../src/state/supervisor-client.ts'
import { id } from './domain-fixtures.ts'
import { FakeWorker } from './fake-worker.ts'

function setUp() {
  const worker = new FakeWorker()
  const events: SupervisorEvent[] = []
  const lost: string[] = []
  const client = new SupervisorClient(worker, {
    event: (event) => events.push(event),
    lost: (reason) => lost.push(reason),
  })
  return { worker, client, events, lost }
}

async function rejection(promise: Promise<unknown>): Promise<FaultError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FaultError)) throw new Error(`expected a FaultError, not ${String(error)}`)
  return error
}

describe('supervisor client', () => {
  it('settles each call by its own answer, in whatever order they come', async () => {
    const { worker, client } = setUp()
    const first = client.call('clone', { id: id('web') })
    const firstId = worker.callIdOf('clone')
    const second = client.call('restore', { snapshotId: 's1' })
    worker.say({ kind: 'returned', callId: worker.callIdOf('restore'), value: id('web-3') })
    worker.say({ kind: 'returned', callId: firstId, value: id('web-2') })
    await expect(first).resolves.toBe('web-2')
    await expect(second).resolves.toBe('web-3')
  })

  it('rejects with the supervisor’s own fault', async () => {
    const { worker, client } = setUp()
    const call = rejection(client.call('start', { id: id('web') }))
    const fault = { kind: 'over-budget', message: 'too much' } as const
    worker.say({ kind: 'failed', callId: worker.callIdOf('start'), fault })
    expect((await call).fault).toEqual(fault)
  })

  it('rejects everything pending and everything later when the worker dies', async () => {
    const { worker, client, lost } = setUp()
    const pending = [
      rejection(client.call('start', { id: id('web') })),
      rejection(client.call('kill', { id: id('web') })),
    ]
    worker.die('out of memory')
    for (const error of await Promise.all(pending)) {
      expect(error.kind).toBe('failed')
      expect(error.message).toContain('out of memory')
    }
    expect((await rejection(client.call('start', { id: id('web') }))).kind).toBe('failed')
    worker.die('again')
    expect(lost).toEqual(['out of memory'])
  })

  it('rejects what is pending when a message cannot be read or the page lets go', async () => {
    for (const end of ['messageerror', 'dispose'] as const) {
      const { worker, client } = setUp()
      const pending = rejection(client.call('start', { id: id('web') }))
      if (end === 'dispose') client.dispose()
      else worker.dispatchEvent(new Event('messageerror'))
      expect((await pending).kind).toBe('failed')
    }
  })

  it('rejects arguments that cannot cross a thread as malformed', async () => {
    const { client } = setUp()
    // A caller in plain JavaScript can give anything.
    const config = { appliance: 'web', callback: () => 'x' }
    expect((await rejection(client.call('create', { config }))).kind).toBe('malformed')
    expect(client.pendingCalls('create')).toBe(0)
  })

  it('ignores an answer to a call it does not wait for', () => {
    const { worker, lost } = setUp()
    worker.say({ kind: 'returned', callId: 99, value: undefined })
    expect(lost).toEqual([])
  })

  it('hands events on', () => {
    const { worker, events } = setUp()
    worker.say({ kind: 'event', event: { type: 'ready', memoryBudgetMiB: 256 } })
    expect(events).toEqual([{ type: 'ready', memoryBudgetMiB: 256 }])
  })
})
