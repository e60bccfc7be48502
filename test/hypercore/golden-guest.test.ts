/** Real guests resumed from a golden snapshot that the bake took: each is itself, now, and no copy of another. */

import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findAppliance } from '../../src/appliances/definitions.ts'
import { bakeState } from '../../src/bake/bake.ts'
import { bakePlan } from '../../src/bake/plan.ts'
import { encodeStateFile } from '../../src/machine/state-file.ts'
import { gzipSync } from 'node:zlib'
import type { HandOff, VerifiedGolden } from '../../src/protocol/hand-off.ts'
import { v86Module } from '../support/guest-images.ts'
import { blankVolume, RealMachine, realHandOff } from './real-machine.ts'

/** A day: no clock of a guest is right by luck. */
const CLOCK_OFF_MS = 24 * 3600 * 1000

/** The web appliance without its volume: a shell with a network card. */
const volumes = async (): Promise<HandOff['volumes']> => [
  ...(await realHandOff()).volumes,
  blankVolume('web'),
]

describe('guests of one golden snapshot', () => {
  let golden: VerifiedGolden
  let given: HandOff
  let machine: RealMachine

  beforeAll(async () => {
    given = await realHandOff({ volumes: await volumes() }, [])
    const definition = findAppliance('web')
    if (definition === undefined) throw new Error('there is no web appliance')
    const plan = await bakePlan(given.volumes, definition, given.engine.sha256)
    const { state, stage } = await bakeState(plan, await v86Module())
    const file = gzipSync(encodeStateFile(state))
    golden = {
      appliance: 'web',
      size: file.length,
      sha256: '',
      content: new Blob([file]),
      machine: plan.machine,
      stage,
    }
  })

  afterEach(() => machine[Symbol.asyncDispose]())

  it('answer at once, with the right time, an address and a name of their own, and randomness of their own', async () => {
    machine = await RealMachine.powerOn({ ...given, goldens: [golden] }, { clockOffMs: CLOCK_OFF_MS })
    await machine.call({ name: 'create', args: { config: { appliance: 'web' } } })
    const seen = []
    for (const id of ['web', 'web-2']) {
      await machine.on(id, 'start')
      const info = await machine.ready(id)
      expect(info.origin).toEqual({ kind: 'golden' })
      const date = Number(/\d{9,}/.exec(await machine.run(id, 'date +%s'))?.[0])
      expect(Math.abs(date - (Date.now() + CLOCK_OFF_MS) / 1000)).toBeLessThanOrEqual(2)
      expect((await machine.run(id, 'hostname')).trim()).toBe(id)
      const [mac] = /02(?::[0-9a-f]{2}){5}/.exec(await machine.run(id, 'ip link show eth0')) ?? []
      const random = (await machine.run(id, 'head -c 24 /dev/urandom | base64')).trim()
      seen.push({ mac, random })
    }
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
    expect(info.origin).toMatchObject({ kind: 'boot', why: expect.stringContaining('not packed with gzip') })
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
