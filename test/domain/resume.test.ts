import { afterEach, describe, expect, it } from 'vitest'
import { openResumeSource } from '../../src/domain/resume.ts'
import type { LoadReply } from '../../src/protocol/store.ts'

const PAGE = 4096
const MIB = 2 ** 20

function ramWith(pages: readonly number[]): ArrayBuffer {
  const ram = new Uint8Array(MIB)
  for (const page of pages) ram.fill(page + 1, page * PAGE, (page + 1) * PAGE)
  return ram.buffer
}

function reply(pages: readonly number[]): Extract<LoadReply, { kind: 'state' }> {
  return {
    kind: 'state',
    deviceState: Uint8Array.of(1, 2, 3),
    ram: ramWith(pages),
    filled: Uint32Array.from(pages),
    blocks: [],
    snapshot: undefined,
  }
}

describe('a state that comes over a port', () => {
  const ports: MessagePort[] = []
  afterEach(() => {
    for (const port of ports.splice(0)) port.close()
  })

  async function received(message: unknown) {
    const { port1, port2 } = new MessageChannel()
    ports.push(port1, port2)
    const opened = openResumeSource({ kind: 'state', from: port1, disks: 'from-state' }, 1)
    port2.postMessage(message)
    return opened
  }

  it('fills the memory with the pages that it names, whether they follow each other or not', async () => {
    const pages = [0, 1, 2, 7, 255]
    const opened = await received(reply(pages))
    if (!opened.ok) throw new Error(opened.error.message)
    const [memory, { fill }] = [new Uint8Array(MIB), opened.value.machine]
    await fill(memory)
    expect(Buffer.compare(memory, new Uint8Array(ramWith(pages)))).toBe(0)
  })

  it('of a guest without a filled page leaves it blank', async () => {
    const opened = await received(reply([]))
    if (!opened.ok) throw new Error(opened.error.message)
    const [memory, { fill }] = [new Uint8Array(MIB), opened.value.machine]
    await fill(memory)
    expect(memory.every((byte) => byte === 0)).toBe(true)
  })

  it('is refused where it is none, of another size, or names pages that it has not', async () => {
    const whole = reply([1])
    const wrong: readonly (readonly [unknown, string])[] = [
      [{ ...whole, ram: new ArrayBuffer(2 * MIB) }, 'mismatch'],
      [{ ...whole, filled: Uint32Array.of(256) }, 'damaged'],
      [{ ...whole, filled: [1] }, 'foreign'],
      [{ ...whole, filled: undefined }, 'foreign'],
      [{ ...whole, ram: new Uint8Array(MIB) }, 'foreign'],
      [{ ...whole, blocks: [{ indices: Uint32Array.of(1), bytes: new Uint8Array(1) }] }, 'foreign'],
      [{ kind: 'refused', message: 'no' }, 'mismatch'],
      ['state', 'foreign'],
    ]
    for (const [message, kind] of wrong) {
      const opened = await received(message)
      expect(opened.ok ? 'taken' : opened.error.kind).toBe(kind)
    }
  })
})
