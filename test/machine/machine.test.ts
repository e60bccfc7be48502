/** What the machine shows of its guest to an inspector in its own thread. */

import { expect, it, vi } from 'vitest'
import { Machine, type MachineEnd } from '../../src/machine/machine.ts'
import { machineSpec, NO_HOOKS, TINY_ENTRY, tinyBoot, v86Module } from '../support/guest-images.ts'

const NO_DISKS = { hda: undefined, hdb: undefined, cdrom: undefined }

it('lets an inspector read registers and memory after the end', async () => {
  // mov dword [0x200000], 0x11223344; mov ebx, 7; cli; hlt
  const code = [0xc7, 0x05, 0, 0, 0x20, 0, 0x44, 0x33, 0x22, 0x11, 0xbb, 7, 0, 0, 0, 0xfa, 0xf4]
  let resolve: (end: MachineEnd) => void = () => undefined
  const ended = new Promise<MachineEnd>((settle) => {
    resolve = settle
  })
  const machine = await Machine.create(machineSpec(tinyBoot(code)), await v86Module(), NO_DISKS, {
    ...NO_HOOKS,
    ended: (end) => resolve(end),
  })
  machine.start()
  expect(await ended).toEqual({ kind: 'crashed', cause: { kind: 'halted' } })
  const memory = machine.memory()
  expect(memory.length).toBe(4 * 1024 * 1024)
  expect([...memory.subarray(TINY_ENTRY, TINY_ENTRY + code.length)]).toEqual(code)
  expect([...memory.subarray(0x200000, 0x200004)]).toEqual([0x44, 0x33, 0x22, 0x11])
  expect(machine.registers()).toMatchObject({ ebx: 7, cpl: 0, cs: 8, ds: 16 })
  expect(machine.instructions).toBe(4)
  machine.dispose()
})

it('has no time pass while it stands still', async () => {
  // Keeps bits 24 to 31 of the time-stamp counter, 16.8 ms each, in memory: rdtsc; shr eax, 24; mov [0x200000], eax; jmp to the rdtsc
  const code = [0x0f, 0x31, 0xc1, 0xe8, 0x18, 0xa3, 0, 0, 0x20, 0, 0xeb, 0xf4]
  const machine = await Machine.create(machineSpec(tinyBoot(code)), await v86Module(), NO_DISKS, NO_HOOKS)
  const time = async (): Promise<number> => {
    const from = machine.instructions
    await vi.waitUntil(() => machine.instructions > from)
    return machine.memory()[0x200000] ?? 0
  }
  const passed = async (since: number): Promise<number> => (((await time()) - since) & 0xff) * (2 ** 24 / 1e6)
  const stoodMs = 2000
  machine.start()
  for (let round = 0; round < 3; round++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const before = await time()
    machine.standStill()
    // oxlint-disable-next-line no-await-in-loop -- as above
    await new Promise((resolve) => setTimeout(resolve, stoodMs))
    machine.start()
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await passed(before)).toBeLessThan(stoodMs / 2)
  }
  const before = await time()
  await new Promise((resolve) => setTimeout(resolve, stoodMs))
  expect(await passed(before)).toBeGreaterThan(stoodMs / 2)
  machine.dispose()
})
