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

/** Waits for words on the screen of a console. */
const seen = (machine: RealMachine, id: string, words: string): Promise<true> =>
  machine.onScreen(id, `“${words}”`, (rows) => (rows.some((row) => row.includes(words)) ? true : undefined))

/** What a program leaves on the screen when it ends: until then, what is typed is its own. */
const shellIsBack = (machine: RealMachine, id: string): Promise<true> =>
  machine.onScreen(id, 'the shell', (rows) =>
    /:~# ?$/.test(rows.findLast((row) => row !== '') ?? '') ? true : undefined,
  )

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

    // As text, once and page by page.
    const heading = 'One machine, several at once'
    expect(await machine.run('primary', 'links -dump http://portal/')).toContain(heading)
    machine.type('primary', 'links http://portal/\r')
    await seen(machine, 'primary', '(p1 of ')
    await seen(machine, 'primary', heading)
    machine.type('primary', 'q')
    await seen(machine, 'primary', 'Do you really want to exit Links?')
    machine.type('primary', '\r')
    await shellIsBack(machine, 'primary')
    expect(await machine.run('primary', 'echo browsed')).toContain('browsed')
  })
})

/** Three guests on two cores, beside whatever else the machine does. */
const PATIENCE_MS = 600_000

/** Frames that a guest has received since it started, as its kernel counts them. */
const RX_FRAMES = 'cat /sys/class/net/eth0/statistics/rx_packets'

/** Runs a command of the irssi on messaging's console and answers what the window showed. */
async function execute(machine: RealMachine, command: string): Promise<string> {
  const mark = `end-${Math.random().toString(36).slice(2, 8)}`
  const from = machine.text('messaging').length
  machine.type('messaging', `/exec - ${command}; echo ${mark.slice(0, 4)}''${mark.slice(4)}\r`)
  await machine.until(`messaging: ${command}`, () =>
    machine.text('messaging').includes(mark, from) ? true : undefined,
  )
  return machine.text('messaging').slice(from)
}

/** Sends a datagram to every address of both networks (no fork each, by bash), and lists who has answered ARP. */
function sweep(network: string): string {
  const each = `for i in $(seq 1 254); do echo x >/dev/udp/${network}.$i/9; echo x >/dev/udp/10.83.0.$i/9; done 2>/dev/null`
  return `${each}; sleep 1; ip neigh | grep lladdr | sed 's/^/found-/'`
}

/** Pings the addresses that guests and services have, and some more. */
function scan(network: string): string {
  const one = (address: string): string =>
    `(ping -c 1 -W 5 ${address} >/dev/null 2>&1 && echo found-${address}) &`
  return `for i in $(seq 1 20); do ${one(`${network}.$i`)} ${one('10.83.0.$i')} done; wait`
}

function found(output: string): string[] {
  return [...new Set(output.match(/found-\d+\.\d+\.\d+\.\d+/g))].toSorted()
}

describe('default deny, seen from inside', () => {
  it(
    'shows a scan the gateway and the portal alone, and forged frames reach nobody',
    async () => {
      await using machine = await powerOn('primary', 'messaging', 'web')
      for (const id of ['primary', 'web']) await machine.run(id, LEASE)
      const addressOf = async (id: string): Promise<string> =>
        /inet ([\d.]+)/.exec(await machine.run(id, 'ip -4 addr show eth0'))?.[1] ?? ''
      const [primary, web] = [await addressOf('primary'), await addressOf('web')]
      const messaging = /inet ([\d.]+)/.exec(await execute(machine, 'ip -4 addr show eth0'))?.[1] ?? ''
      const network = primary.split('.').slice(0, 3).join('.')
      expect([web, messaging].every((address) => address.startsWith(`${network}.`))).toBe(true)

      const services = ['found-10.83.0.1', 'found-10.83.0.2']
      // The primary's client may open a connection to messaging, so it learns where that is; of the others, not even that.
      expect(found(await machine.run('primary', sweep(network)))).toEqual(
        [`found-${messaging}`, ...services].toSorted(),
      )
      expect(await machine.run('primary', `ping -c 1 -W 5 ${messaging}; echo`)).toContain(
        '0 packets received',
      )
      expect(found(await machine.run('web', scan(network)))).toEqual([`found-${web}`, ...services].toSorted())
      expect(found(await execute(machine, scan(network)))).toEqual(
        [`found-${messaging}`, ...services].toSorted(),
      )

      // The one service that a line opens answers its one client, and nobody else's ports do.
      const connect = (address: string, port: number): string =>
        `nc -w 20 ${address} ${port} </dev/null >/dev/null 2>&1 && echo open-${port} || echo shut-${port}`
      expect(await machine.run('primary', connect(messaging, 6667))).toContain('open-6667')
      machine.type('primary', `irssi -c ${messaging} -n ada\r`)
      await seen(machine, 'primary', 'Welcome to the Internet Relay Network ada')
      machine.type('primary', '/join #lobby\rgood evening from the primary\r')
      await seen(machine, 'messaging', 'ada> good evening from the primary')
      machine.type('messaging', 'good evening to you\r')
      await seen(machine, 'primary', '> good evening to you')
      machine.type('primary', '/quit\r')
      await shellIsBack(machine, 'primary')
      for (const [id, address, port] of [
        ['primary', messaging, 22],
        ['primary', web, 80],
        ['web', messaging, 6667],
        ['web', primary, 6667],
      ] as const)
        expect(await machine.run(id, connect(address, port))).toContain(`shut-${port}`)

      // With another's MAC or address, as an answer to no question, or in another VLAN: nobody hears a thing.
      const before = Number(await machine.run('web', RX_FRAMES))
      for (const kind of ['mac', 'ip', 'arp', 'vlan']) {
        const forged = `rawforge --kind ${kind} --mac 02:48:53:00:00:02 --ip ${messaging} --to ${web} --vlan 5 --count 50 --yes`
        expect(await machine.run('primary', forged)).toContain('50 of 50 frames')
        expect(await execute(machine, forged.replace(messaging, primary))).toContain('50 of 50 frames')
      }
      expect(Number(await machine.run('web', RX_FRAMES))).toBe(before)
      const heard = Number(await machine.run('primary', RX_FRAMES))
      // The browser's guest has a shell for its log on its console: the same card, the same place in the policy.
      const [others] = /(?:[\da-f]{2}:){5}[\da-f]{2}/.exec(
        await machine.run('primary', 'cat /sys/class/net/eth0/address'),
      ) ?? ['']
      expect(await machine.run('web', 'cat /sys/class/net/eth0/address')).not.toContain(others)
      for (const kind of ['mac', 'ip', 'arp', 'vlan']) {
        const forged = `rawforge --kind ${kind} --mac ${others} --ip ${messaging} --to ${primary} --vlan 5 --count 50 --yes`
        expect(await machine.run('web', forged)).toContain('50 of 50 frames')
      }
      expect(Number(await machine.run('primary', RX_FRAMES))).toBe(heard)
      // At the one service that a line opens, as its one client would: by another, and by the client with another's name.
      const heardBefore = /rx-(\d+)/.exec(await execute(machine, `echo rx-$(${RX_FRAMES})`))?.[1]
      expect(Number(heardBefore)).toBeGreaterThan(0)
      for (const kind of ['mac', 'ip', 'arp', 'vlan']) {
        const forged = `rawforge --kind ${kind} --mac ${others} --ip ${primary} --to ${messaging} --vlan 5 --count 50 --yes`
        expect(await machine.run('web', forged)).toContain('50 of 50 frames')
        const asWeb = forged.replace(others, '02:48:53:00:00:02').replace(primary, web)
        expect(await machine.run('primary', asWeb)).toContain('50 of 50 frames')
      }
      expect(/rx-(\d+)/.exec(await execute(machine, `echo rx-$(${RX_FRAMES})`))?.[1]).toBe(heardBefore)
      const strangers = 'echo strangers $(ip neigh | grep lladdr | grep -cv 02:48:53:47)'
      expect(await machine.run('web', strangers)).toContain('strangers 0')
      // The switch goes on for those who keep to the rules.
      expect(await machine.run('primary', 'wget -qO- http://portal/')).toContain('</html>')
    },
    PATIENCE_MS,
  )
})
