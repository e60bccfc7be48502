/** HyperCore's end of the snapshot store's worker: calls that always settle, the worker spawned with the first of them. */

import { err, ok, type Result } from '../base/result.ts'
import { UNWATCHED, type Watch } from '../base/watch.ts'
import { StorageError } from '../storage/storage-error.ts'
import type {
  StoreCall,
  StoreCallName,
  StoreCalls,
  StoreFailure,
  StoreMessage,
  StoreRequest,
} from '../protocol/store.ts'

/** The store's worker. */
export type StorePort = {
  post(request: StoreRequest, transfer: readonly Transferable[]): void
  terminate(): void
}

export type StoreListener = {
  message(message: StoreMessage): void
  /** It died, or a message of its could not be read. */
  error(detail: string): void
}

export type StoreAnswer<Name extends StoreCallName> = Result<StoreCalls[Name]['result'], StoreFailure>

type Pending = {
  readonly settle: (answer: Result<unknown, StoreFailure>) => void
  readonly watch: Watch
}

export class StoreClient {
  readonly #spawn: (listener: StoreListener) => StorePort
  readonly #pending = new Map<number, Pending>()
  #port: StorePort | undefined
  #nextCallId = 1

  constructor(spawn: (listener: StoreListener) => StorePort) {
    this.#spawn = spawn
  }

  /** `abandon` lets a save fail whose domain is gone, and an export or import that nobody wants any more; so does `watch`. */
  begin<Name extends StoreCallName>(
    name: Name,
    args: StoreCalls[Name]['args'],
    transfer: readonly Transferable[] = [],
    watch: Watch = UNWATCHED,
  ): { readonly answer: Promise<StoreAnswer<Name>>; abandon(): void } {
    const callId = this.#nextCallId++
    this.#port ??= this.#spawn({
      message: (message) => this.#receive(message),
      error: (detail) => this.#lost(detail),
    })
    const port = this.#port
    const answer = new Promise<StoreAnswer<Name>>((resolve) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the call's name gives its result's type
      this.#pending.set(callId, { settle: (given) => resolve(given as StoreAnswer<Name>), watch })
    })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a name and the arguments of the same name
    port.post({ kind: 'call', callId, call: { name, args } as StoreCall }, transfer)
    return { answer, abandon: () => port.post({ kind: 'abandon', callId }, []) }
  }

  call<Name extends StoreCallName>(
    name: Name,
    args: StoreCalls[Name]['args'],
    transfer: readonly Transferable[] = [],
  ): Promise<StoreAnswer<Name>> {
    return this.begin(name, args, transfer).answer
  }

  #receive(message: StoreMessage): void {
    const pending = this.#pending.get(message.callId)
    if (pending === undefined) return
    if (message.kind === 'progress') {
      const { callId, doneBytes, totalBytes } = message
      try {
        pending.watch(doneBytes, totalBytes)
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        this.#port?.post({ kind: 'abandon', callId }, [])
      }
      return
    }
    this.#pending.delete(message.callId)
    pending.settle(message.kind === 'returned' ? ok(message.value) : err(message.failure))
  }

  /** The next call spawns another; what was committed is in the file. */
  #lost(detail: string): void {
    this.#port?.terminate()
    this.#port = undefined
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    const message = `The snapshot store has stopped (${detail}); what it had stored is kept. Try again.`
    for (const { settle } of pending) settle(err({ kind: 'io', message }))
  }
}
