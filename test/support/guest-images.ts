/** What tests boot: the product's own volumes, and guests of a few instructions. */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import manifest from '../../images/manifest.json' with { type: 'json' }
import { composeBootImage } from '../../src/machine/boot-image.ts'
import type { MachineHooks } from '../../src/machine/machine.ts'
import type { BootSource, MachineSpec } from '../../src/protocol/guest.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(path, root)))

type Manifest = {
  readonly volumes: readonly { readonly role: string; readonly file: string; readonly encoding: string }[]
}

/** The first volume of this role, unpacked. */
function volume(role: string): Uint8Array<ArrayBuffer> {
  const { volumes }: Manifest = manifest
  const found = volumes.find((each) => each.role === role)
  if (found === undefined) throw new Error(`no volume of role ${role} in the flash`)
  const bytes = read(`images/${found.file}`)
  return found.encoding === 'gzip' ? new Uint8Array(gunzipSync(bytes)) : bytes
}

const nothing = (): void => undefined

/** Of a machine that nobody listens to. */
export const NO_HOOKS: MachineHooks = {
  consoleOutput: nothing,
  frame: nothing,
  agentFrame: nothing,
  networkFrames: nothing,
  spinning: nothing,
  ended: nothing,
}

let engine: Promise<WebAssembly.Module> | undefined

/** v86's module, compiled once a process. */
export function v86Module(): Promise<WebAssembly.Module> {
  engine ??= WebAssembly.compile(read('node_modules/v86/build/v86.wasm'))
  return engine
}

/** Pages of WebAssembly memory in a MiB. */
const PAGES_PER_MIB = 16

/** An unsigned number of the binary format (WebAssembly core specification, 5.2.2), and where it ends. */
function leb128(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let at = start; ; at += 1) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * 2 ** ((at - start) * 7)
    if (byte < 0x80) return { value, end: at + 1 }
  }
}

/** v86's module as it is where the browser gives no more than so much: its memory cannot grow beyond. */
export function cappedModule(mostMiB: number): Promise<WebAssembly.Module> {
  const bytes = read('node_modules/v86/build/v86.wasm')
  const pages = mostMiB * PAGES_PER_MIB
  for (let at = 8; at < bytes.length;) {
    const { value: length, end: content } = leb128(bytes, at + 1)
    const next = content + length
    // The memory section (5.5.8): one memory, whose limits begin with 0: without a maximum.
    if (bytes[at] === 5) {
      const least = bytes.subarray(content + 2, next)
      const section = [1, 1, ...least, (pages & 0x7f) | 0x80, pages >> 7]
      const changed = [...bytes.subarray(0, at), 5, section.length, ...section, ...bytes.subarray(next)]
      return WebAssembly.compile(Uint8Array.from(changed))
    }
    at = next
  }
  throw new Error('the engine declares no memory')
}

/** The base system with a shell on ttyS0 and the agent on hvc0. */
export function shellBoot(
  commandLine = '',
  framebuffer?: { readonly width: number; readonly height: number },
): BootSource {
  const image = composeBootImage({
    stub: volume('stub'),
    kernel: volume('kernel'),
    initramfs: volume('initramfs'),
    commandLine: `console=ttyS0 quiet hs.role=shell hs.hostname=shell ${commandLine}`,
    ...(framebuffer === undefined ? {} : { framebuffer }),
  })
  return { kind: 'multiboot', image }
}

/** SeaBIOS as a PC has it. */
export function biosBoot(): BootSource {
  return {
    kind: 'bios',
    bios: volume('bios').buffer,
    vgaBios: volume('vga-bios').buffer,
  }
}

/** The 8×16 font in the VGA BIOS: 256 glyphs of 16 bytes. */
export function vgaFont(): Uint8Array {
  const rom = volume('vga-bios')
  const letterA = [0x00, 0x00, 0x10, 0x38, 0x6c, 0xc6, 0xc6, 0xfe, 0xc6, 0xc6, 0xc6, 0xc6, 0, 0, 0, 0]
  const at = rom.findIndex((_, start) => letterA.every((byte, index) => rom[start + index] === byte))
  const first = at - 65 * 16
  return rom.subarray(first, first + 256 * 16)
}

const LOAD_ADDRESS = 0x100000
const HEADER_BYTES = 32

/** Where a tiny guest's first instruction is. */
export const TINY_ENTRY = LOAD_ADDRESS + HEADER_BYTES

/** A multiboot kernel of these machine code bytes: 32-bit, flat segments, no paging, interrupts off. */
export function tinyBoot(code: readonly number[]): BootSource {
  const image = new ArrayBuffer(HEADER_BYTES + code.length)
  const header = new DataView(image)
  const flags = 0x10000
  const fields = [0x1badb002, flags, -(0x1badb002 + flags), LOAD_ADDRESS, LOAD_ADDRESS, 0, 0, TINY_ENTRY]
  for (const [index, value] of fields.entries()) header.setUint32(index * 4, value >>> 0, true)
  new Uint8Array(image).set(code, HEADER_BYTES)
  return { kind: 'multiboot', image }
}

export function machineSpec(boot: BootSource, changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    memoryMiB: boot.kind === 'multiboot' && boot.image.byteLength < 65536 ? 4 : 64,
    vgaMemoryMiB: 2,
    boot,
    hda: undefined,
    hdb: undefined,
    cdrom: undefined,
    mac: undefined,
    deferJit: false,
    ...changes,
  }
}
