/** The vCPU over a stand-in engine: what is arranged when, without a guest. */

import { afterEach, describe, expect, it } from 'vitest'
import type { Cpu, Engine } from '../../src/machine/v86-internals.ts'
import { Vcpu } from '../../src/machine/vcpu.ts'

/** An engine whose slice advances its counter and then wants the next one after `wants` ms. */
class StandIn implements Engine {
  readonly instruction_counter = new Uint32Array(1)
  yield = (_milliseconds: number, _tick: number): void => undefined
  slices = 0
  step = 1000
  wants = 0
  during: () => void = () => undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no part of the processor is used
  readonly cpu = {} as unknown as Cpu

  get instructionCounter(): number {
    return this.instruction_counter[0] ?? 0
  }

  run(): void {
    this.next_tick(0)
  }

  do_tick(): void {
    this.slices++
    this.instruction_counter[0] = (this.instruction_counter[0] ?? 0) + this.step
    this.during()
    this.next_tick(this.wants)
  }

  next_tick(milliseconds: number): void {
    this.yield(milliseconds, 0)
  }

  unregister_yield(): void {
    // It spawned no worker.
  }
}

let vcpu: Vcpu | undefined

afterEach(() => vcpu?.stop())

function vcpuOver(
  engine: StandIn,
  sliceEnded: (executed: number) => void,
  faulted: (error: unknown) => void,
): Vcpu {
  vcpu = new Vcpu(engine, engine, { sliceEnded, faulted })
  return vcpu
}

const unexpected = (error: unknown): void => {
  throw error
}

/** Resolves once `sliceEnded` has been called `count` times; `start` begins. */
function slices(engine: StandIn, count: number, start: (made: Vcpu) => void): Promise<Vcpu> {
  return new Promise((resolve) => {
    let seen = 0
    const made = vcpuOver(
      engine,
      () => {
        if (++seen === count) {
          made.hold('paused')
          resolve(made)
        }
      },
      unexpected,
    )
    start(made)
  })
}

describe('the vCPU', () => {
  it('counts instructions past the wrap of the 32-bit counter', async () => {
    const engine = new StandIn()
    engine.instruction_counter[0] = 0xffff_ff00
    engine.step = 0x1000
    const made = await slices(engine, 5, (it) => it.start())
    expect(made.instructions).toBe(5 * 0x1000)
  })

  it('runs no slice while it is held, and goes on when every hold is gone', async () => {
    const engine = new StandIn()
    const made = await slices(engine, 3, (it) => it.start())
    made.hold('console')
    made.release('paused')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(engine.slices).toBe(3)
    const next = new Promise<void>((resolve) => {
      engine.during = resolve
    })
    made.release('console')
    await next
    expect(engine.slices).toBeGreaterThan(3)
  })

  it('sleeps for the rest of a millisecond instead of looking again and again whether it has passed', async () => {
    const engine = new StandIn()
    engine.wants = 0.2
    const startedAt = performance.now()
    await slices(engine, 50, (it) => it.start())
    // However late this machine's timers fire, none fires before its time.
    expect(performance.now() - startedAt).toBeGreaterThan(40)
  })

  it('stands aside for a moment, also when a device wakes it, and goes on by itself', async () => {
    const engine = new StandIn()
    const made = await slices(engine, 3, (it) => it.start())
    const askedAt = performance.now()
    made.standAside(60)
    made.release('paused')
    const next = new Promise<number>((resolve) => {
      engine.during = () => resolve(performance.now())
    })
    engine.next_tick(0)
    // No slice began before the moment was over, however late this machine's timers fire.
    expect((await next) - askedAt).toBeGreaterThanOrEqual(59)
  })

  it('goes on at once when it need not stand aside any longer', async () => {
    const engine = new StandIn()
    const made = await slices(engine, 3, (it) => it.start())
    made.standAside(60_000)
    made.release('paused')
    const next = new Promise<void>((resolve) => {
      engine.during = resolve
    })
    made.standAside(0)
    await next
    expect(engine.slices).toBeGreaterThan(3)
  })

  it('sleeps until the guest’s next timer, and wakes at once when a device asks', async () => {
    const engine = new StandIn()
    engine.wants = 60_000
    const first = new Promise<void>((resolve) => {
      engine.during = resolve
    })
    vcpuOver(engine, () => undefined, unexpected).start()
    await first
    const second = new Promise<void>((resolve) => {
      engine.during = resolve
    })
    engine.next_tick(0)
    await second
    expect(engine.slices).toBe(2)
  })

  it('goes on at once when a hook has woken the guest that had gone to sleep', async () => {
    const engine = new StandIn()
    engine.wants = 60_000
    await new Promise<void>((resolve) => {
      const made = vcpuOver(
        engine,
        () => {
          if (engine.slices === 1) engine.next_tick(0)
          else resolve()
        },
        unexpected,
      )
      made.start()
    })
    expect(engine.slices).toBe(2)
  })

  it('lets the other tasks of its thread in while the guest is busy', async () => {
    const engine = new StandIn()
    engine.during = () => {
      const end = performance.now() + 1
      while (performance.now() < end);
    }
    vcpuOver(engine, () => undefined, unexpected).start()
    let timers = 0
    const timer = setInterval(() => timers++, 1)
    await new Promise<void>((resolve) => {
      const busy = engine.during
      engine.during = () => {
        busy()
        if (engine.slices >= 60) resolve()
      }
    })
    clearInterval(timer)
    // Sixty slices of a millisecond in turns of four.
    expect(timers).toBeGreaterThan(5)
  }, 3000)

  it('stops for good at a fault, and hands it on once', async () => {
    const engine = new StandIn()
    const fault = new Error('unreachable')
    engine.during = () => {
      throw fault
    }
    const faults: unknown[] = []
    await new Promise<void>((resolve) => {
      const made = vcpuOver(
        engine,
        () => undefined,
        (error) => {
          faults.push(error)
          resolve()
        },
      )
      made.start()
    })
    engine.next_tick(0)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(faults).toEqual([fault])
    expect(engine.slices).toBe(1)
  })
})
