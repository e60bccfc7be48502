/** The baseline: v86 as its documentation embeds it, on the page's thread, with the product's own kernel. */

import { V86 } from 'v86'
import wasmUrl from 'v86/build/v86.wasm?url'
import kernelUrl from '../../../images/flash/kernel.img?url'
import stubUrl from '../../../images/flash/stub.bin?url'
import baseUrl from '../../../images/flash/base.img?url'
import { composeBootImage } from '../../../src/machine/boot-image.ts'

export type BareMachine = { type(text: string): void; text(): string }

declare global {
  // oxlint-disable-next-line no-var -- a global of the page, for the bench to call
  var bare: Promise<BareMachine> | undefined
}

async function fetchBytes(url: string, gzip: boolean): Promise<Uint8Array> {
  const { body } = await fetch(url)
  if (body === null) throw new Error(`${url} is empty`)
  const stream = gzip ? body.pipeThrough(new DecompressionStream('gzip')) : body
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

async function boot(): Promise<BareMachine> {
  const [kernel, stub, initramfs] = await Promise.all([
    fetchBytes(kernelUrl, true),
    fetchBytes(stubUrl, false),
    fetchBytes(baseUrl, true),
  ])
  const image = composeBootImage({
    stub,
    kernel,
    initramfs,
    commandLine: 'console=ttyS0 quiet panic=0 hs.role=shell hs.hostname=bare',
  })
  const machine = new V86({
    wasm_path: wasmUrl,
    memory_size: 64 << 20,
    vga_memory_size: 2 << 20,
    multiboot: { buffer: image },
    autostart: true,
    disable_speaker: true,
    disable_keyboard: true,
    disable_mouse: true,
  })
  let output = ''
  const decoder = new TextDecoder()
  machine.add_listener('serial0-output-byte', (byte: number) => {
    output += decoder.decode(new Uint8Array([byte]), { stream: true })
  })
  return {
    type: (text) => machine.serial0_send(text),
    text: () => output,
  }
}

globalThis.bare = boot()
