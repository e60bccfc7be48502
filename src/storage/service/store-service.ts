/**
 * The store's worker behind its protocol (protocol/store.ts): opens the one file when it is first needed, and again
 * after it has failed, and answers every call.
 */

import { assertNever } from '../../base/assert.ts'
import type { Result } from '../../base/result.ts'
import type { Watch } from '../../base/watch.ts'
import type { SnapshotId } from '../../protocol/snapshot.ts'
import type {
  LoadReply,
  SaveOptions,
  StoreCall,
  StoreCalls,
  StoreListing,
  StoreMessage,
  StoreRequest,
} from '../../protocol/store.ts'
import { FormatError, type StoreFault } from '../pages/format-error.ts'
import type { PageStore } from '../pages/page-store.ts'
import { StorageError, stopped } from '../storage-error.ts'
import { SavePort } from './save-port.ts'

const MIB = 2 ** 20

export type StoreEnvironment = {
  readonly open: () => Promise<Result<PageStore, StoreFault>>
  readonly post: (message: StoreMessage) => void
}

/** @throws what an operation failed with */
function valueOf<T>(result: Result<T, StoreFault>): T {
  if (!result.ok) throw result.error
  return result.value
}

export class StoreService {
  readonly #environment: StoreEnvironment
  readonly #saves = new Map<number, SavePort>()
  /** Exports and imports that are under way. */
  readonly #watched = new Map<number, { giveUp(): void }>()
  #opening: Promise<Result<PageStore, StoreFault>> | undefined

  constructor(environment: StoreEnvironment) {
    this.#environment = environment
  }

  handle(request: StoreRequest): void {
    switch (request.kind) {
      case 'call':
        void this.#answer(request.callId, request.call)
        return
      case 'abandon':
        this.#saves.get(request.callId)?.abandon()
        this.#watched.get(request.callId)?.giveUp()
        return
      default:
        assertNever(request)
    }
  }

  async #answer(callId: number, call: StoreCall): Promise<void> {
    try {
      const value = await this.#run(callId, call)
      this.#environment.post({ kind: 'returned', callId, value })
    } catch (error) {
      if (error instanceof StorageError || error instanceof FormatError) {
        const { kind, message } = error
        this.#environment.post({ kind: 'failed', callId, failure: { kind, message } })
        if (kind === 'io' || kind === 'evicted') await this.#reopen()
      } else {
        const message = `The snapshot store made a mistake: ${String(error)}`
        this.#environment.post({ kind: 'failed', callId, failure: { kind: 'io', message } })
      }
    }
  }

  async #store(): Promise<PageStore> {
    this.#opening ??= this.#environment.open()
    const opened = await this.#opening
    // What was busy or full may not be any more when it is asked for next.
    if (!opened.ok) this.#opening = undefined
    return valueOf(opened)
  }

  /** After a failed write the state on the device is unknown until it is read again. */
  async #reopen(): Promise<void> {
    const opening = this.#opening
    this.#opening = undefined
    const opened = await opening
    if (opened?.ok === true) await opened.value.close()
  }

  async #run(callId: number, call: StoreCall): Promise<unknown> {
    switch (call.name) {
      case 'list':
        return this.#list()
      case 'save':
        return this.#save(callId, call.args.options, call.args.from)
      case 'load':
        return this.#load(call.args)
      case 'describe': {
        const { id, name, note } = call.args
        return valueOf(await (await this.#store()).describe(id, { name, note }))
      }
      case 'remove':
        return valueOf(await (await this.#store()).remove(call.args.id))
      case 'thumbnail':
        return valueOf(await (await this.#store()).thumbnail(call.args.id))
      case 'export':
        return this.#watching(callId, (store, watch) => store.export(call.args.id, watch))
      case 'import':
        return this.#watching(callId, (store, watch) => store.import(call.args.file, call.args.domain, watch))
      case 'collect':
        return valueOf(await (await this.#store()).collect())
      default:
        return assertNever(call)
    }
  }

  async #watching<T>(
    callId: number,
    work: (store: PageStore, watch: Watch) => Promise<Result<T, StoreFault>>,
  ): Promise<T> {
    let isWanted = true
    this.#watched.set(callId, {
      giveUp: () => {
        isWanted = false
      },
    })
    try {
      const store = await this.#store()
      const watch: Watch = (doneBytes, totalBytes) => {
        if (!isWanted) throw stopped()
        this.#environment.post({ kind: 'progress', callId, doneBytes, totalBytes })
      }
      return valueOf(await work(store, watch))
    } finally {
      this.#watched.delete(callId)
    }
  }

  async #list(): Promise<StoreListing> {
    const store = await this.#store()
    return { snapshots: store.list(), usage: store.usage() }
  }

  async #save(callId: number, options: SaveOptions, port: MessagePort): Promise<SnapshotId> {
    const from = new SavePort(port)
    this.#saves.set(callId, from)
    try {
      const store = await this.#store()
      const { deviceState, image } = await from.begin()
      const { replaces, ...rest } = options
      const draft = { ...rest, deviceState, ...(replaces === undefined ? {} : { replaces }) }
      const id = valueOf(await store.save(draft, image))
      from.stored(id)
      return id
    } catch (error) {
      from.refused(error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      this.#saves.delete(callId)
    }
  }

  async #load({ id, machine, to }: StoreCalls['load']['args']): Promise<undefined> {
    const send = (reply: LoadReply, transfer: Transferable[] = []): void => {
      to.postMessage(reply, transfer)
      to.close()
    }
    try {
      const store = await this.#store()
      const ram = new Uint8Array(machine.memoryMiB * MIB)
      const { deviceState, filled, blocks } = valueOf(await store.load(id, machine, ram))
      send({ kind: 'state', deviceState, ram: ram.buffer, filled, blocks, snapshot: id }, [
        ram.buffer,
        deviceState.buffer,
        ...blocks.map(({ bytes }) => bytes.buffer),
      ])
    } catch (error) {
      send({ kind: 'refused', message: error instanceof Error ? error.message : String(error) })
      throw error
    }
    return undefined
  }
}
