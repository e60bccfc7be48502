import { describe, expect, it } from 'vitest'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { cappedModule } from '../support/guest-images.ts'
import { idOf, refused } from './bench-board.ts'
import { RealMachine, allVolumes, flashVolumes, realHandOff } from './real-machine.ts'

const UNAME = /^Linux \S+ 6\.\d+\.\d+\S* .*i[3-6]86 GNU\/Linux$/

/** Its network interfaces, and the cards that the driver in its kernel, which all guests share, has found. */
const CARDS =
  'echo cards: $(ls /sys/class/net), found: $(ls /sys/bus/virtio/drivers/virtio_net | grep ^virtio) .'

async function answers(machine: RealMachine, id: string): Promise<void> {
  const output = await machine.run(id, 'uname -a')
  expect(output.trim()).toMatch(UNAME)
  expect(output).toContain(` ${id} `)
}

describe('HyperCore with real guests', () => {
  it('tells of one that the browser has no memory for, and the others go on', async () => {
    const given = await realHandOff({ memoryBudgetMiB: 1024 }, ['management'])
    await using machine = await RealMachine.powerOn({
      ...given,
      engine: { ...given.engine, module: await cappedModule(128) },
    })
    await machine.ready('management')
    const config = { appliance: 'management', memoryMiB: 256 }
    const large = await machine.call({ name: 'create', args: { config } })
    const start = machine.on(String(large), 'start')
    expect(await machine.refusal(start)).toMatchObject({
      kind: 'over-budget',
      message: expect.stringMatching(/no memory for a machine with 256 MiB\. Shut another domain down/),
    })
    expect(machine.info(String(large))).toMatchObject({
      state: 'crashed',
      crash: { cause: { kind: 'out-of-memory' } },
    })
    expect(machine.journal.join('\n')).toContain('no memory for a machine with 256 MiB')
    await answers(machine, 'management')
  })

  it('boots three, and kills one, loses one to a panic and one to a spin without harm to the rest', async () => {
    await using machine = await RealMachine.powerOn(
      await realHandOff({}, ['management', 'messaging', 'vault']),
    )
    const created = await machine.call({ name: 'create', args: { config: { appliance: 'management' } } })
    expect(created).toBe('management-2')
    for (const id of ['management', 'messaging', 'vault']) await machine.ready(id)
    await machine.on('management-2', 'start')
    await machine.ready('management-2')
    for (const id of ['management', 'messaging', 'vault', 'management-2']) await answers(machine, id)

    await machine.on('messaging', 'kill')
    expect(machine.info('messaging')?.state).toBe('off')
    await answers(machine, 'vault')

    machine.type('vault', 'panicnow --yes\r')
    const crashed = await machine.domain('vault', 'crashed', ({ state }) => state === 'crashed')
    expect(crashed.crash?.cause).toEqual({ kind: 'panic' })
    expect(crashed.crash?.consoleTail).toContain('Kernel panic')
    expect(crashed.crash?.registers?.eip).toBeGreaterThan(0)
    await answers(machine, 'management')

    machine.type('management-2', 'haltcli spin --yes\r')
    const spinning = await machine.domain(
      'management-2',
      'spinning',
      ({ health }) => health.kind === 'spinning',
    )
    expect(spinning.state).toBe('running')
    await answers(machine, 'management')
    expect(await machine.run('management', 'hv list')).toMatch(/management-2 .*spinning/)
    await machine.on('management-2', 'kill')

    await machine.on('vault', 'start')
    expect((await machine.ready('vault')).crash).toBeUndefined()
    await answers(machine, 'vault')
  })

  it('boots every appliance of the flash, with the memory that its manifest asks for', async () => {
    const given = await realHandOff({ memoryBudgetMiB: 1024, volumes: allVolumes() })
    await using machine = await RealMachine.powerOn({
      ...given,
      settings: { ...given.settings, appliances: {} },
    })
    for (const { name } of APPLIANCES) {
      await machine.on(name, 'start')
      await machine.ready(name)
    }
    for (const { name, appliance, ramMiB } of allVolumes().filter(({ role }) => role === 'appliance'))
      expect([name, machine.info(appliance ?? '')?.memoryBytes]).toEqual([name, (ramMiB ?? 0) * 2 ** 20])
    await answers(machine, 'primary')
    expect(await machine.run('management', 'hv list')).toMatch(/vault +Vault +running/)
    expect(await machine.run('management', 'echo cards: $(ls /sys/class/net)')).toMatch(/cards: lo\s/)
    machine.type('vault', '!')
    await machine.until('the shell of the vault', () =>
      machine.text('vault').endsWith('vault:~# ') ? true : undefined,
    )
    expect(await machine.run('vault', CARDS)).toMatch(/cards: lo, found: \./)
    expect(await machine.run('primary', CARDS)).toMatch(/cards: eth0 lo, found: virtio\d \./)
    expect(await machine.run('management', 'hv newIdentity vault')).toContain('permission denied')
    expect(await machine.run('management', 'hv newIdentity web')).toContain('web is another one')
  })

  it('shuts a guest down by its agent, starts it again, and lets it restart itself', async () => {
    await using machine = await RealMachine.powerOn(await realHandOff({}, ['management']))
    await machine.ready('management')
    await machine.run('management', 'touch /tmp/first-life')
    await machine.on('management', 'shutdown')
    expect(machine.info('management')).toMatchObject({ state: 'off', crash: undefined })
    expect(machine.journal.at(-1)).toBe('Management is off.')
    await machine.on('management', 'start')
    await machine.ready('management')
    expect(await machine.run('management', 'ls /tmp')).not.toContain('first-life')

    machine.type('management', 'reboot\r')
    await machine.until('the restart', () =>
      machine.journal.includes('Management restarts itself.') ? true : undefined,
    )
    await machine.ready('management')
    await answers(machine, 'management')

    machine.type('management', 'poweroff\r')
    const off = await machine.domain(
      'management',
      'off',
      ({ state }) => state === 'off' || state === 'crashed',
    )
    expect(off.crash).toBeUndefined()
  })

  it('answers hv of management, and denies control to another domain', async () => {
    await using machine = await RealMachine.powerOn(await realHandOff({}, ['management', 'messaging']))
    await machine.ready('management')
    await machine.ready('messaging')
    expect(await machine.run('management', 'hv info')).toMatch(/domain +management\n[^]*HyperCore \d/)
    expect(await machine.run('management', 'hv list')).toMatch(/messaging +Messaging +running/)
    expect(await machine.run('messaging', 'hv info')).toMatch(/domain +messaging/)
    expect(await machine.run('messaging', 'hv log all is well')).toBe('')
    expect(machine.journal).toContain('Messaging says: all is well')

    expect(await machine.run('messaging', 'hv pause management; echo status $?')).toMatch(
      /permission denied[^]*status 2/,
    )
    expect(await machine.run('messaging', 'hv list')).toContain('permission denied')
    expect(machine.info('management')?.state).toBe('running')
    expect(machine.journal.join('\n')).toContain('Messaging may not call “pause”')

    expect(await machine.run('management', 'hv pause messaging')).toContain('messaging is paused')
    expect(machine.info('messaging')?.state).toBe('paused')
    expect(await machine.run('management', 'hv pause messaging; echo status $?')).toContain('status 6')
    expect(await machine.run('management', 'hv resume messaging')).toContain('messaging is running')
    await answers(machine, 'messaging')
    expect(await machine.run('management', 'hv shutdown messaging')).toContain('messaging is off')
    expect(await machine.run('management', 'hv start nobody; echo status $?')).toContain('status 5')
    expect(await machine.run('management', 'hv policy')).toMatch(/^ *1 {2}\S/m)
    expect(await machine.run('management', 'hv policy log')).toMatch(/^source +destination +service/m)
    const refused = await machine.run('management', 'hv policy allow; echo status $?')
    expect(refused).toMatch(/changed in the console alone[^]*status 1/)
    expect(await machine.run('management', 'hv policy allow all')).toContain('usage: hv policy [log]')
  })

  it('shows hv top the rows of real domains as they change, and gives the shell its screen back', async () => {
    await using machine = await RealMachine.powerOn(await realHandOff({}, ['management', 'messaging']))
    await machine.ready('management')
    await machine.ready('messaging')
    await machine.run('management', 'clear; echo what was there')
    machine.type('management', 'hv top\r')
    const rowOf = (rows: readonly string[], id: string): string | undefined =>
      /^hv top +management +\d\d:\d\d:\d\d$/.test(rows[0] ?? '') &&
      /^id +cpu% +MIPS +exits +interrupts$/.test(rows[2] ?? '')
        ? rows.slice(3).find((row) => new RegExp(`^${id} +[\\d.]+ +[\\d.]+ +\\d+ +\\d+$`).test(row))
        : undefined
    const first = await machine.onScreen('management', 'its own row', (rows) => rowOf(rows, 'management'))
    await machine.onScreen('management', 'the other’s row', (rows) => rowOf(rows, 'messaging'))
    const exits = (row: string): number => Number(row.split(/ +/)[3])
    await machine.onScreen('management', 'a later row', (rows) => {
      const row = rowOf(rows, 'management')
      return row !== undefined && exits(row) > exits(first) ? row : undefined
    })
    await machine.on('messaging', 'kill')
    await machine.onScreen('management', 'no row of who is off', (rows) =>
      rowOf(rows, 'management') !== undefined && rowOf(rows, 'messaging') === undefined ? true : undefined,
    )
    machine.type('management', 'q')
    const back = await machine.onScreen('management', 'the shell', (rows) =>
      rows.includes('what was there') && machine.text('management').endsWith('# ') ? rows : undefined,
    )
    expect(back.some((row) => row.startsWith('hv top '))).toBe(false)
    await answers(machine, 'management')
  })

  it('goes on beside a guest with a fork bomb, one that takes all its memory, and one in a storm of interrupts', async () => {
    await using machine = await RealMachine.powerOn(await realHandOff({}, ['management', 'messaging']))
    await machine.ready('management')
    const attack = async (line: string, hurt: () => true | undefined): Promise<void> => {
      await machine.ready('messaging')
      await answers(machine, 'messaging')
      machine.type('messaging', `${line}\r`)
      await machine.until(`the harm of ${line}`, hurt)
      await answers(machine, 'management')
      expect(machine.info('messaging')?.state).toBe('running')
      await machine.on('messaging', 'kill')
      await answers(machine, 'management')
      await machine.on('messaging', 'start')
    }
    const says = (pattern: RegExp) => (): true | undefined =>
      pattern.test(machine.text('messaging')) ? true : undefined
    await attack('forkbomb --yes & while :; do ls >/dev/null; done', says(/can't fork|Out of memory/))
    await attack('memhog --yes', says(/Out of memory: Killed process/))
    const before = machine.stats('messaging').at(-1)?.interrupts ?? 0
    await attack('irqstorm --yes --seconds 3600', () => {
      const { interrupts = 0 } = machine.stats('messaging').at(-1) ?? {}
      return interrupts > before + 10_000 ? true : undefined
    })
    await machine.ready('messaging')
    await answers(machine, 'messaging')
  })

  it('holds a busy guest to its cap within five points, and leaves the rest to the other', async () => {
    await using machine = await RealMachine.powerOn(await realHandOff({}, ['management', 'vault']))
    await machine.ready('management')
    await machine.ready('vault')
    machine.type('vault', 'while :; do :; done\r')
    for (const capPercent of [20, 50, 80]) {
      await machine.call({ name: 'setLimits', args: { id: idOf('vault'), limits: { capPercent } } })
      const from = machine.stats('vault').length
      // Two seconds at a time: on a machine under load some samples are of a thread that waited for a core.
      await machine.until(`a mean within 5 points of ${capPercent} %`, () => {
        const window = machine.stats('vault').slice(from).slice(-8)
        const mean = window.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0) / window.length
        return window.length === 8 && Math.abs(mean - capPercent) <= 5 ? true : undefined
      })
      expect(machine.stats('vault').at(-1)?.grantedPercent).toBe(capPercent)
    }
    await answers(machine, 'management')
  })

  it('shares what the page leaves of one processor between two busy guests by their weights, 2 : 1', async () => {
    const given = await realHandOff({}, ['management', 'vault'])
    const { management, vault, ...others } = given.settings.appliances
    if (management === undefined || vault === undefined) throw new Error('both are in the settings')
    const appliances = { ...others, management: { ...management, weight: 200 }, vault }
    await using machine = await RealMachine.powerOn({
      ...given,
      settings: { ...given.settings, appliances },
      platform: { ...given.platform, processors: 1 },
    })
    for (const id of ['management', 'vault']) await machine.ready(id)
    for (const id of ['management', 'vault']) machine.type(id, 'while :; do :; done\r')
    // Processor time of the same two seconds; on a machine under load some of them are of a thread that waited for a core.
    const used = (id: string): number =>
      machine
        .stats(id)
        .slice(-8)
        .reduce((sum, { cpuPercent }) => sum + cpuPercent, 0)
    await machine.until('twice the processor time for twice the weight', () => {
      const ratio = used('management') / used('vault')
      const isShared = machine.stats('vault').at(-1)?.grantedPercent === 25
      return isShared && machine.stats('vault').length >= 16 && Math.abs(ratio - 2) <= 0.3 ? true : undefined
    })
    expect(machine.stats('management').at(-1)?.grantedPercent).toBe(50)
  })

  it('refuses a start over budget with the figures, and a refused volume with both hashes, and boots the rest', async () => {
    const given = await realHandOff({ memoryBudgetMiB: 100, refused: [refused('vault')] }, [
      'management',
      'vault',
    ])
    await using machine = await RealMachine.powerOn({ ...given, volumes: flashVolumes() })
    await machine.ready('management')
    const shown = await machine.domain('vault', 'refused', ({ state }) => state === 'crashed')
    expect(shown.crash?.cause).toMatchObject({ kind: 'boot-failed' })
    expect(JSON.stringify(shown.crash)).toContain('bb'.repeat(32))
    const create = { appliance: 'management', memoryMiB: 64 }
    await machine.call({ name: 'create', args: { config: create } })
    const fault = await machine.refusal(machine.on('management-2', 'start'))
    expect(fault).toMatchObject({ kind: 'over-budget' })
    expect(fault.message).toContain('needs 64 MiB; 52 of the 100 MiB budget are free')
    await machine.on('management', 'kill')
    await machine.on('management-2', 'start')
    await machine.ready('management-2')
    await answers(machine, 'management-2')
  })
})
