/** Real guests on the real switch, as their programs see it. */

import { describe, expect, it } from 'vitest'
import { allVolumes, RealMachine, realHandOff } from '../hypercore/real-machine.ts'

/** Settles when the guest has a lease. */
const LEASE = 'until ip route | grep -q default; do sleep 0.2; done'

async function powerOn(...starting: readonly string[]): Promise<RealMachine> {
  const given = await realHandOff({ memoryBudgetMiB: 1024, volumes: allVolumes() })
  const machine = await RealMachine.powerOn({ ...given, settings: { ...given.settings, appliances: {} } })
  for (const id of starting) {
    await machine.on(id, 'start')
    await machine.ready(id)
  }
  return machine
}

describe('a guest on the fabric', () => {
  it('gets a lease, pings the gateway, resolves names and reads the portal', async () => {
    await using machine = await powerOn('primary')
    await machine.run('primary', LEASE)
    expect(await machine.run('primary', 'ip -4 addr show eth0')).toMatch(/inet 10\.83\.\d+\.10\/16/)
    expect(await machine.run('primary', 'cat /etc/resolv.conf')).toContain('nameserver 10.83.0.1')
    expect(await machine.run('primary', 'ping -c 3 10.83.0.1')).toContain('3 packets received')
    expect(await machine.run('primary', 'nslookup portal')).toContain('Address: 10.83.0.2')
    const page = await machine.run('primary', 'wget -qO- http://portal/')
    expect(page).toContain('<title>')
    expect(page).toContain('</html>')
  })
})
