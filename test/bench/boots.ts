/** Cold boots under Node, one guest at a time: milliseconds and guest instructions to its first screen, and RAM in use then. */

import manifest from '../../images/manifest.json'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { Guest, KeptDisk, type GuestOptions } from '../support/boot-guest.ts'
import { median } from './statistics.ts'

export type BootFigure = {
  readonly name: string
  readonly rounds: number
  readonly readyMs: number
  /** Millions of guest instructions; they repeat, times do not. */
  readonly instructionsMi: number
  readonly ramUsedMiB: number
  readonly ramMiB: number
  readonly volumeBytes: number
  readonly goalMs: number
}

const ROUNDS = 3
const PAGE_BYTES = 4096

/** Milliseconds to the first screen that an idle core should reach. */
const GOALS: Readonly<Record<string, number>> = { base: 700, web: 6000, primary: 2500 }
const DEFAULT_GOAL = 1500

/** What the guest has ever written to, as its hypervisor sees it: pages that are not all zero. */
function usedMiB(memory: Uint8Array): number {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4)
  const wordsPerPage = PAGE_BYTES / 4
  let used = 0
  for (let page = 0; page < words.length; page += wordsPerPage) {
    if (words.subarray(page, page + wordsPerPage).some((word) => word !== 0)) used++
  }
  return (used * PAGE_BYTES) / 2 ** 20
}

async function measure(name: string, options: () => GuestOptions, volumeBytes: number): Promise<BootFigure> {
  const samples: { ms: number; mi: number; ram: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const guest = await Guest.boot(options())
    const ready = await guest.untilReady(120_000)
    samples.push({ ms: ready.ms, mi: ready.instructions / 1e6, ram: usedMiB(guest.machine.memory()) })
    guest.dispose()
  }
  return {
    name,
    rounds: ROUNDS,
    readyMs: median(samples.map(({ ms }) => ms)),
    instructionsMi: median(samples.map(({ mi }) => mi)),
    ramUsedMiB: median(samples.map(({ ram }) => ram)),
    ramMiB: options().memoryMiB ?? 32,
    volumeBytes,
    goalMs: GOALS[name] ?? DEFAULT_GOAL,
  }
}

export async function measureBoots(): Promise<BootFigure[]> {
  const base = manifest.volumes
    .filter(({ role }) => role === 'kernel' || role === 'initramfs')
    .reduce((sum, { size }) => sum + size, 0)
  const figures = [await measure('base', () => ({ role: 'shell', memoryMiB: 32 }), base)]
  for (const { name, attachVolume, disk, framebuffer } of APPLIANCES) {
    const volume = manifest.volumes.find(({ role, name: found }) => role === 'appliance' && found === name)
    if (volume === undefined) continue
    const ramMiB = 'ramMiB' in volume && typeof volume.ramMiB === 'number' ? volume.ramMiB : 64
    const options = (): GuestOptions => ({
      role: name,
      memoryMiB: ramMiB,
      ...(attachVolume ? { volume: new URL(`../../images/${volume.file}`, import.meta.url) } : {}),
      ...(disk === undefined
        ? {}
        : { disk: new KeptDisk(disk.sizeMiB * 2 ** 20), commandLine: disk.commandLine }),
      ...(framebuffer === undefined ? {} : { framebuffer }),
    })
    figures.push(await measure(name, options, volume.size))
  }
  return figures
}
