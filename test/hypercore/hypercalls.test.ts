import { beforeEach, describe, expect, it } from 'vitest'
import { ByteWriter } from '../../src/base/bytes.ts'
import { GuestFrame, HypercallNumber } from '../../src/protocol/agent.ts'
import { CALL_REFERENCE } from '../../src/protocol/agent-reference.ts'
import { Bench, COUNTERS, FakeDomain, handOff, type Reply } from './bench-board.ts'

let bench: Bench
let management: FakeDomain
let web: FakeDomain

beforeEach(async () => {
  bench = new Bench()
  await bench.handOff(handOff())
  management = await bench.up('management')
  web = await bench.up('web')
})

async function ask(guest: FakeDomain, name: string, ...args: string[]): Promise<Reply | undefined> {
  const payload = new ByteWriter()
    .u32(77)
    .u16(numbers[name] ?? 0)
    .u16(args.length)
  for (const argument of args) payload.string(argument)
  guest.frame(GuestFrame.call, payload)
  await bench.settle()
  return guest.replies.at(-1)
}

const CALLS = Object.entries(CALL_REFERENCE)

/** Calls that act on others or look at them, as the page about the calls has them. */
const CONTROL = CALLS.flatMap(([name, { who }]) => (who === 'management' ? [name] : []))
const OPEN = CALLS.flatMap(([name, { who }]) => (who === 'every guest' ? [name] : []))

const numbers: Readonly<Record<string, number>> = HypercallNumber

const ARGUMENTS: Readonly<Record<string, string[]>> = {
  start: ['vault'],
  pause: ['management'],
  resume: ['management'],
  shutdown: ['management'],
  kill: ['management'],
  cap: ['management', '10'],
  focus: ['management'],
  console: ['management'],
  snapshot: ['management'],
  clone: ['management'],
  newIdentity: ['management'],
}

describe('info and log', () => {
  it('are for every guest', async () => {
    const info = await ask(web, 'info')
    expect(info?.status).toBe('ok')
    expect(info?.text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['domain', 'web'],
      ['name', 'Web'],
      ['state', 'running'],
      ['memory', '64 MiB'],
      ['processor', 'at most 100 % of a core, weight 100'],
      ['supervisor', 'HyperCore 0.1.0, hypercall ABI 1'],
    ])
    expect(await ask(web, 'log', 'disk', 'full')).toEqual({ status: 'ok', text: '' })
    expect(bench.journal.at(-1)).toBe('Web says: disk full')
  })

  it('keep control characters out of the journal, and long lines short', async () => {
    await ask(web, 'log', 'a\u001b[31mb\nWeb says: c\u2028d\u202Ee')
    expect(bench.journal.at(-1)).toBe('Web says: a [31mb Web says: c d e')
    await ask(web, 'log', 'x'.repeat(1000))
    expect(bench.journal.at(-1)?.length).toBe('Web says: '.length + 400)
    expect((await ask(web, 'log', '\n'))?.status).toBe('malformed')
    expect((await ask(web, 'info', 'more'))?.status).toBe('malformed')
  })

  it('cannot flood the journal, and what is too much of the agent is dropped', async () => {
    const before = bench.journal.length
    for (let line = 0; line < 3000; line++) web.call('log', `line ${line}`)
    await bench.settle()
    expect(bench.journal.length - before).toBeLessThanOrEqual(20)
    expect(web.replies.length).toBeLessThanOrEqual(2048)
    await bench.pass(1000)
    expect(bench.journal.join()).toContain('sends too fast')
    expect((await ask(web, 'info'))?.status).toBe('ok')
  })
})

describe('control', () => {
  it.each(CONTROL)(
    '%s is denied to a guest without the capability, and the denial is logged',
    async (name) => {
      const states = bench.states('management')
      const reply = await ask(web, name, ...(ARGUMENTS[name] ?? []))
      expect(reply).toEqual({ status: 'forbidden', text: `“${name}” is not for this domain` })
      expect(bench.journal.at(-1)).toBe(`Web may not call “${name}”: permission denied.`)
      expect(bench.states('management')).toEqual(states)
      expect(management.kinds).not.toContain('pause')
    },
  )

  it.each(CONTROL.flatMap((name) => [[name], [name, 'management', '10', 'x'], [name, '../\u001b[31m']]))(
    '%s with wrong arguments is denied and logged all the same: they do not hide an attempt',
    async (name, ...args) => {
      const before = bench.journal.length
      const reply = await ask(web, name, ...args)
      expect(reply).toEqual({ status: 'forbidden', text: `“${name}” is not for this domain` })
      expect(bench.journal.slice(before)).toEqual([`Web may not call “${name}”: permission denied.`])
    },
  )

  it('lists the domains and their figures to management', async () => {
    const list = await ask(management, 'list')
    expect(list?.text.split('\n').slice(0, 3)).toEqual([
      'id\tname\tstate\tMiB\tcap\tweight',
      'primary\tPrimary\tcreated\t64\t100\t100',
      'web\tWeb\trunning\t64\t100\t100',
    ])
    await bench.pass(500)
    const exits = [{ reason: 'pio-in', device: 'uart0', count: 7 }] as const
    web.says({
      kind: 'counters',
      counters: { ...COUNTERS, instructions: 5e8, busyMs: 250, exits, interrupts: 3 },
    })
    expect((await ask(management, 'stats'))?.text.split('\n')).toEqual([
      'id\tcpu%\tMIPS\texits\tinterrupts',
      'web\t50.0\t1000.0\t7\t3',
    ])
    expect((await ask(management, 'stats', 'web'))?.text.split('\n')).toHaveLength(2)
    expect((await ask(management, 'stats', 'nobody'))?.status).toBe('no-such-domain')
    web.says({ kind: 'spinning', forMs: 2000 })
    expect((await ask(management, 'list'))?.text).toContain('web\tWeb\tspinning')
  })

  it('pauses, resumes, caps and kills for management', async () => {
    management.call('pause', 'web')
    await bench.settle()
    expect(management.replies).toEqual([])
    web.says({ kind: 'paused' })
    await bench.settle()
    expect(management.replies.at(-1)).toEqual({ status: 'ok', text: 'web is paused' })
    management.call('resume', 'web')
    await bench.settle()
    web.says({ kind: 'resumed' })
    await bench.settle()
    expect(management.replies.at(-1)).toEqual({ status: 'ok', text: 'web is running' })
    expect(await ask(management, 'cap', 'web', '30')).toEqual({
      status: 'ok',
      text: 'web is capped at 30 % of a core',
    })
    expect(web.requests.at(-1)).toMatchObject({ kind: 'set-rate', percent: 30 })
    expect(await ask(management, 'kill', 'web')).toEqual({ status: 'ok', text: 'web is off' })
    expect(web.terminated).toBe(true)
  })

  it('gives a disposable a new identity for management, and nothing else', async () => {
    management.call('newIdentity', 'web')
    await bench.settle()
    expect(web.terminated).toBe(true)
    const fresh = bench.latest('web')
    expect(fresh).not.toBe(web)
    fresh.says({ kind: 'running' })
    await bench.settle()
    expect(management.replies.at(-1)).toEqual({ status: 'ok', text: 'web is another one' })
    expect((await ask(management, 'newIdentity', 'management'))?.status).toBe('forbidden')
    expect((await ask(management, 'newIdentity', 'nobody'))?.status).toBe('no-such-domain')
    expect(management.terminated).toBe(false)
  })

  it('asks the page to show a domain, for management', async () => {
    expect(await ask(management, 'focus', 'web')).toEqual({
      status: 'ok',
      text: 'web is asked to the screen',
    })
    expect(bench.info('web').focused).toBe(true)
    expect((await ask(management, 'focus', 'nobody'))?.status).toBe('no-such-domain')
  })

  it('reads the end of a console to management, without what could forge its screen, and never that of the vault', async () => {
    management.call('console', 'web', '2')
    await bench.settle()
    const asked = web.requests.findLast(({ kind }) => kind === 'read-console-tail')
    if (asked?.kind !== 'read-console-tail') throw new Error('its worker was not asked')
    const { nonce } = asked
    web.says({ kind: 'console-tail', nonce: nonce + 1, untrustedText: 'of another question' })
    web.says({ kind: 'console-tail', nonce, untrustedText: 'one\ntwo\nth\u001b[31mr\u202eee\n' })
    web.says({ kind: 'console-tail', nonce, untrustedText: 'again' })
    await bench.settle()
    expect(management.replies).toEqual([{ status: 'ok', text: 'two\nth[31mree' }])

    // One that ends before it has answered has nothing to show.
    management.call('console', 'web')
    await bench.settle()
    web.says({ kind: 'powered-off' })
    await bench.settle()
    expect(management.replies.at(-1)?.status).toBe('illegal-state')

    await bench.up('vault')
    expect((await ask(management, 'console', 'vault'))?.status).toBe('forbidden')
    expect((await ask(management, 'console', 'web', '0'))?.status).toBe('malformed')
    expect((await ask(management, 'console'))?.status).toBe('malformed')
  })

  it('answers each failure with its own status', async () => {
    expect((await ask(management, 'pause', 'nobody'))?.status).toBe('no-such-domain')
    expect((await ask(management, 'pause', '../web'))?.status).toBe('malformed')
    expect((await ask(management, 'pause'))?.status).toBe('malformed')
    expect((await ask(management, 'pause', 'web', 'vault'))?.status).toBe('malformed')
    expect((await ask(management, 'cap', 'web', '0'))?.status).toBe('malformed')
    expect((await ask(management, 'cap', 'web', '1e2'))?.status).toBe('malformed')
    expect((await ask(management, 'resume', 'web'))?.status).toBe('illegal-state')
    expect((await ask(management, 'snapshot', 'web', 'a'))?.status).toBe('illegal-state')
    expect((await ask(web, 'vault', 'get', 'key'))?.status).toBe('forbidden')
  })

  it('is not answered to a later life of the caller', async () => {
    management.call('shutdown', 'web')
    await bench.settle()
    await bench.on('management', 'kill')
    const again = await bench.up('management')
    web.says({ kind: 'powered-off' })
    await bench.settle()
    expect(again.replies).toEqual([])
    expect(bench.info('web').state).toBe('off')
  })
})

it.each(OPEN)('%s is open to every guest, as the page about the calls says', async (name) => {
  const payload = new ByteWriter()
    .u32(77)
    .u16(numbers[name] ?? 0)
    .u16(0)
  web.frame(GuestFrame.call, payload)
  await bench.settle()
  expect(web.replies.at(-1)?.text).not.toContain('is not for this domain')
  expect(bench.journal.join()).not.toContain('permission denied')
})
