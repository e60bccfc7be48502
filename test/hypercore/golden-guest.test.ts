/** Real guests resumed from a golden snapshot that the bake took: each is itself, now, and no copy of another. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findAppliance } from '../../src/appliances/definitions.ts'
import { bakeStates, type Baked } from '../../src/bake/bake.ts'
import { bakePlan, type BakePlan } from '../../src/bake/plan.ts'
import { encodeStateFile } from '../../src/machine/state-file.ts'
import type { HandOff, VerifiedGolden } from '../../src/protocol/hand-off.ts'
import type { SnapshotTaken } from '../../src/protocol/snapshot.ts'
import { isBlankDisk } from '../../src/storage/overlay/blank-disk.ts'
import { nodeDirectory } from '../../src/storage/node-files.ts'
import { v86Module } from '../support/guest-images.ts'
import { idOf } from './bench-board.ts'
import { allVolumes, blankVolume, RealMachine, realHandOff } from './real-machine.ts'

/** A day: no clock of a guest is right by luck. */
const CLOCK_OFF_MS = 24 * 3600 * 1000

const OPFS = { kind: 'opfs', quotaBytes: undefined, usedBytes: undefined } as const

/** As the firmware would have verified it. */
function goldenFile({ appliance, machine }: BakePlan, baked: Baked | undefined): VerifiedGolden {
  if (baked === undefined) throw new Error('nothing was baked')
  const { state, stage, blankDisk, surroundings } = baked
  const file = gzipSync(encodeStateFile(state, surroundings))
  return { appliance, size: file.length, sha256: '', content: new Blob([file]), machine, stage, blankDisk }
}

/** The web appliance without its volume: a shell with a network card. */
const volumes = async (): Promise<HandOff['volumes']> => [
  ...(await realHandOff()).volumes,
  blankVolume('web'),
]

describe('a golden snapshot for a blank disk', () => {
  let folder: string
  let given: HandOff

  beforeAll(async () => {
    const bare = await realHandOff({ volumes: allVolumes() })
    const definition = findAppliance('primary')
    if (definition === undefined) throw new Error('there is no primary')
    const plan = await bakePlan(bare.volumes, definition, bare.engine.sha256)
    const { primary, ...others } = bare.settings.appliances
    if (primary === undefined) throw new Error('no settings of the primary')
    const { memoryMiB } = plan.machine
    given = {
      ...bare,
      settings: { ...bare.settings, appliances: { ...others, primary: { ...primary, memoryMiB } } },
      platform: { ...bare.platform, storage: OPFS },
      goldens: [goldenFile(plan, (await bakeStates(plan, await v86Module())).at(-1))],
    }
  })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hyperspace-golden-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const isBlank = (): Promise<boolean> => isBlankDisk('primary', async () => nodeDirectory(folder))

  it('brings first screen and file system along; the disk stays blank until the guest writes, and then has all of it', async () => {
    expect(given.goldens).toMatchObject([{ stage: 'ready', blankDisk: true }])
    const { primary, ...others } = given.settings.appliances
    if (primary === undefined) throw new Error('no settings of the primary')
    const starting = { ...others, primary: { ...primary, start: true } }
    const first = await RealMachine.powerOn(
      { ...given, settings: { ...given.settings, appliances: starting } },
      { folder, isPrepared: true },
    )
    const { workers } = first
    expect((await first.ready('primary')).origin).toEqual({ kind: 'golden' })
    expect(first.text('primary')).toMatch(/a small Linux on a simulated PC[^]*root@primary/)
    expect(await first.run('primary', 'od -An -tx1 -j1080 -N2 /dev/sdb')).toContain('53 ef')
    // It goes on in the worker that had unpacked its state; since the boot is over, the snapshot store has one beside it.
    expect([workers, first.workers]).toEqual([1, 1 + 1])
    expect(await isBlank()).toBe(true)
    await first.run('primary', 'echo of the first visit >/root/file; sync')
    expect(await isBlank()).toBe(false)
    await first[Symbol.asyncDispose]()

    // The disk is not blank any more, although nobody has told the firmware: the guest boots from it.
    const second = await RealMachine.powerOn(given, { folder })
    await second.on('primary', 'start')
    expect((await second.ready('primary')).origin).toMatchObject({
      kind: 'boot',
      why: expect.stringContaining('not blank any more'),
    })
    expect(await second.run('primary', 'cat /root/file')).toContain('of the first visit')
    await second[Symbol.asyncDispose]()
  })

  it('has its disk with every snapshot; where that cannot be kept, there is none, and the guest goes on', async () => {
    await using machine = await RealMachine.powerOn(given, { folder })
    await machine.on('primary', 'start')
    await machine.ready('primary')
    const take = (name: string): Promise<unknown> =>
      machine.call({
        name: 'snapshot',
        args: { id: idOf('primary'), name, note: '', thumbnail: new Uint8Array() },
      })
    await rm(join(folder, 'overlays'), { recursive: true })
    await expect(take('lost')).rejects.toThrow(
      /Its disk could not be kept: disk primary: the browser has removed its file/,
    )
    expect(machine.info('primary')).toMatchObject({ state: 'running', crash: undefined })
    expect(await machine.run('primary', 'echo $((6 * 7))')).toContain('42')
  })
})

describe('messaging’s golden snapshot for a blank disk', () => {
  const folders: string[] = []
  const machines: RealMachine[] = []
  let given: HandOff

  beforeAll(async () => {
    const bare = await realHandOff({ volumes: allVolumes() })
    const definition = findAppliance('messaging')
    if (definition === undefined) throw new Error('there is no messaging')
    const plan = await bakePlan(bare.volumes, definition, bare.engine.sha256)
    given = {
      ...bare,
      settings: { ...bare.settings, appliances: {} },
      platform: { ...bare.platform, storage: OPFS },
      goldens: [goldenFile(plan, (await bakeStates(plan, await v86Module())).at(-1))],
    }
  })

  afterAll(async () => {
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })))
  })

  /** Waits for a row on the screen and answers what the pattern's group is. */
  const shown = (machine: RealMachine, pattern: RegExp): Promise<string> =>
    machine.onScreen('messaging', String(pattern), (rows) => pattern.exec(rows.join('\n'))?.[1])

  /** A browser that comes for the first time, and the name that its server confirms. */
  async function visit(): Promise<{ readonly machine: RealMachine; readonly name: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'hyperspace-golden-'))
    folders.push(folder)
    const machine = await RealMachine.powerOn(given, { folder })
    machines.push(machine)
    await machine.on('messaging', 'start')
    expect((await machine.ready('messaging')).origin).toEqual({ kind: 'golden' })
    return { machine, name: await shown(machine, /now known as (guest\d{4})$/m) }
  }

  /** What the client's status bar says one is called. */
  const STATUS = /^ \[\d\d:\d\d\] \[(\w+)\(/m

  it('gives each first visit a nick of its own on server and screen, on disk with the first word, and leaves a chosen one alone', async () => {
    const names = new Set<string>()
    // Of 9,000 names: two visits that draw the same one are no fault, three are.
    while (names.size < 2 && machines.length < 3) {
      const { machine, name } = await visit()
      expect(await shown(machine, new RegExp(`^ \\[\\d\\d:\\d\\d\\] \\[(${name})\\(`, 'm'))).toBe(name)
      names.add(name)
    }
    expect(names.size).toBe(2)

    const machine = machines.at(-1)
    if (machine === undefined) throw new Error('nobody came')
    const name = [...names].at(-1) ?? ''
    const isBlank = (): Promise<boolean> =>
      isBlankDisk('messaging', async () => nodeDirectory(folders.at(-1) ?? ''))
    // Whoever never says a word finds the same instant start again: nothing waits to be written.
    machine.type('messaging', "/exec - sync; echo syn''ced\r")
    await shown(machine, /^.*(synced)$/m)
    expect(await isBlank()).toBe(true)
    machine.type('messaging', 'hello\r')
    await shown(machine, new RegExp(`< ?(${name})> hello`))
    const look = 'until [ ! -e drawn ]; do sleep 0.1; done; grep -o "nick = .*" config config.whole'
    machine.type('messaging', `/exec - cd /root/.irssi; ${look}\r`)
    expect(await shown(machine, /config:nick = "(.*)";/)).toBe(name)
    expect(await shown(machine, /config\.whole:nick = "(.*)";/)).toBe(name)
    expect(await isBlank()).toBe(false)

    machine.type('messaging', '/nick lovelace\r')
    await shown(machine, /now known as (lovelace)$/m)
    const args = { id: idOf('messaging'), name: 'chosen', note: '', thumbnail: new Uint8Array() }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the protocol says of this call
    const { id: snapshotId } = (await machine.call({ name: 'snapshot', args })) as SnapshotTaken
    await machine.call({ name: 'restore', args: { snapshotId } })
    await machine.ready('messaging')
    machine.type('messaging', '/exec - echo restored\r')
    await shown(machine, /^.*(restored)$/m)
    expect(await shown(machine, STATUS)).toBe('lovelace')
    await machine.on('messaging', 'shutdown')
    await machine.on('messaging', 'start')
    await machine.ready('messaging')
    expect(await shown(machine, /(\w+) \[~person@127\.0\.0\.1\] has joined/)).toBe('lovelace')
  })
})

describe('guests of one golden snapshot', () => {
  let golden: VerifiedGolden
  let given: HandOff
  let machine: RealMachine

  beforeAll(async () => {
    given = await realHandOff({ volumes: await volumes() }, [])
    const definition = findAppliance('web')
    if (definition === undefined) throw new Error('there is no web appliance')
    const plan = await bakePlan(given.volumes, definition, given.engine.sha256)
    golden = goldenFile(plan, (await bakeStates(plan, await v86Module()))[0])
  })

  afterEach(() => machine[Symbol.asyncDispose]())

  it('answer at once, with the right time, an address and a name of their own, and randomness of their own', async () => {
    machine = await RealMachine.powerOn({ ...given, goldens: [golden] }, { clockOffMs: CLOCK_OFF_MS })
    await machine.call({ name: 'create', args: { config: { appliance: 'web' } } })
    const size = { width: 1280, height: 800 }
    await machine.call({ name: 'setScreenSize', args: { id: idOf('web'), size } })
    const seen = []
    for (const id of ['web', 'web-2']) {
      // The second one's machine was built while nobody needed one, with the address of another guest, and has run.
      if (id === 'web-2')
        await machine.until('a machine ahead', () => (machine.rehearsals > 0 ? true : undefined))
      await machine.on(id, 'start')
      const info = await machine.ready(id)
      expect(info.origin).toEqual({ kind: 'golden' })
      // Its console starts anew; what is typed before the prompt may still go to the shell that ends.
      await machine.until(`${id}: prompt`, () => (machine.text(id).includes(`${id}:~#`) ? true : undefined))
      const date = Number(/\d{9,}/.exec(await machine.run(id, 'date +%s'))?.[0])
      expect(Math.abs(date - (Date.now() + CLOCK_OFF_MS) / 1000)).toBeLessThanOrEqual(2)
      expect((await machine.run(id, 'hostname')).trim()).toBe(id)
      const [mac] = /02(?::[0-9a-f]{2}){5}/.exec(await machine.run(id, 'ip link show eth0')) ?? []
      const random = (await machine.run(id, 'head -c 24 /dev/urandom | base64')).trim()
      seen.push({ mac, random })
    }
    expect(machine.adopted).toBe(1)
    // Nobody has told this one.
    expect(await machine.run('web-2', 'cat /run/hv.screen')).toContain('1280 800')
    const [first, second] = seen
    expect(first?.mac).toMatch(/^02:48:53:00:00:0[1-9]$/)
    expect(second?.mac).toMatch(/^02:48:53:00:00:0[1-9]$/)
    expect(second?.mac).not.toBe(first?.mac)
    expect(second?.random).not.toBe(first?.random)
    expect(await machine.run('web', 'hv info')).toMatch(/domain +web\n/)
  })

  it('boot instead where the file is damaged, and say so', async () => {
    const bytes = new Uint8Array(await golden.content.arrayBuffer())
    const damaged = { ...golden, content: new Blob([bytes.subarray(0, bytes.length / 2)]) }
    machine = await RealMachine.powerOn({ ...given, goldens: [damaged] })
    await machine.on('web', 'start')
    const info = await machine.ready('web')
    expect(info).toMatchObject({ state: 'running', crash: undefined })
    expect(info.origin).toMatchObject({ kind: 'boot', why: expect.stringContaining('state file is damaged') })
    expect(machine.journal.join('\n')).toContain('Web boots cold: its golden snapshot does not restore')
    expect(await machine.run('web', 'echo $((6 * 7))')).toContain('42')
  })

  it('shut down when they are asked to', async () => {
    machine = await RealMachine.powerOn({ ...given, goldens: [golden] })
    await machine.on('web', 'start')
    await machine.ready('web')
    await machine.on('web', 'shutdown')
    expect(machine.info('web')).toMatchObject({ state: 'off', crash: undefined })
  })
})
