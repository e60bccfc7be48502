/** The baseline: v86 as its documentation embeds it, on the page's thread, with the product's own kernel. */

import { V86, type V86Options } from 'v86'
import wasmUrl from 'v86/build/v86.wasm?url'
import kernelUrl from '../../../images/flash/kernel.img?url'
import stubUrl from '../../../images/flash/stub.bin?url'
import baseUrl from '../../../images/flash/base.img?url'
import primaryUrl from '../../../images/flash/primary.sqfs?url'
import { commandLine, findAppliance } from '../../../src/appliances/definitions.ts'
import { composeBootImage } from '../../../src/machine/boot-image.ts'

export type BareMachine = { type(text: string): void; text(): string }

declare global {
  // oxlint-disable-next-line no-var -- a global of the page, for the bench to call
  var bare: Promise<BareMachine> | undefined
  /** With “?pair” instead: two of them, the network card of the one wired to the other’s. */
  // oxlint-disable-next-line no-var -- as above
  var barePair: Promise<readonly [BareMachine, BareMachine]> | undefined
  /** With “?primary”: the product's primary with 96 MiB and a blank disk. */
  // oxlint-disable-next-line no-var -- as above
  var barePrimary: Promise<BarePrimary> | undefined
}

export type BarePrimary = BareMachine & {
  save(): Promise<ArrayBuffer>
  restore(state: ArrayBuffer): Promise<void>
}

/** The parts of a machine that its own declarations leave out. */
type Bus = { send(name: 'net0-receive', frame: Uint8Array): void }

async function fetchBytes(url: string, gzip: boolean): Promise<Uint8Array> {
  const { body } = await fetch(url)
  if (body === null) throw new Error(`${url} is empty`)
  const stream = gzip ? body.pipeThrough(new DecompressionStream('gzip')) : body
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

async function bootImage(words = 'hs.role=shell hs.hostname=bare'): Promise<ArrayBuffer> {
  const [kernel, stub, initramfs] = await Promise.all([
    fetchBytes(kernelUrl, true),
    fetchBytes(stubUrl, false),
    fetchBytes(baseUrl, true),
  ])
  return composeBootImage({
    stub,
    kernel,
    initramfs,
    commandLine: `console=ttyS0 quiet panic=0 ${words}`,
  })
}

function start(image: ArrayBuffer, more: V86Options): { readonly machine: V86; readonly shell: BareMachine } {
  const machine = new V86({
    wasm_path: wasmUrl,
    memory_size: 64 << 20,
    vga_memory_size: 2 << 20,
    multiboot: { buffer: image },
    autostart: true,
    disable_speaker: true,
    disable_keyboard: true,
    disable_mouse: true,
    ...more,
  })
  let output = ''
  const decoder = new TextDecoder()
  machine.add_listener('serial0-output-byte', (byte: number) => {
    output += decoder.decode(new Uint8Array([byte]), { stream: true })
  })
  return { machine, shell: { type: (text) => machine.serial0_send(text), text: () => output } }
}

async function boot(): Promise<BareMachine> {
  return start(await bootImage(), {}).shell
}

async function bootPair(): Promise<readonly [BareMachine, BareMachine]> {
  const image = await bootImage()
  const [one, other] = [image, image.slice()].map((copy) => start(copy, { net_device: { type: 'virtio' } }))
  if (one === undefined || other === undefined) throw new Error('a pair is two')
  for (const [from, to] of [[one, other] as const, [other, one] as const]) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- public in fact, and undeclared
    const { bus } = to.machine as unknown as { readonly bus: Bus }
    from.machine.add_listener('net0-send', (frame: Uint8Array) =>
      bus.send('net0-receive', new Uint8Array(frame)),
    )
  }
  return [one.shell, other.shell]
}

async function bootPrimary(): Promise<BarePrimary> {
  const definition = findAppliance('primary')
  if (definition?.disk === undefined) throw new Error('there is no primary with a disk')
  const words = commandLine(definition, '', { hostname: 'primary', hasDisk: true })
  const [image, volume] = await Promise.all([bootImage(words), fetchBytes(primaryUrl, true)])
  const { machine, shell } = start(image, {
    memory_size: 96 << 20,
    hda: { buffer: volume.slice().buffer },
    hdb: { buffer: new ArrayBuffer(definition.disk.sizeMiB << 20) },
  })
  return { ...shell, save: () => machine.save_state(), restore: (state) => machine.restore_state(state) }
}

if (location.search === '?primary') globalThis.barePrimary = bootPrimary()
else if (location.search === '?pair') globalThis.barePair = bootPair()
else globalThis.bare = boot()
