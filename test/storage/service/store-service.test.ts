/** The store's worker behind its protocol, with a domain at the other end of the port that is played by the test. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { err, ok, type Result } from '../../../src/base/result.ts'
import type {
  LoadReply,
  SaveMessage,
  SaveOptions,
  SaveReply,
  StoreCall,
  StoreFailure,
  StoreMessage,
} from '../../../src/protocol/store.ts'
import { openPageStore } from '../../../src/storage/pages/open-page-store.ts'
import { PageStore } from '../../../src/storage/pages/page-store.ts'
import { StorageError } from '../../../src/storage/storage-error.ts'
import { StoreService } from '../../../src/storage/service/store-service.ts'
import { FakeDirectory } from '../fake-opfs.ts'
import { CrashFile } from '../pages/crash-file.ts'
import { fillPage, MACHINE, ramOf } from '../pages/store-model.ts'

const MIB_PAGES = 256

const OPTIONS: SaveOptions = {
  domain: 'primary',
  appliance: 'primary',
  parent: undefined,
  name: 'first',
  note: '',
  time: 1_700_000_000_000,
  machine: MACHINE,
  automatic: false,
  thumbnail: new Uint8Array(),
  replaces: undefined,
}

class Host {
  readonly service: StoreService
  readonly told: Extract<StoreMessage, { kind: 'progress' }>[] = []
  /** Called at each progress. */
  heard: (callId: number) => void = () => undefined
  readonly #answers = new Map<number, (answer: Result<unknown, StoreFailure>) => void>()
  #next = 1

  constructor(open = () => PageStore.open(new CrashFile())) {
    this.service = new StoreService({ open, post: (message) => this.#hear(message) })
  }

  #hear(message: StoreMessage): void {
    if (message.kind === 'progress') {
      this.told.push(message)
      return this.heard(message.callId)
    }
    this.#answers.get(message.callId)?.(
      message.kind === 'returned' ? ok(message.value) : err(message.failure),
    )
  }

  call(call: StoreCall): { callId: number; answer: Promise<Result<unknown, StoreFailure>> } {
    const callId = this.#next++
    const answer = new Promise<Result<unknown, StoreFailure>>((resolve) => this.#answers.set(callId, resolve))
    this.service.handle({ kind: 'call', callId, call })
    return { callId, answer }
  }

  async list(): Promise<readonly { id: string; name: string; imageBytes: number }[]> {
    const answer = await this.call({ name: 'list', args: undefined }).answer
    if (!answer.ok) throw new Error(answer.error.message)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the protocol says of this call
    return (answer.value as { snapshots: [] }).snapshots
  }
}

/** A domain that answers every `next` with the next of `messages`, and tells what it was told last. */
function domain(messages: readonly unknown[]): { port: MessagePort; told: Promise<SaveReply> } {
  const { port1, port2 } = new MessageChannel()
  const left = [...messages]
  port1.postMessage(left.shift())
  const told = new Promise<SaveReply>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<SaveReply>) => {
      if (data.kind !== 'next') resolve(data)
      else if (left.length > 0) port1.postMessage(left.shift())
    }
  })
  return { port: port2, told }
}

function begin(pages: number, more: Partial<Extract<SaveMessage, { kind: 'begin' }>> = {}): SaveMessage {
  return {
    kind: 'begin',
    imageBytes: pages * 4096,
    base: undefined,
    deviceState: new TextEncoder().encode('devices'),
    ...more,
  }
}

function pages(indices: readonly number[], bytes: Uint8Array<ArrayBuffer>): SaveMessage {
  const batch = { indices: Uint32Array.from(indices), bytes, zeros: new Uint32Array() }
  return { kind: 'pages', batch }
}

async function save(host: Host, messages: readonly unknown[], options = OPTIONS) {
  const { port, told } = domain(messages)
  const { answer } = host.call({ name: 'save', args: { options, from: port } })
  return { answer: await answer, told: await told }
}

async function load(host: Host, id: string, machine = MACHINE) {
  const { port1, port2 } = new MessageChannel()
  const { answer } = host.call({ name: 'load', args: { id, machine, to: port1 } })
  const reply = await new Promise<LoadReply>((resolve) => {
    port2.onmessage = ({ data }: MessageEvent<LoadReply>) => resolve(data)
  })
  port2.close()
  return { reply, answer: await answer }
}

describe('the store’s worker', () => {
  it('stores what a domain sends and gives RAM and disk blocks back apart', async () => {
    const host = new Host()
    const image = ramOf([1, 2])
    const disk = ramOf([9])
    const { answer, told } = await save(host, [
      begin(MIB_PAGES + 4),
      pages([0, 255], image),
      pages([MIB_PAGES + 2], disk),
      { kind: 'end' },
    ])
    if (!answer.ok) throw new Error(answer.error.message)
    expect(told).toEqual({ kind: 'stored', id: answer.value })
    expect(await host.list()).toMatchObject([{ name: 'first', imageBytes: (MIB_PAGES + 4) * 4096 }])
    const { reply } = await load(host, String(answer.value))
    if (reply.kind !== 'state') throw new Error(reply.message)
    expect(reply.ram.byteLength).toBe(2 ** 20)
    const wanted = new Uint8Array(2 ** 20)
    fillPage(wanted, 0, 1)
    fillPage(wanted, 255, 2)
    expect(Buffer.compare(new Uint8Array(reply.ram), wanted)).toBe(0)
    expect(reply.blocks.map(({ indices }) => [...indices])).toEqual([[2]])
    expect(Buffer.compare(reply.blocks[0]?.bytes ?? new Uint8Array(), disk)).toBe(0)
    expect(new TextDecoder().decode(reply.deviceState)).toBe('devices')
    expect(reply.snapshot).toBe(answer.value)
  })

  it('refuses a machine that is another, and tells both ends', async () => {
    const host = new Host()
    const { answer } = await save(host, [begin(MIB_PAGES), { kind: 'end' }])
    if (!answer.ok) throw new Error(answer.error.message)
    const other = await load(host, String(answer.value), { ...MACHINE, memoryMiB: 2 })
    expect(other.answer).toMatchObject({ ok: false, error: { kind: 'mismatch' } })
    expect(other.reply).toMatchObject({ kind: 'refused', message: expect.stringContaining('1 MiB, not 2') })
    const gone = await load(host, '00'.repeat(16))
    expect(gone.answer).toMatchObject({ ok: false, error: { kind: 'missing' } })
  })

  it('lets a save go whose domain has ended, and stores the next', async () => {
    const host = new Host()
    const { port, told } = domain([begin(MIB_PAGES), pages([1], ramOf([5]))])
    const { callId, answer } = host.call({ name: 'save', args: { options: OPTIONS, from: port } })
    host.service.handle({ kind: 'abandon', callId })
    expect(await answer).toMatchObject({ ok: false, error: { kind: 'truncated' } })
    expect(await told).toMatchObject({ kind: 'refused' })
    expect((await save(host, [begin(MIB_PAGES), { kind: 'end' }])).answer.ok).toBe(true)
    expect(await host.list()).toHaveLength(1)
  })

  it('says how far an export and an import are, and gives either up when nobody wants it any more', async () => {
    const host = new Host()
    // Of 2,000 pages a file has two sections.
    const image = ramOf(Array.from({ length: 2000 }, (_, index) => index + 1))
    const indices = Array.from({ length: 2000 }, (_, index) => index)
    const stored = await save(host, [begin(2048), pages(indices, image), { kind: 'end' }])
    if (!stored.answer.ok) throw new Error(stored.answer.error.message)
    const exported = { name: 'export', args: { id: String(stored.answer.value) } } as const
    const { answer } = host.call(exported)
    const file = await answer
    if (!file.ok || !(file.value instanceof Blob)) throw new Error('no file came')
    const steps = host.told.map(({ doneBytes, totalBytes }) => [doneBytes / 4096, totalBytes / 4096])
    expect(steps).toEqual([
      [0, 2000],
      [1024, 2000],
      [2000, 2000],
    ])

    host.told.length = 0
    const imported = { name: 'import', args: { file: file.value, domain: 'primary' } } as const
    expect(await host.call(imported).answer).toMatchObject({ ok: true })
    expect(host.told.at(-1)).toMatchObject({ doneBytes: file.value.size, totalBytes: file.value.size })
    const kept = await host.list()
    expect(kept).toHaveLength(2)

    host.heard = (callId) => host.service.handle({ kind: 'abandon', callId })
    for (const call of [exported, imported])
      expect(await host.call(call).answer).toMatchObject({ ok: false, error: { kind: 'stopped' } })
    expect(await host.list()).toEqual(kept)
  })

  it('asks the browser again after it has said that the file is in use', async () => {
    let opened = 0
    const host = new Host(() => {
      opened += 1
      if (opened > 1) return PageStore.open(new CrashFile())
      return Promise.resolve(err(new StorageError('busy', 'another tab uses it')))
    })
    const first = await host.call({ name: 'list', args: undefined }).answer
    expect(first).toMatchObject({ ok: false, error: { kind: 'busy' } })
    expect(await host.list()).toEqual([])
  })

  it('opens the file anew after a write has failed, with what was stored before', async () => {
    const file = new CrashFile()
    const broken = { fails: false }
    const handle = {
      read: file.read.bind(file),
      write: (buffer: AllowSharedBufferSource, options?: { at?: number }): number => {
        if (broken.fails) throw new Error('the medium is gone')
        return file.write(buffer, options)
      },
      truncate: file.truncate.bind(file),
      getSize: file.getSize.bind(file),
      flush: file.flush.bind(file),
      close: (): void => undefined,
    }
    const host = new Host(() => PageStore.open(handle))
    expect((await save(host, [begin(MIB_PAGES), { kind: 'end' }])).answer.ok).toBe(true)
    broken.fails = true
    const failing = await save(host, [begin(MIB_PAGES), pages([1], ramOf([5])), { kind: 'end' }])
    expect(failing.answer).toMatchObject({ ok: false, error: { kind: 'io' } })
    expect(failing.told.kind).toBe('refused')
    broken.fails = false
    expect(await host.list()).toHaveLength(1)
    expect((await save(host, [begin(MIB_PAGES), pages([1], ramOf([5])), { kind: 'end' }])).answer.ok).toBe(
      true,
    )
  })

  it('does not call a snapshot stored in a file that the browser has removed, and makes a new one', async () => {
    const root = new FakeDirectory()
    const host = new Host(() => openPageStore(async () => root))
    expect((await save(host, [begin(MIB_PAGES), { kind: 'end' }])).answer.ok).toBe(true)
    root.folders.delete('snapshots')
    const lost = await save(host, [begin(MIB_PAGES), pages([1], ramOf([5])), { kind: 'end' }])
    expect(lost.answer).toMatchObject({ ok: false, error: { kind: 'evicted' } })
    expect(lost.told.kind).toBe('refused')
    expect(await host.list()).toEqual([])
    expect((await save(host, [begin(MIB_PAGES), { kind: 'end' }])).answer.ok).toBe(true)
    expect(await host.list()).toHaveLength(1)
  })

  it('refuses whatever a domain’s worker sends out of order or out of bounds, and goes on', async () => {
    const host = new Host()
    const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 4096, 2 ** 20, 2 ** 40))
    const batch = fc.record({
      indices: fc.oneof(
        fc.array(fc.nat(600), { maxLength: 4 }).map((list) => Uint32Array.from(list)),
        fc.anything(),
      ),
      bytes: fc.oneof(
        fc.nat(5).map((count) => new Uint8Array(count * 4096).fill(3)),
        fc.uint8Array(),
        fc.anything(),
      ),
      zeros: fc.oneof(
        fc.array(fc.nat(600), { maxLength: 4 }).map((list) => Uint32Array.from(list)),
        fc.anything(),
      ),
    })
    const message = fc.oneof(
      fc.constant<SaveMessage>(begin(MIB_PAGES)),
      fc.record({
        kind: fc.constant('begin'),
        imageBytes: number,
        base: fc.anything(),
        deviceState: fc.anything(),
      }),
      fc.record({ kind: fc.constant('pages'), batch }),
      fc.constant({ kind: 'end' }),
      fc.record({ kind: fc.constant('refused'), message: fc.anything() }),
      fc.anything(),
    )
    let stored = 0
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 5 }), async (messages) => {
        const sendable = messages.filter((each) => {
          try {
            structuredClone(each)
            return true
          } catch {
            return false
          }
        })
        const { port } = domain([...sendable, { kind: 'refused', message: 'over' }])
        const { callId, answer } = host.call({ name: 'save', args: { options: OPTIONS, from: port } })
        setTimeout(() => host.service.handle({ kind: 'abandon', callId }), 20)
        const result = await answer
        if (result.ok) stored += 1
        expect(['stored', 'corrupt', 'truncated', 'missing', 'mismatch', 'too-large']).toContain(
          result.ok ? 'stored' : result.error.kind,
        )
        port.close()
      }),
      { numRuns: 300 },
    )
    expect(await host.list()).toHaveLength(stored)
  })
})
