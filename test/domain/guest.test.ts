/** A real Linux guest through the domain, as HyperCore sees it. */

import { afterEach, describe, expect, it } from 'vitest'
import { GuestFrame } from '../../src/protocol/agent.ts'
import type { DomainHost } from '../support/domain-host.ts'
import { hostDomain, hostDomainInWorker } from '../support/domain-host.ts'
import { machineSpec, shellBoot } from '../support/guest-images.ts'

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

const isReady = (event: { readonly type: number }): boolean => event.type === GuestFrame.ready

async function ready(guest: DomainHost): Promise<DomainHost> {
  host = guest
  await guest.event('agent-frame', isReady)
  await guest.output(/[#$] $/)
  return guest
}

async function bootShell(): Promise<DomainHost> {
  return ready(await hostDomain(machineSpec(shellBoot(), { deferJit: true, mac: '02:48:53:00:00:01' })))
}

describe('a Linux guest in a domain', () => {
  it('boots to its shell, says that it is ready, and answers what is typed', async () => {
    const guest = await bootShell()
    expect(await guest.run('uname -sm')).toBe('Linux i686\n')
    expect(await guest.run('cat /sys/class/net/eth0/address')).toBe('02:48:53:00:00:01\n')
    const { counters } = await guest.event('counters', (event) => event.counters.exits.length > 10)
    expect(counters.instructions).toBeGreaterThan(1_000_000)
    const uart = counters.exits.find(({ reason, device }) => reason === 'pio-out' && device === 'uart0')
    expect(uart?.count).toBeGreaterThan(10)
  })

  it('reports a kernel panic with the end of the kernel’s own report', async () => {
    const guest = await bootShell()
    guest.type('echo c > /proc/sysrq-trigger\r')
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'panic' })
    expect(report.consoleTail).toContain('---[ end Kernel panic - not syncing: sysrq triggered crash')
    expect(report.registers?.cr0).toBeGreaterThan(0x80000000)
  })

  it('runs in a thread of its own', async () => {
    const guest = await ready(await hostDomainInWorker(machineSpec(shellBoot(), { deferJit: true })))
    expect(await guest.run('echo $((6 * 7))')).toBe('42\n')
  })
})
