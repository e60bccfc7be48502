/** A real Linux guest through the domain, as HyperCore sees it. */

import { afterEach, describe, expect, it } from 'vitest'
import { ByteReader } from '../../src/base/bytes.ts'
import { AGENT_ABI, GuestFrame } from '../../src/protocol/agent.ts'
import { CONSOLE_HIGH_WATERMARK } from '../../src/protocol/channels.ts'
import { hostDomainInWorker, type DomainHost } from '../support/domain-host.ts'
import { machineSpec, shellBoot } from '../support/guest-images.ts'
import { bootShell, shellReady } from '../support/guest-shell.ts'

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

async function shell(): Promise<DomainHost> {
  host = await bootShell({ mac: '02:48:53:00:00:01' })
  return host
}

describe('a Linux guest in a domain', () => {
  it('boots to its shell, says who its agent is, and answers what is typed', async () => {
    const guest = await shell()
    const hello = await guest.event('agent-frame', ({ type }) => type === GuestFrame.hello)
    const reader = new ByteReader(hello.untrustedPayload)
    expect(reader.u16('abi')).toBe(AGENT_ABI)
    expect([reader.string('version'), reader.string('role')]).toEqual([expect.stringMatching(/\d/), 'shell'])
    expect(await guest.run('uname -sm')).toBe('Linux i686\n')
    expect(await guest.run('cat /sys/class/net/eth0/address')).toBe('02:48:53:00:00:01\n')
    const { counters } = await guest.event('counters', (event) => event.counters.console.inBytes > 100)
    expect(counters.instructions).toBeGreaterThan(1_000_000)
    const uart = counters.exits.find(({ reason, device }) => reason === 'pio-out' && device === 'uart0')
    expect(uart?.count).toBeGreaterThan(100)
  })

  it('gets its JIT with the agent’s word and not before', async () => {
    const guest = await shell()
    const early = guest.events.filter((event) => event.kind === 'counters')
    const ready = guest.events.findIndex(
      (event) => event.kind === 'agent-frame' && event.type === GuestFrame.ready,
    )
    const before = early.filter((event) => guest.events.indexOf(event) < ready)
    expect(before.every(({ counters }) => counters.jitModules === 0)).toBe(true)
    await guest.run('i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done')
    await guest.event('counters', ({ counters }) => counters.jitModules > 0)
  })

  it('learns the size of its terminal', async () => {
    const guest = await shell()
    guest.console({ kind: 'resize', columns: 101, rows: 33 })
    const size = async (): Promise<string> => guest.run('busybox stty size')
    // The agent sets it when it gets to it; a shell's command may be faster.
    let seen = await size()
    for (let tries = 0; seen !== '33 101\n' && tries < 20; tries++) seen = await size()
    expect(seen).toBe('33 101\n')
  })

  it('takes a long paste whole', async () => {
    const guest = await shell()
    // Read raw, so that the line discipline's limit of 4,095 characters a line does not cut it.
    const text = Array.from(
      { length: 400 },
      (_, line) => `line ${line} of a paste that is much longer than a FIFO`,
    )
    guest.type('cat > /tmp/paste << END\r')
    guest.type(`${text.join('\r')}\rEND\r`)
    expect(await guest.run('cat /tmp/paste')).toBe(`${text.join('\n')}\n`)
  })

  it('that floods its console waits for its reader, and still hears Ctrl+C', async () => {
    const guest = await shell()
    guest.acknowledges = false
    guest.type('busybox yes\r')
    await guest.until('the flood', () => (guest.unacknowledged >= CONSOLE_HIGH_WATERMARK ? true : undefined))
    const held = guest.unacknowledged
    expect(held).toBeLessThan(CONSOLE_HIGH_WATERMARK + 64 * 1024)
    guest.post({ kind: 'ping', nonce: 1 })
    await guest.event('pong')
    guest.type('\u0003')
    guest.acknowledges = true
    guest.acknowledge()
    await guest.output(/\^C[^]*# $/)
    expect(await guest.run('echo still here')).toBe('still here\n')
  })

  it('runs in a thread of its own', async () => {
    const guest = await hostDomainInWorker(machineSpec(shellBoot(), { deferJit: true }))
    host = guest
    await shellReady(guest)
    expect(await guest.run('echo $((6 * 7))')).toBe('42\n')
  })
})

describe('the end of a Linux guest', () => {
  it('by panic is reported with the end of the kernel’s own report', async () => {
    const guest = await shell()
    guest.type('echo c > /proc/sysrq-trigger\r')
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'panic' })
    expect(report.consoleTail).toContain('---[ end Kernel panic - not syncing: sysrq triggered crash')
    expect(report.registers?.cr0).toBeGreaterThan(0x80000000)
  })

  it('by poweroff is announced by its agent and no crash', async () => {
    const guest = await shell()
    guest.type('poweroff\r')
    const goodbye = await guest.event('agent-frame', ({ type }) => type === GuestFrame.goodbye)
    expect([...goodbye.untrustedPayload]).toEqual([0])
    await guest.event('powered-off')
    expect(guest.events.filter(({ kind }) => kind === 'crashed')).toEqual([])
  })

  it('by reboot asks for a reset', async () => {
    const guest = await shell()
    guest.type('reboot\r')
    await guest.event('reset-requested')
    expect(guest.events.filter(({ kind }) => kind === 'crashed')).toEqual([])
  })

  it('by HLT with interrupts off, unannounced, is a crash', async () => {
    const guest = await shell()
    guest.type('haltcli --yes\r')
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'halted' })
    expect(report.registers).toMatchObject({ halted: true, cpl: 0 })
  })

  it('does not come by an endless loop with interrupts off: that is reported as spinning', async () => {
    const guest = await shell()
    guest.type('haltcli spin --yes\r')
    const { forMs } = await guest.event('spinning')
    expect(forMs).toBeGreaterThanOrEqual(2000)
    expect(guest.events.filter(({ kind }) => kind === 'crashed')).toEqual([])
  })
})
