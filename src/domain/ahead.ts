/**
 * A machine that is built before anybody asks for it, and may rehearse: it runs, with nobody connected, what it would else
 * run when it is asked for, comes to rest and stands still.
 */

import type { Machine } from '../machine/machine.ts'
import type { DomainBootstrap, DomainRequest } from '../protocol/guest.ts'
import { isSameMachine } from '../protocol/machine-state.ts'
import type { Built } from './build-machine.ts'

export type PrepareRequest = Extract<DomainRequest, { kind: 'prepare' }>

/** A rehearsal leaves others half a core. Percent. */
const REHEARSAL_PERCENT = 50

/** So often it is looked whether the guest rests. Milliseconds. */
const LOOK_MS = 100

/** A guest that rests halts, and executes next to nothing from one look to another: timers, a cursor. */
const RESTING_INSTRUCTIONS = 500_000
const RESTING_LOOKS = 10

/** One that never rests stands still all the same. */
const MOST_LOOKS = 300

export class Ahead {
  readonly #order: PrepareRequest
  readonly #built: Promise<Built | undefined>
  #stopRehearsal: (() => void) | undefined
  #wanted = true

  /** @param built what it is built of; what that fails with is said where the machine is asked for, and built once more */
  constructor(order: PrepareRequest, built: Promise<Built>) {
    this.#order = order
    this.#built = built.catch(() => undefined)
  }

  /** Settles when it is built or cannot be. */
  async settled(): Promise<void> {
    await this.#built
  }

  /**
   * Has the guest do what these frames ask its agent for. Whoever asks for the machine meanwhile gets it in the midst of it.
   * @returns whether it has come to rest
   */
  async rehearse(frames: readonly Uint8Array[]): Promise<boolean> {
    const built = await this.#built
    if (built === undefined || !this.#wanted || built.machine.ended) return false
    this.#stopRehearsal?.()
    const { machine } = built
    machine.setRate(REHEARSAL_PERCENT)
    machine.start()
    for (const frame of frames) machine.agent.send(frame)
    return this.#untilRest(machine)
  }

  #untilRest(machine: Machine): Promise<boolean> {
    return new Promise((resolve) => {
      let [looks, resting, before] = [0, 0, machine.instructions]
      const stop = (rested: boolean): void => {
        clearInterval(clock)
        this.#stopRehearsal = undefined
        machine.standStill()
        resolve(rested)
      }
      const clock = setInterval(() => {
        machine.replenish()
        const { instructions, halted, ended } = machine
        const rests = halted && instructions - before < RESTING_INSTRUCTIONS
        before = instructions
        resting = rests ? resting + 1 : 0
        looks += 1
        if (ended || resting >= RESTING_LOOKS || looks >= MOST_LOOKS) stop(!ended)
      }, LOOK_MS)
      this.#stopRehearsal = () => stop(false)
    })
  }

  /** The machine, where it is the one that is wanted now; else it is gone, its disks closed. */
  async adopt({ spec, resume }: DomainBootstrap): Promise<Built | undefined> {
    this.#wanted = false
    const built = await this.#built
    if (built === undefined) return undefined
    this.#stopRehearsal?.()
    const { machine } = built
    const isWanted = resume?.kind === 'golden' && resume.sha256 === this.#order.source.sha256
    if (!isWanted || !isSameMachine(spec, this.#order.spec) || machine.ended) {
      machine.dispose()
      return undefined
    }
    machine.setRate(100)
    if (spec.mac !== undefined) machine.setAddress(spec.mac)
    return built
  }

  async dispose(): Promise<void> {
    this.#wanted = false
    const built = await this.#built
    this.#stopRehearsal?.()
    built?.machine.dispose()
  }
}
