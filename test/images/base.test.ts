import { afterEach, describe, expect, it } from 'vitest'
import { GuestFrame, HostFrame, HypercallNumber, HypercallStatus } from '../../src/protocol/agent.ts'
import { Guest, type GuestCall, type GuestOptions } from '../support/boot-guest.ts'
import { resumedPayload } from '../support/resumed-frame.ts'

const guests: Guest[] = []

async function boot(options: GuestOptions = {}): Promise<Guest> {
  const guest = await Guest.boot(options)
  guests.push(guest)
  return guest
}

async function bootToPrompt(options: GuestOptions = {}): Promise<Guest> {
  const guest = await boot(options)
  await guest.see(/:~# $/)
  return guest
}

afterEach(() => {
  for (const guest of guests.splice(0)) guest.dispose()
})

function u16(...values: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer)
}

describe('the base', () => {
  it('boots to a shell in 32 MiB and says hello, then ready', async () => {
    const guest = await bootToPrompt({ hostname: 'lab' })
    await guest.untilReady()
    expect(guest.text).toContain('lab:~# ')
    expect(guest.agentFrames.map(({ type }) => type)).toEqual([GuestFrame.hello, GuestFrame.ready])
    const hello = new TextDecoder().decode(guest.agentFrames[0]?.payload)
    expect(hello).toContain('shell')
    // What is written and not synced is on the disk seconds later: a closed tab gives no notice.
    expect(await guest.run('cat /proc/sys/vm/dirty_expire_centisecs')).toMatch(/^200\b/m)
  })

  it('gives the person a terminal with job control', async () => {
    const guest = await bootToPrompt()
    expect(await guest.run('tty')).toContain('/dev/ttyS0')
    expect(await guest.run('sleep 100 & jobs')).toMatch(/Running\s+sleep 100/)
    guest.type("sh -c 'echo begun; sleep 1000'\n")
    await guest.see(/^begun/m)
    const from = guest.text.length
    guest.type('\u0003')
    await guest.see(/:~# $/, 10_000, from)
  })

  it('starts a new shell when a person leaves one', async () => {
    const guest = await bootToPrompt()
    const shell = (await guest.run('echo shell $$')).match(/shell (\d+)/)?.[1]
    const from = guest.text.length
    guest.type('exit\n')
    await guest.see(/:~# $/, 30_000, from)
    expect((await guest.run('echo shell $$')).match(/shell (\d+)/)?.[1]).not.toBe(shell)
  })

  it('takes the terminal size that the host gives, and keeps it for the next shell', async () => {
    const guest = await bootToPrompt()
    await guest.untilReady()
    guest.send(HostFrame.resize, u16(101, 33))
    await guest.waitFor(() => true, 1, '')
    expect(await guest.run('sleep 0.3; stty size')).toContain('33 101')
    const from = guest.text.length
    guest.type('exit\n')
    await guest.see(/:~# $/, 30_000, from)
    expect(await guest.run('stty size')).toContain('33 101')
  })

  it('answers a ping', async () => {
    const guest = await bootToPrompt()
    guest.send(HostFrame.ping, Uint8Array.of(1, 2, 3, 4))
    await guest.waitFor(() => guest.agentFrames.some(({ type }) => type === GuestFrame.pong), 10_000, 'pong')
    expect(guest.agentFrames.at(-1)?.payload).toEqual(Uint8Array.of(1, 2, 3, 4))
  })

  it('finds its way back after bytes that are no frame, and after a length that is too long', async () => {
    const guest = await bootToPrompt()
    guest.machine.agent.send(new TextEncoder().encode('noise HVC HVC1'))
    guest.machine.agent.send(Uint8Array.of(0x48, 0x56, 0x43, 0x31, 0x86, 0, 0, 0, 0xff, 0xff, 0xff, 0xff))
    guest.send(HostFrame.resize, u16(80))
    guest.send(HostFrame.reply, u16(1))
    guest.send(0x1234, new Uint8Array(100))
    guest.send(HostFrame.ping, Uint8Array.of(9, 9, 9, 9))
    await guest.waitFor(() => guest.agentFrames.some(({ type }) => type === GuestFrame.pong), 10_000, 'pong')
    expect(guest.agentFrames.at(-1)?.payload).toEqual(Uint8Array.of(9, 9, 9, 9))
  })

  it('sets clock, host name, address and random numbers after it was resumed elsewhere', async () => {
    const guest = await bootToPrompt({ mac: '02:48:53:00:00:01' })
    const from = guest.text.length
    guest.send(
      HostFrame.resumed,
      resumedPayload({ unixMs: Date.UTC(2031, 1, 3, 4, 5, 6), mac: '02:48:53:aa:bb:cc', hostname: 'copy' }),
    )
    await guest.see(/shell:~# \S*$/, 30_000, from)
    const seen = await guest.run('date -u +%Y-%m-%dT%H:%M; hostname; cat /sys/class/net/eth0/address')
    expect(seen).toContain('2031-02-03T04:05')
    expect(seen).toContain('copy')
    expect(seen).toContain('02:48:53:aa:bb:cc')
  })
})

describe('hv', () => {
  it('says that no supervisor answers, and fails', async () => {
    const guest = await bootToPrompt()
    const seen = await guest.run('hv list; echo status $?')
    expect(seen).toContain('hv: no supervisor answers on /dev/hvc0')
    expect(seen).toContain('status 8')
  })

  it('passes calls with their arguments, and lines tables up', async () => {
    const guest = await bootToPrompt()
    const calls: GuestCall[] = []
    guest.answer = (call) => {
      calls.push(call)
      return { status: HypercallStatus.ok, text: 'name\tmemory\nprimary\t128\nweb\t64\n' }
    }
    expect(await guest.run('hv list')).toContain('name     memory\nprimary     128\nweb          64\n')
    await guest.run("hv snapshot primary 'vor dem Übel'")
    await guest.run('hv log two  words')
    expect(calls.map(({ number, arguments: words }) => ({ number, words }))).toEqual([
      { number: HypercallNumber.list, words: [] },
      { number: HypercallNumber.snapshot, words: ['primary', 'vor dem Übel'] },
      { number: HypercallNumber.log, words: ['two words'] },
    ])
  })

  it.each([
    [HypercallStatus.malformed, 'could not read'],
    [HypercallStatus.forbidden, 'permission denied: the last rule'],
    [HypercallStatus['not-implemented'], 'does not know this call'],
    [HypercallStatus['no-such-domain'], 'no such domain'],
    [HypercallStatus['illegal-state'], 'present state'],
    [HypercallStatus['over-budget'], 'over budget'],
  ])('turns status %i into words and an exit code', async (status, words) => {
    const guest = await bootToPrompt()
    guest.answer = () => ({ status, text: 'the last rule' })
    const seen = await guest.run('hv kill web; echo status $?')
    expect(seen).toContain(words)
    expect(seen).toContain(`status ${status}`)
  })

  it('does not let text from elsewhere drive the terminal', async () => {
    const guest = await bootToPrompt()
    guest.answer = () => ({ status: HypercallStatus.ok, text: 'before \u001b]0;evil\u0007 \u009b2J after' })
    const seen = await guest.run('hv console web')
    expect(seen).toContain('before .]0;evil. ..2J after')
  })

  it('sends a file in chunks that put it together again', async () => {
    const guest = await bootToPrompt()
    const chunks: string[] = []
    guest.answer = (call) => {
      chunks.push(call.arguments[4] ?? '')
      return { status: HypercallStatus.ok, text: '' }
    }
    await guest.run('head -c 61000 /dev/urandom > /tmp/f')
    const sum = (await guest.run('md5sum /tmp/f')).slice(0, 32)
    await guest.run('hv send /tmp/f web')
    const bytes = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, 'base64')))
    const { createHash } = await import('node:crypto')
    expect(chunks.length).toBe(3)
    expect(createHash('md5').update(bytes).digest('hex')).toBe(sum)
  })

  it('gives a file up on Ctrl-C, and says so to the supervisor, even where nothing is answered', async () => {
    const guest = await bootToPrompt()
    const calls: string[][] = []
    guest.answer = (call) => {
      calls.push([...call.arguments])
      return call.arguments[2] === 'cancel' ? { status: HypercallStatus.ok, text: '' } : undefined
    }
    guest.type('echo hello >/tmp/f; hv send /tmp/f web; echo status $?\n')
    await guest.waitFor(() => calls.length === 1, 20_000, 'first piece')
    guest.type('\u0003')
    await guest.see('hv: cancelled')
    expect(calls.at(-1)).toEqual(['web', 'f', 'cancel'])
  })

  it('shows statistics on the full screen until q', async () => {
    const guest = await bootToPrompt()
    let asked = 0
    guest.answer = () => ({ status: HypercallStatus.ok, text: `name\tmips\nprimary\t${++asked}\nweb\t7\n` })
    guest.type('hv top\n')
    await guest.see('hv top')
    await guest.waitFor(() => asked >= 3, 20_000, 'third refresh')
    guest.type('>r')
    await guest.see('sort by: mips')
    const from = guest.text.length
    guest.type('q')
    await guest.see(/:~# $/, 10_000, from)
    expect(guest.text).toContain('\u001b[?1049l')
  })
})

describe('the end of a guest', () => {
  it.each([
    ['poweroff', 'powered-off', 0],
    ['reboot', 'reset-requested', 1],
    ['halt', 'powered-off', 0],
  ] as const)('%s says goodbye before the processor halts', async (command, kind, goodbye) => {
    const guest = await bootToPrompt()
    guest.type(`${command}\n`)
    expect(await guest.untilEnd()).toEqual({ kind })
    const last = guest.agentFrames.at(-1)
    expect([last?.type, last?.payload[0]]).toEqual([GuestFrame.goodbye, goodbye])
  })

  it('powers off when the supervisor asks, whatever runs on the console', async () => {
    const guest = await bootToPrompt()
    guest.type('while :; do :; done\n')
    guest.send(HostFrame.shutdown, Uint8Array.of(0))
    expect(await guest.untilEnd()).toEqual({ kind: 'powered-off' })
  })

  it('shows a panic on its console, reboots nothing, and the machine learns of it', async () => {
    const guest = await bootToPrompt()
    guest.type('panicnow --yes\n')
    expect(await guest.untilEnd()).toEqual({ kind: 'crashed', cause: { kind: 'panic' } })
    expect(guest.text).toContain('Kernel panic - not syncing: sysrq triggered crash')
    expect(guest.text).toContain('end Kernel panic')
  })
})

describe('the laboratory tools', () => {
  it('find the hypervisor by its marks', async () => {
    const guest = await bootToPrompt({ mac: '02:48:53:00:00:01' })
    const seen = await guest.run('hvdetect')
    expect(seen).toContain('ECX bit 31 (hypervisor present) is 1')
    expect(seen).toContain('virtio')
    expect(seen).toMatch(/[1-4] of 4 tests/)
  })

  it.each(['forkbomb', 'memhog', 'irqstorm', 'rawforge', 'panicnow', 'haltcli'])(
    '%s says what it would do and does nothing without --yes',
    async (tool) => {
      const guest = await bootToPrompt()
      const seen = await guest.run(`${tool}; echo status $?`)
      expect(seen).toContain(`${tool}: `)
      expect(seen).toContain('Nothing has been done.')
      expect(seen).toContain('status 0')
    },
  )

  it('halt with interrupts off', async () => {
    const guest = await bootToPrompt()
    guest.type('haltcli --yes\n')
    expect(await guest.untilEnd()).toEqual({ kind: 'crashed', cause: { kind: 'halted' } })
  })

  it('spin with interrupts off, which the machine reports', async () => {
    const guest = await bootToPrompt()
    guest.type('haltcli spin --yes\n')
    await guest.waitFor(() => guest.spunMs > 0, 30_000, 'report of spinning')
    expect(guest.end).toBeUndefined()
  })

  it('raise interrupts', async () => {
    const guest = await bootToPrompt()
    const seen = await guest.run('irqstorm --yes --seconds 1')
    expect(Number(seen.match(/(\d+) interrupts on IRQ 1/)?.[1])).toBeGreaterThan(100)
  })

  it('take memory and give it back', async () => {
    const guest = await bootToPrompt()
    expect(await guest.run('echo | memhog --yes --mib 4')).toContain('Holding 4 MiB')
  })

  it('forge frames', async () => {
    const guest = await bootToPrompt({ mac: '02:48:53:00:00:01' })
    await guest.run('ip link set eth0 up')
    for (const kind of ['mac', 'ip', 'arp', 'vlan'])
      // oxlint-disable-next-line no-await-in-loop -- one console
      expect(await guest.run(`rawforge --yes --kind ${kind}`)).toContain(`1 of 1 frames of kind "${kind}"`)
  })
})
