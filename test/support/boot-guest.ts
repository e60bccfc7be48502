/** Boots the flash's volumes in the product's own machine, under Node, and speaks with the guest as a person and as a supervisor. */

import { openAsBlob, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { BlobStore, VolatileStore } from '../../src/machine/block-stores.ts'
import { composeBootImage } from '../../src/machine/boot-image.ts'
import type { DisplayFrame } from '../../src/machine/display.ts'
import { Machine, type MachineDisks, type MachineEnd, type MachineHooks } from '../../src/machine/machine.ts'
import { AGENT_MAGIC, GuestFrame, HostFrame } from '../../src/protocol/agent.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import type { MachineSpec } from '../../src/protocol/guest.ts'
import { SCREEN_MEMORY_MIB } from '../../src/protocol/screen.ts'
import { v86Module } from './guest-images.ts'

const flash = new URL('../../images/flash/', import.meta.url)

export type GuestOptions = {
  readonly role?: string
  readonly hostname?: string
  readonly memoryMiB?: number
  /** More words for the kernel. */
  readonly commandLine?: string
  /** A file of images/flash, or a path, as the first disk. */
  readonly volume?: string | URL
  /** The second disk; give the same store again to boot from what a guest has left. */
  readonly disk?: BlockStore
  readonly framebuffer?: { readonly width: number; readonly height: number }
  readonly mac?: string
}

/** Of a machine, with a copy of its RAM. */
export type GuestState = { readonly device: Uint8Array; readonly ram: Uint8Array }

export type GuestCall = {
  readonly id: number
  readonly number: number
  readonly arguments: readonly string[]
}
export type GuestAnswer = { readonly status: number; readonly text: string }

/** A memory disk that outlives its machine. */
export class KeptDisk extends VolatileStore {
  override close(): void {
    // The next machine reads what this one wrote.
  }

  get bytes(): Buffer {
    const bytes = this.read(0, this.size)
    if (bytes instanceof Promise) throw new Error('a memory disk answers at once')
    return Buffer.from(bytes)
  }
}

export class Guest {
  /** Everything the console has shown. */
  text = ''
  /** Types of the agent's frames in order. */
  readonly agentFrames: { readonly type: number; readonly payload: Uint8Array }[] = []
  readonly frames: DisplayFrame[] = []
  /** Milliseconds and guest instructions from the first instruction to the agent's READY; undefined until then. */
  ready: { readonly ms: number; readonly instructions: number } | undefined
  end: MachineEnd | undefined
  /** How long it has executed with interrupts off, as last reported. */
  spunMs = 0
  /** What the supervisor answers; undefined: it stays silent. */
  answer: ((call: GuestCall) => GuestAnswer | undefined) | undefined
  machine!: Machine
  readonly #decoder = new TextDecoder()
  #turn: NodeJS.Timeout | undefined
  #started = 0
  #waits: (() => void)[] = []

  static async boot(options: GuestOptions = {}): Promise<Guest> {
    const guest = new Guest()
    const { spec, stores } = await plan(options)
    guest.machine = await Machine.create(spec, await v86Module(), stores, guest.#hooks())
    return guest.#start()
  }

  /** A guest of the same options that goes on where the one was whose state this is. */
  static async resume(state: GuestState, options: GuestOptions = {}): Promise<Guest> {
    const guest = new Guest()
    const { spec, stores } = await plan(options)
    const resumed = await Machine.resume(spec, await v86Module(), stores, guest.#hooks(), {
      device: state.device,
      fill: (ram) => ram.set(state.ram),
    })
    if (!resumed.ok) throw new Error(resumed.error.message)
    guest.machine = resumed.value
    return guest.#start()
  }

  /** Pauses, takes the state, and goes on. */
  async capture(): Promise<GuestState> {
    this.machine.pause()
    await this.machine.settle()
    const state = this.machine.captureState()
    if (!state.ok) throw new Error(state.error.message)
    const copy = { device: state.value.device(), ram: state.value.ram.slice() }
    this.machine.resume()
    return copy
  }

  #start(): this {
    this.#turn = setInterval(() => this.machine.replenish(), 250)
    this.#started = performance.now()
    this.machine.start()
    return this
  }

  #hooks(): MachineHooks {
    return {
      consoleOutput: (bytes) => {
        this.text += this.#decoder.decode(bytes, { stream: true })
        this.machine.console.acknowledge(bytes.length)
        this.#wake()
      },
      frame: (frame) => {
        this.frames.push(frame)
        this.#wake()
      },
      agentFrame: ({ type, untrustedPayload }) => this.#agentFrame(type, untrustedPayload),
      networkFrames: () => undefined,
      spinning: (forMs) => {
        this.spunMs = forMs
        this.#wake()
      },
      ended: (end) => {
        this.end = end
        this.#wake()
      },
    }
  }

  #wake(): void {
    for (const wake of this.#waits.splice(0)) wake()
  }

  #agentFrame(type: number, payload: Uint8Array): void {
    this.agentFrames.push({ type, payload })
    if (type === GuestFrame.ready)
      this.ready ??= { ms: performance.now() - this.#started, instructions: this.machine.instructions }
    if (type === GuestFrame.call) {
      const call = readCall(payload)
      const answer = this.answer?.(call)
      if (answer !== undefined) {
        const text = new TextEncoder().encode(answer.text)
        const reply = new Uint8Array(6 + text.length)
        const fields = new DataView(reply.buffer)
        fields.setUint32(0, call.id, true)
        fields.setUint16(4, answer.status, true)
        reply.set(text, 6)
        this.send(HostFrame.reply, reply)
      }
    }
    this.#wake()
  }

  /** Sends one frame to the agent. */
  send(type: number, payload: Uint8Array = new Uint8Array()): void {
    const frame = new Uint8Array(12 + payload.length)
    const fields = new DataView(frame.buffer)
    fields.setUint32(0, AGENT_MAGIC, true)
    fields.setUint16(4, type, true)
    fields.setUint32(8, payload.length, true)
    frame.set(payload, 12)
    this.machine.agent.send(frame)
  }

  /** Types as a person does; "\n" is the Return key. */
  type(text: string): void {
    this.machine.console.type(new TextEncoder().encode(text.replaceAll('\n', '\r')))
  }

  /**
   * Types a line and answers what the console showed up to the next match of `prompt`.
   * The echo of the line itself is left out.
   */
  async run(line: string, prompt: RegExp | string = /:~# $/, timeoutMs = 60_000): Promise<string> {
    const from = this.text.length
    this.type(`${line}\n`)
    await this.waitFor(
      () =>
        this.text.includes('\n', from) && matches(this.text.slice(this.text.indexOf('\n', from) + 1), prompt),
      timeoutMs,
      `the end of "${line}"`,
    )
    return this.text.slice(this.text.indexOf('\n', from) + 1).replaceAll('\r\n', '\n')
  }

  /** Waits for a pattern in what the console shows after `from`. */
  async see(pattern: RegExp | string, timeoutMs = 60_000, from = 0): Promise<void> {
    await this.waitFor(() => matches(this.text.slice(from), pattern), timeoutMs, String(pattern))
  }

  async waitFor(done: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const limit = performance.now() + timeoutMs
    while (!done()) {
      if (this.end !== undefined && !done())
        throw new Error(
          `the guest ended (${JSON.stringify(this.end)}) before ${what}:\n${this.text.slice(-2000)}`,
        )
      const left = limit - performance.now()
      if (left <= 0) throw new Error(`no ${what} within ${timeoutMs} ms:\n${this.text.slice(-2000)}`)
      // oxlint-disable-next-line no-await-in-loop -- each event is looked at as it comes
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 250))
        this.#waits.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async untilReady(timeoutMs = 60_000): Promise<{ readonly ms: number; readonly instructions: number }> {
    await this.waitFor(() => this.ready !== undefined, timeoutMs, 'READY frame')
    if (this.ready === undefined) throw new Error('unreachable')
    return this.ready
  }

  async untilEnd(timeoutMs = 30_000): Promise<MachineEnd> {
    await this.waitFor(() => this.end !== undefined, timeoutMs, 'end')
    if (this.end === undefined) throw new Error('unreachable')
    return this.end
  }

  dispose(): void {
    clearInterval(this.#turn)
    this.machine.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** The machine that these options describe, and its disks. */
export async function plan(
  options: GuestOptions,
): Promise<{ readonly spec: MachineSpec; readonly stores: MachineDisks }> {
  const role = options.role ?? 'shell'
  const { framebuffer } = options
  const image = composeBootImage({
    stub: flashFile('stub.bin'),
    kernel: gunzipSync(flashFile('kernel.img')),
    initramfs: gunzipSync(flashFile('base.img')),
    commandLine: `console=ttyS0 quiet hs.role=${role} hs.hostname=${options.hostname ?? role} ${options.commandLine ?? ''}`,
    ...(framebuffer === undefined ? {} : { framebuffer }),
  })
  const volume = options.volume === undefined ? undefined : new URL(options.volume, flash)
  return {
    spec: {
      memoryMiB: options.memoryMiB ?? 32,
      vgaMemoryMiB: framebuffer === undefined ? 2 : SCREEN_MEMORY_MIB,
      boot: { kind: 'multiboot', image },
      hda: undefined,
      hdb: undefined,
      cdrom: undefined,
      mac: options.mac,
      deferJit: true,
    },
    stores: {
      hda: volume === undefined ? undefined : new BlobStore(await volumeBlob(volume)),
      hdb: options.disk,
      cdrom: undefined,
    },
  }
}

function flashFile(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, flash)))
}

/** A volume as the guest's disk; one that is packed for the download is unpacked. */
async function volumeBlob(file: URL): Promise<Blob> {
  const blob = await openAsBlob(file)
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer())
  const packed = first === 0x1f && second === 0x8b
  return packed ? new Blob([gunzipSync(new Uint8Array(await blob.arrayBuffer()))]) : blob
}

function matches(text: string, pattern: RegExp | string): boolean {
  return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)
}

function readCall(payload: Uint8Array): GuestCall {
  const fields = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const words: string[] = []
  let at = 8
  for (let left = fields.getUint16(6, true); left > 0; left--) {
    const length = fields.getUint16(at, true)
    words.push(new TextDecoder().decode(payload.subarray(at + 2, at + 2 + length)))
    at += 2 + length
  }
  return { id: fields.getUint32(0, true), number: fields.getUint16(4, true), arguments: words }
}
