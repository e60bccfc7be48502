/**
 * What a BIOS costs: the same kernel, base and stub to a shell, once entered at once and once by way of SeaBIOS, which v86 hands
 * the image to as an option ROM. By v86 alone, under Node, compiling nothing before the prompt in either.
 */

import { V86 } from 'v86'
import { biosBoot, shellBoot, v86Module } from '../support/guest-images.ts'
import { median } from './statistics.ts'

export type BiosCost = { readonly rounds: number; readonly without: BootCost; readonly by: BootCost }

type BootCost = {
  readonly promptMs: number
  /** Millions of guest instructions. */
  readonly instructionsMi: number
}

const ROUNDS = 3
const PATIENCE_MS = 120_000

/** `set_jit_config`: whether nothing is compiled. */
const JIT_OFF = 0

async function toPrompt(withBios: boolean): Promise<BootCost> {
  const [boot, bios, module] = [shellBoot(), biosBoot(), await v86Module()]
  if (boot.kind !== 'multiboot' || bios.kind !== 'bios') throw new Error('another kind of boot')
  const started = performance.now()
  const machine = new V86({
    wasm_fn: async (imports) => {
      const { exports } = await WebAssembly.instantiate(module, imports)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an export of v86's module
      ;(exports['set_jit_config'] as (index: number, value: number) => void)(JIT_OFF, 1)
      return exports
    },
    memory_size: 64 << 20,
    vga_memory_size: 2 << 20,
    multiboot: { buffer: boot.image },
    ...(withBios ? { bios: { buffer: bios.bios }, vga_bios: { buffer: bios.vgaBios } } : {}),
    autostart: true,
    disable_speaker: true,
    disable_keyboard: true,
    disable_mouse: true,
  })
  let late: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      let text = ''
      late = setTimeout(() => reject(new Error(`no prompt: ${text.slice(-500)}`)), PATIENCE_MS)
      machine.add_listener('serial0-output-byte', (byte: number) => {
        text += String.fromCodePoint(byte)
        if (text.endsWith(':~# ')) resolve()
      })
    })
    return { promptMs: performance.now() - started, instructionsMi: machine.get_instruction_counter() / 1e6 }
  } finally {
    clearTimeout(late)
    await machine.destroy()
  }
}

export async function measureBiosCost(): Promise<BiosCost> {
  const samples: { readonly without: BootCost; readonly by: BootCost }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // oxlint-disable-next-line no-await-in-loop -- by turns, so that both have the same machine
    samples.push({ without: await toPrompt(false), by: await toPrompt(true) })
  }
  const costOf = (of: (sample: (typeof samples)[number]) => BootCost): BootCost => ({
    promptMs: median(samples.map((sample) => of(sample).promptMs)),
    instructionsMi: median(samples.map((sample) => of(sample).instructionsMi)),
  })
  return { rounds: ROUNDS, without: costOf(({ without }) => without), by: costOf(({ by }) => by) }
}
