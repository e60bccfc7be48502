/** Taking a machine's state and resuming from it, with a real Linux in it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.ts'
import type { StateFault } from '../../src/protocol/state-fault.ts'
import { Guest, plan, type GuestOptions, type GuestState } from '../support/boot-guest.ts'
import { NO_HOOKS, v86Module } from '../support/guest-images.ts'

const OPTIONS: GuestOptions = { memoryMiB: 32, mac: '02:48:53:00:00:01' }

const nothing = (): void => undefined
/** What a resume from these bytes is refused with; undefined where it is not. */
async function refusal(device: Uint8Array, options: GuestOptions = OPTIONS): Promise<StateFault | undefined> {
  const { spec, stores } = await plan(options)
  const resumed = await Machine.resume(spec, await v86Module(), stores, NO_HOOKS, { device, fill: nothing })
  if (!resumed.ok) return resumed.error
  resumed.value.dispose()
  return undefined
}

/** The bytes with one place of text in v86's index replaced by another of the same length. */
function patched(device: Uint8Array, from: string | RegExp, to: string): Uint8Array {
  const bytes = Buffer.from(device)
  const at = bytes.toString('latin1').search(from)
  expect(at).toBeGreaterThan(0)
  bytes.write(to, at)
  return bytes
}

describe('a running guest', () => {
  let origin: Guest
  let state: GuestState

  beforeAll(async () => {
    origin = await Guest.boot(OPTIONS)
    await origin.untilReady()
    await origin.see(/:~# $/)
    await origin.run('cd /tmp; mark=from-before', /:\/tmp# $/)
    await origin.run('echo kept > file', /:\/tmp# $/)
    state = await origin.capture()
  })

  afterAll(() => origin.dispose())

  it('goes on in other machines, twice, each apart from the others', async () => {
    using first = await Guest.resume(state, OPTIONS)
    using second = await Guest.resume(state, OPTIONS)
    expect(await first.run('echo $mark; cat file; echo first > file', /:\/tmp# $/)).toContain('from-before')
    expect(await second.run('cat file', /:\/tmp# $/)).toMatch(/^kept$/m)
    expect(await first.run('cat file', /:\/tmp# $/)).toMatch(/^first$/m)
    expect(await origin.run('cat file', /:\/tmp# $/)).toMatch(/^kept$/m)
  })

  it('finds a memory of zeros to put its own into', async () => {
    const { spec, stores } = await plan(OPTIONS)
    let dirty: number | undefined
    const resumed = await Machine.resume(spec, await v86Module(), stores, NO_HOOKS, {
      device: state.device,
      fill: (ram) => {
        dirty = ram.findIndex((byte) => byte !== 0)
      },
    })
    expect(dirty).toBe(-1)
    if (resumed.ok) resumed.value.dispose()
  })

  it('is itself not disturbed by it', async () => {
    const before = origin.text.length
    await origin.capture()
    expect(await origin.run('echo $((6 * 7))', /:\/tmp# $/)).toContain('42')
    expect(origin.text.length).toBeGreaterThan(before)
    expect(origin.end).toBeUndefined()
  })

  it('sleeps as before, instead of running at full load', async () => {
    using guest = await Guest.resume(state, OPTIONS)
    await guest.run('sleep 1', /:\/tmp# $/)
    const { busyMs } = guest.machine.counters()
    const before = guest.machine.instructions
    await guest.run('sleep 1', /:\/tmp# $/)
    expect(guest.machine.instructions - before).toBeLessThan(20_000_000)
    expect(guest.machine.counters().busyMs).toBeGreaterThan(busyMs)
  })

  it('is refused as not settled while it runs', () => {
    expect(origin.machine.captureState()).toMatchObject({ ok: false, error: { kind: 'not-settled' } })
  })

  it.each([
    ['of nothing', (): Uint8Array => new Uint8Array(), 'foreign'],
    ['of something else', (): Uint8Array => new Uint8Array(4096).fill(7), 'foreign'],
    ['with a byte less', (all: Uint8Array): Uint8Array => all.subarray(0, -1), 'damaged'],
    ['cut in half', (all: Uint8Array): Uint8Array => all.subarray(0, all.length / 2), 'damaged'],
    ['with more behind it', (all: Uint8Array): Uint8Array => new Uint8Array([...all, 0]), 'damaged'],
    ['of another version', (all: Uint8Array): Uint8Array => all.with(4, 9), 'mismatch'],
    ['with an index that is no JSON', (all: Uint8Array) => patched(all, /\{"buffer_infos/, '}'), 'damaged'],
    [
      'with a buffer outside',
      (all: Uint8Array) => patched(all, /"offset":\d{7}/, '"offset":9999999'),
      'damaged',
    ],
    [
      'with another memory size',
      (all: Uint8Array) => patched(all, /(?<="state":\[)33554432/, '67108864'),
      'damaged',
    ],
    [
      'with a field that v86 cannot take',
      (all: Uint8Array) => patched(all, /(?<="__state_type__":)"Uint8Array"/, '"Nonsense!!"'),
      'damaged',
    ],
  ])('is refused in words where its state is %s', async (_what, damage, kind) => {
    const fault = await refusal(damage(state.device))
    expect(fault?.kind).toBe(kind)
    expect(fault?.message).toMatch(/[a-z].*\.$/)
  })

  it.each<[string, GuestOptions]>([
    ['memory size', { ...OPTIONS, memoryMiB: 48 }],
    ['network card', { memoryMiB: 32 }],
    ['video memory', { ...OPTIONS, framebuffer: { width: 640, height: 480 } }],
  ])('is refused by a machine of another %s', async (_what, options) => {
    expect((await refusal(state.device, options))?.kind).toBe('mismatch')
  })
})
