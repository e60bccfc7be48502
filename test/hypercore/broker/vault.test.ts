import { beforeEach, describe, expect, it } from 'vitest'
import { BrokerBench } from './broker-bench.ts'
import { FakeAgent } from './fake-agent.ts'

const SECRET = 'correct horse battery staple'
const SHA256 = 'ab'.repeat(32)

let on: BrokerBench
let state: string

beforeEach(async () => {
  on = await BrokerBench.withGuests('primary', 'web', 'vault')
  state = 'open'
  on.verdict = () => 'ask'
  on.agent('vault').serve = ([service, operation, name]) => {
    if (service !== 'vault') return FakeAgent.bad('not-implemented', '')
    if (operation === 'state') return FakeAgent.fine(`${state}\n`)
    if (operation === 'lock') {
      state = 'locked'
      return FakeAgent.fine('locked')
    }
    if (operation === 'get')
      return name === 'mail'
        ? FakeAgent.fine(SECRET)
        : FakeAgent.bad('failed', `there is no secret called ${name}`)
    if (operation === 'binary') return { status: 'ok', bytes: new Uint8Array([0xff]) }
    return FakeAgent.fine(`${operation} ${name ?? ''}`)
  }
})

/** Every word that went to the page, to the journal or to another guest than `to`. */
function seenElsewhere(to: string): string {
  const guests = [...on.guests].flatMap(([id, guest]) =>
    id === to || id === 'vault' ? [] : guest.requests.map((request) => JSON.stringify(request)),
  )
  return [...guests, ...on.journal, ...on.bench.journal, JSON.stringify(on.events)].join('\n')
}

describe('a secret of the vault', () => {
  it('goes to its caller alone, once the person has agreed, and is not in the journal', async () => {
    const asked = on.vault('primary', 'get', 'mail')
    await on.settle()
    expect(on.questions.map(({ crossing, words }) => [crossing.service, words])).toEqual([
      ['secret', 'the secret “mail”'],
    ])
    expect(on.agent('vault').served).toEqual([['vault', 'state']])
    on.questions[0]?.answer(true)
    expect(await on.result(asked)).toEqual({ ok: true, value: SECRET })
    expect(on.journal).toEqual(['Primary was given the secret “mail”.'])
    expect(seenElsewhere('primary')).not.toContain(SECRET)
  })

  it('stays where the person or the policy says no, and the vault is not even asked', async () => {
    const asked = on.vault('primary', 'get', 'mail')
    await on.settle()
    on.questions[0]?.answer(false)
    expect(await on.result(asked)).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
    on.verdict = () => 'deny'
    expect(await on.result(on.vault('web', 'get', 'mail'))).toMatchObject({
      ok: false,
      error: { kind: 'forbidden' },
    })
    expect(on.agent('vault').served.map(([, operation]) => operation)).toEqual(['state'])
  })

  it('is refused in words where the vault is locked, new or off, and the person is not bothered', async () => {
    state = 'locked'
    expect(await on.result(on.vault('primary', 'get', 'mail'))).toEqual({
      ok: false,
      error: { kind: 'illegal-state', message: 'the vault is locked: open it at its console first' },
    })
    state = 'blank'
    expect(await on.result(on.vault('primary', 'get', 'mail'))).toMatchObject({
      error: { kind: 'illegal-state' },
    })
    await on.bench.on('vault', 'kill')
    expect(await on.result(on.vault('primary', 'get', 'mail'))).toEqual({
      ok: false,
      error: { kind: 'illegal-state', message: 'Vault is not running: start it first.' },
    })
    expect(on.questions).toEqual([])
  })

  it('has the vault’s words where there is none of that name', async () => {
    on.verdict = () => 'allow'
    expect(await on.result(on.vault('primary', 'get', 'bank'))).toEqual({
      ok: false,
      error: { kind: 'failed', message: 'there is no secret called bank' },
    })
    expect(on.journal).toEqual(['Primary was not given the secret “bank”.'])
  })

  it('is asked for by one call of a domain at a time', async () => {
    const asked = on.vault('primary', 'get', 'mail')
    await on.settle()
    expect(await on.result(on.vault('primary', 'get', 'mail'))).toMatchObject({
      error: { kind: 'illegal-state' },
    })
    const other = on.vault('web', 'get', 'mail')
    await on.settle()
    for (const question of on.questions) question.answer(true)
    expect(await on.result(asked)).toMatchObject({ ok: true })
    expect(await on.result(other)).toMatchObject({ ok: true })
  })
})

describe('a signature', () => {
  it('is made of a hash, by a service of its own in the policy', async () => {
    on.verdict = ({ service }) => (service === 'sign' ? 'allow' : 'deny')
    expect(await on.result(on.vault('primary', 'sign', SHA256, 'report.pdf'))).toEqual({
      ok: true,
      value: `sign ${SHA256}`,
    })
    expect(on.agent('vault').served.at(-1)).toEqual(['vault', 'sign', SHA256, 'report.pdf'])
    expect(await on.result(on.vault('primary', 'pubkey'))).toMatchObject({ ok: true })
    expect(await on.result(on.vault('primary', 'get', 'mail'))).toMatchObject({
      error: { kind: 'forbidden' },
    })
  })
})

it.each([
  [['get']],
  [['get', '../keys/sign.key']],
  [['get', '.new']],
  [['get', 'a b']],
  [['get', 'mail', 'x']],
  [['sign', 'ab']],
  [['sign', SHA256.toUpperCase(), 'a']],
  [['lock']],
  [['state']],
  [['create', '--erase']],
  [['']],
])('is malformed as %j', async (args) => {
  expect(await on.result(on.vault('primary', ...args))).toMatchObject({ error: { kind: 'malformed' } })
  expect(on.agent('vault').served).toEqual([])
})

it('is locked on the supervisor’s word', async () => {
  expect(await on.result(on.broker.vault.lock())).toEqual({ ok: true, value: undefined })
  expect(state).toBe('locked')
})
