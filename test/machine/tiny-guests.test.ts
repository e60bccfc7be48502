/** Guests of a few instructions: each does one thing, and the machine must say what. */

import { afterEach, describe, expect, it, vi } from 'vitest'
import { CONSOLE_HIGH_WATERMARK } from '../../src/protocol/channels.ts'
import type { ExitCount } from '../../src/protocol/domain.ts'
import { hostDomain, type DomainHost } from '../support/domain-host.ts'
import {
  biosBoot,
  cappedModule,
  machineSpec,
  shellBoot,
  TINY_ENTRY,
  tinyBoot,
} from '../support/guest-images.ts'

/** Machine code, in parts. */
type Code = readonly (number | Code)[]

function assemble(code: Code): number[] {
  return code.flatMap((part) => (typeof part === 'number' ? [part] : assemble(part)))
}

const CLI = 0xfa
const HLT = 0xf4
const OUT_DX_AL = 0xee
const IN_AL_DX = 0xec
const INT3 = 0xcc
const LOOP_FOREVER: Code = [0xeb, 0xfe]
const movAl = (value: number): Code => [0xb0, value]
const movDx = (value: number): Code => [0x66, 0xba, value & 0xff, value >> 8]
const movEax = (value: number): Code => [0xb8, u32(value)]
const movEcx = (value: number): Code => [0xb9, u32(value)]
const outAl = (port: number): Code => [0xe6, port]
const u32 = (value: number): Code => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
const print = (text: string): Code => [
  movDx(0x3f8),
  Array.from(text, (letter) => [movAl(letter.codePointAt(0) ?? 0), OUT_DX_AL]),
]

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

async function start(code: Code): Promise<DomainHost> {
  host = await hostDomain(machineSpec(tinyBoot(assemble(code))))
  return host
}

/** LIDT of a limit and base behind the code, then the code. */
function withInterruptTable(limit: number, code: Code): Code {
  const lidt = [0x0f, 0x01, 0x1d]
  const operand = TINY_ENTRY + lidt.length + 4 + assemble(code).length
  return [lidt, u32(operand), code, limit & 0xff, limit >> 8, 0, 0, 0, 0]
}

function count(exits: readonly ExitCount[], reason: string, device: string): number {
  return exits.find((exit) => exit.reason === reason && exit.device === device)?.count ?? 0
}

describe('how a guest ends', () => {
  it('halted with interrupts off, unasked: a crash with its registers and its last words', async () => {
    const guest = await start([print('bye'), movEax(0x12345678), CLI, HLT])
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'halted' })
    expect(report.consoleTail).toBe('bye')
    expect(report.registers).toMatchObject({ eax: 0x12345678, halted: true, cpl: 0 })
    expect(report.registers?.eip).toBe(TINY_ENTRY + 4 + 3 * 3 + 5 + 2)
  })

  it('halted with interrupts off when that was asked for: powered off', async () => {
    host = await hostDomain(machineSpec(tinyBoot(assemble([CLI, HLT]))))
    host.post({ kind: 'expect-halt' })
    await host.event('powered-off')
    expect(host.events.filter(({ kind }) => kind === 'crashed')).toEqual([])
  })

  const resets: Readonly<Record<string, Code>> = {
    'port 0xcf9': [movDx(0xcf9), movAl(2), OUT_DX_AL, movAl(6), OUT_DX_AL],
    'the keyboard controller': [movAl(0xfe), outAl(0x64)],
    'system control port A': [movAl(1), outAl(0x92)],
    'a triple fault': withInterruptTable(0, [INT3]),
  }
  for (const [by, code] of Object.entries(resets)) {
    it(`asked for a reset by ${by}`, async () => {
      // What follows must not run: a reset takes effect at the instruction that asks for it.
      const guest = await start([code, print('still here'), CLI, HLT])
      await guest.event('reset-requested')
      expect(guest.text).toBe('')
      expect(guest.events.filter(({ kind }) => kind === 'crashed')).toEqual([])
    })
  }

  it('a fault of the engine is a crash that says so', async () => {
    // LTR of a null selector: v86 gives up where a processor raises #GP.
    const guest = await start(withInterruptTable(0x7ff, [print('x'), 0x31, 0xc0, 0x0f, 0x00, 0xd8]))
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({
      kind: 'engine-fault',
      detail: expect.stringContaining('unreachable') as unknown,
    })
    expect(report.consoleTail).toBe('x')
    expect(report.registers).toMatchObject({ eax: 0 })
  })

  it('test devices that no PC has are not there', async () => {
    const guest = await start([movAl(0), outAl(0xf4), 0xe5, 0xf4, CLI, HLT])
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'halted' })
    expect(report.registers?.eax).toBe(0xffffffff)
  })

  it('a spec that cannot be built is a crash before the first instruction, in words', async () => {
    host = await hostDomain(
      machineSpec(tinyBoot(assemble([CLI, HLT])), {
        hda: { kind: 'persistent', name: 'x', base: { kind: 'blank', bytes: 1 << 20 } },
      }),
    )
    const { report } = await host.event('crashed')
    expect(report.cause).toEqual({ kind: 'boot-failed', detail: 'this test has no persistent disks' })
    expect(host.events.map(({ kind }) => kind)).toEqual(['crashed'])
  })
})

describe('a browser that gives no memory', () => {
  const noMemory = {
    kind: 'out-of-memory',
    detail: expect.stringMatching(/no memory for a machine with 4 MiB\. .*close other tabs/),
  }

  // The engine takes address 0 for an answer, and guest and engine would write over each other.
  it('for the guest’s RAM, or for its screen, is a crash that says so and what to do', async () => {
    for (const mostMiB of [10, 14]) {
      host = await hostDomain(machineSpec(tinyBoot(assemble([CLI, HLT]))), {
        engine: await cappedModule(mostMiB),
      })
      const { report } = await host.event('crashed')
      expect(report.cause).toEqual(noMemory)
      expect(host.events.map(({ kind }) => kind)).toEqual(['crashed'])
      await host.end()
    }
  })

  it('for the engine itself is one, too', async () => {
    const words = 'WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance'
    vi.spyOn(WebAssembly, 'instantiate').mockRejectedValueOnce(new RangeError(words))
    host = await hostDomain(machineSpec(tinyBoot(assemble([CLI, HLT]))))
    const { report } = await host.event('crashed')
    expect(report.cause).toEqual(noMemory)
  })
})

describe('a spec that contradicts itself', () => {
  it('is refused in words when the boot image does not fit the memory', async () => {
    host = await hostDomain(machineSpec(shellBoot(), { memoryMiB: 20 }))
    const { report } = await host.event('crashed')
    expect(report.cause.kind).toBe('boot-failed')
    expect(report.cause).toHaveProperty(
      'detail',
      expect.stringMatching(/reaches to \d+ MiB, the machine has 20 MiB/),
    )
  })

  it('is refused when it has a slave without its master', async () => {
    host = await hostDomain(machineSpec(tinyBoot([CLI, HLT]), { hdb: { kind: 'volatile', bytes: 1 << 20 } }))
    const { report } = await host.event('crashed')
    expect(report.cause.kind).toBe('boot-failed')
  })
})

describe('the panic device', () => {
  it('reports a panic after the guest has had the time to print the rest of it', async () => {
    const guest = await start([
      movDx(0xbf00),
      IN_AL_DX,
      // Capabilities as a digit: 3 means panicked and crash-loaded are understood.
      [0x04, 0x30],
      movDx(0x3f8),
      OUT_DX_AL,
      movDx(0xbf00),
      movAl(1),
      OUT_DX_AL,
      movEcx(5_000_000),
      [0xe2, 0xfe],
      print(' end of report'),
      LOOP_FOREVER,
    ])
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'panic' })
    expect(report.consoleTail).toBe('3 end of report')
  })

  it('lets a guest go on that only says its crash kernel takes over', async () => {
    const guest = await start([movDx(0xbf00), movAl(2), OUT_DX_AL, print('on'), CLI, HLT])
    const { report } = await guest.event('crashed')
    expect(report.cause).toEqual({ kind: 'halted' })
    expect(report.consoleTail).toBe('on')
  })
})

describe('a guest that executes with interrupts off', () => {
  it('is reported as spinning, goes on, and answers a ping', async () => {
    const guest = await start([CLI, LOOP_FOREVER])
    const first = await guest.event('spinning')
    expect(first.forMs).toBeGreaterThanOrEqual(2000)
    await guest.event('spinning', ({ forMs }) => forMs >= 3000)
    guest.post({ kind: 'ping', nonce: 7 })
    expect(await guest.event('pong')).toEqual({ kind: 'pong', nonce: 7 })
    expect(guest.events.filter(({ kind }) => kind === 'crashed')).toEqual([])
  })
})

describe('the exit tap', () => {
  it('counts every port access, by device', async () => {
    const guest = await start([
      movEcx(1000),
      movAl(0),
      [outAl(0x92), 0xe2, 0xfc],
      movEcx(20),
      [outAl(0x80), 0xe2, 0xfc],
      movEcx(300),
      [movDx(0x3fd), IN_AL_DX, 0xe2, 0xf9],
      movDx(0xbf00),
      IN_AL_DX,
      CLI,
      HLT,
    ])
    await guest.event('crashed')
    const { counters } = await guest.event('counters')
    expect(count(counters.exits, 'pio-out', 'chipset')).toBe(1000)
    expect(count(counters.exits, 'pio-out', 'none')).toBe(20)
    expect(count(counters.exits, 'pio-in', 'uart0')).toBe(300)
    expect(count(counters.exits, 'pio-in', 'pvpanic')).toBe(1)
    expect(count(counters.exits, 'hlt', '-')).toBe(1)
  })

  it('counts memory-mapped accesses, by device', async () => {
    const guest = await start([
      // mov [0xb8000], eax; mov eax, [0xb8000]: the VGA window is byte-wide, v86 splits them up inside.
      [0xa3, u32(0xb8000)],
      [0xa1, u32(0xb8000)],
      [0xa0, u32(0xf0000000)],
      CLI,
      HLT,
    ])
    await guest.event('crashed')
    const { counters } = await guest.event('counters')
    expect(count(counters.exits, 'mmio-write', 'vga')).toBe(1)
    expect(count(counters.exits, 'mmio-read', 'vga')).toBe(1)
    expect(count(counters.exits, 'mmio-read', 'none')).toBe(1)
  })

  it('counts the halts of an idle BIOS and the interrupts that end them', async () => {
    host = await hostDomain(machineSpec(biosBoot()))
    const { counters } = await host.event('counters', (event) => count(event.counters.exits, 'hlt', '-') > 20)
    expect(counters.interrupts).toBeGreaterThan(20)
    expect(count(counters.exits, 'timer', '-')).toBeGreaterThan(20)
    expect(counters.jitModules).toBe(count(counters.exits, 'jit-compile', '-'))
  })
})

describe('deferred compilation', () => {
  it('ends by itself for a guest that never says that it is ready', async () => {
    host = await hostDomain(machineSpec(tinyBoot([CLI, 0x40, 0xeb, 0xfd]), { deferJit: true }))
    const bound = 150_000_000
    const { counters } = await host.event('counters', (event) => event.counters.jitModules > 0)
    expect(counters.instructions).toBeGreaterThanOrEqual(bound)
    const reports = host.events.filter((event) => event.kind === 'counters')
    const early = reports.filter((event) => event.counters.instructions < bound)
    expect(early.length).toBeGreaterThan(0)
    expect(early.every((event) => event.counters.jitModules === 0)).toBe(true)
  })
})

describe('a guest that floods its console', () => {
  it('is held back at the high watermark and goes on below the low one', async () => {
    host = await hostDomain(
      machineSpec(tinyBoot(assemble([movDx(0x3f8), movAl(0x79), OUT_DX_AL, 0xeb, 0xfd]))),
    )
    const guest = host
    guest.acknowledges = false
    const { counters } = await guest.event(
      'counters',
      (event) => event.counters.console.outBytes >= CONSOLE_HIGH_WATERMARK,
    )
    const held = counters.console.outBytes
    // One slice beyond the mark at most: a port access costs some 100 ns.
    expect(held).toBeLessThan(CONSOLE_HIGH_WATERMARK + 256 * 1024)
    await guest.event(
      'counters',
      (event) => event !== guest.events.findLast(({ kind }) => kind === 'counters'),
    )
    const seen = guest.events.length
    const later = await guest.until('two more reports', () => {
      const reports = guest.events.slice(seen).filter((event) => event.kind === 'counters')
      return reports.length >= 2 ? reports[1] : undefined
    })
    expect(later.counters.console.outBytes).toBe(held)
    guest.acknowledge()
    await guest.event('counters', (event) => event.counters.console.outBytes > held)
  })
})

describe('pausing', () => {
  it('stops the guest between two instructions and lets it go on from there', async () => {
    const guest = await start([CLI, 0x40, 0xeb, 0xfd])
    await guest.event('counters', (event) => event.counters.instructions > 0)
    guest.post({ kind: 'pause' })
    await guest.event('paused')
    const last = guest.events.findLast((event) => event.kind === 'counters')
    guest.post({ kind: 'pause' })
    const again = await guest.until('a second report', () => {
      const report = guest.events.findLast((event) => event.kind === 'counters')
      return report !== last ? report : undefined
    })
    expect(again.counters.instructions).toBe(last?.counters.instructions)
    guest.post({ kind: 'resume' })
    await guest.event('resumed')
    await guest.event('counters', (event) => event.counters.instructions > again.counters.instructions)
  })
})
