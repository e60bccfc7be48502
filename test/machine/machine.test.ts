/** What the machine shows of its guest to an inspector in its own thread. */

import { expect, it } from 'vitest'
import { Machine, type MachineEnd } from '../../src/machine/machine.ts'
import { machineSpec, TINY_ENTRY, tinyBoot, v86Module } from '../support/guest-images.ts'

it('lets an inspector read registers and memory after the end', async () => {
  // mov dword [0x200000], 0x11223344; mov ebx, 7; cli; hlt
  const code = [0xc7, 0x05, 0, 0, 0x20, 0, 0x44, 0x33, 0x22, 0x11, 0xbb, 7, 0, 0, 0, 0xfa, 0xf4]
  let resolve: (end: MachineEnd) => void = () => undefined
  const ended = new Promise<MachineEnd>((settle) => {
    resolve = settle
  })
  const nothing = (): void => undefined
  const machine = await Machine.create(
    machineSpec(tinyBoot(code)),
    await v86Module(),
    { hda: undefined, hdb: undefined, cdrom: undefined },
    {
      consoleOutput: nothing,
      frame: nothing,
      agentFrame: nothing,
      networkFrames: nothing,
      spinning: nothing,
      ended: (end) => resolve(end),
    },
  )
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
